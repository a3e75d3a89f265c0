#include "users.h"

#include <inttypes.h>
#include <stdio.h>

#include "scim/schema.h"

static const char *const given[] = {"Ada",     "Grace",   "Edsger", "Barbara", "Donald",  "Radia",
                                    "Niklaus", "Frances", "Alan",   "Joan",    "Kenneth", "Adele",
                                    "Dennis",  "Karen",   "Tony",   "Mary",    "Leslie"};
static const char *const last[] = {"Lovelace", "Hopper", "Dijkstra", "Liskov",   "Knuth",    "Perlman", "Wirth",
                                   "Allen",    "Turing", "Clarke",   "Thompson", "Goldberg", "Ritchie"};
static const char *const titles[] = {"Software Engineer", "Account Manager", "Support Specialist", "Data Analyst",
                                     "Product Designer"};
static const char *const departments[] = {"Engineering", "Sales", "Customer Care", "Finance", "Design", "Legal", "IT"};

#define PICK(list, n) ((list)[(n) % (sizeof(list) / sizeof((list)[0]))])

void users_name(const char *family, uint64_t n, char *out)
{
    snprintf(out, USERS_NAME_BYTES, "%s.%s.%s.%" PRIu64 "@example.com", PICK(given, n), PICK(last, n / 17), family, n);
}

static void add_names(struct buf *out, uint64_t n, const char *user_name)
{
    buf_printf(
        out,
        "{\"schemas\":[\"" SCIM_URN_USER "\",\"" SCIM_URN_ENTERPRISE "\"],"
        "\"externalId\":\"00u%016" PRIx64 "\",\"userName\":\"%s\","
        "\"name\":{\"formatted\":\"%s %s\",\"familyName\":\"%s\",\"givenName\":\"%s\"},"
        "\"displayName\":\"%s %s\",\"nickName\":\"%s\",\"profileUrl\":\"https://intranet.example.com/people/%s\","
        "\"title\":\"%s\",\"userType\":\"Employee\",\"preferredLanguage\":\"en-GB\",\"locale\":\"en-GB\","
        "\"timezone\":\"Europe/London\",\"active\":true,",
        n * 0x9E3779B97F4A7C15u, user_name, PICK(given, n), PICK(last, n / 17), PICK(last, n / 17), PICK(given, n),
        PICK(given, n), PICK(last, n / 17), PICK(given, n), user_name, PICK(titles, n));
}

static void add_contacts(struct buf *out, const char *family, uint64_t n, const char *user_name)
{
    unsigned street = (unsigned)(n % 997), line = (unsigned)(n % 10000000);
    buf_printf(out,
               "\"emails\":[{\"value\":\"%s\",\"type\":\"work\",\"primary\":true},"
               "{\"value\":\"%s.%" PRIu64 "@home.example.net\",\"type\":\"home\"}],"
               "\"phoneNumbers\":[{\"value\":\"+44 20 %07u\",\"type\":\"work\"},"
               "{\"value\":\"+44 7700 %07u\",\"type\":\"mobile\"}],"
               "\"addresses\":[{\"type\":\"work\",\"streetAddress\":\"%u Analytical Engine Road\","
               "\"locality\":\"London\",\"region\":\"Greater London\",\"postalCode\":\"EC1A %uBB\",\"country\":\"GB\","
               "\"formatted\":\"%u Analytical Engine Road\\nLondon EC1A %uBB\\nUnited Kingdom\",\"primary\":true}],",
               user_name, family, n, line, line, street, street % 10, street, street % 10);
}

static void add_roles(struct buf *out, uint64_t n, const char *user_name)
{
    buf_printf(out,
               "\"photos\":[{\"value\":\"https://intranet.example.com/photos/%s.jpg\",\"type\":\"photo\"}],"
               "\"roles\":[{\"value\":\"member-%u\",\"display\":\"Member\",\"primary\":true}],",
               user_name, (unsigned)(n % 31));
}

static void add_enterprise(struct buf *out, uint64_t n, const char *manager)
{
    buf_printf(
        out,
        "\"" SCIM_URN_ENTERPRISE "\":{\"employeeNumber\":\"E%08" PRIu64 "\",\"costCenter\":\"CC-%04u\","
        "\"organization\":\"Example Holdings International plc\",\"division\":\"Europe, Middle East and Africa\","
        "\"department\":\"%s\"",
        n, (unsigned)(n % 9973), PICK(departments, n));
    if (manager)
        buf_printf(out, ",\"manager\":{\"value\":\"%s\"}", manager);
    buf_add_str(out, "}}");
}

void users_body(struct buf *out, const char *family, uint64_t n, const char *manager)
{
    char user_name[USERS_NAME_BYTES];
    users_name(family, n, user_name);
    add_names(out, n, user_name);
    add_contacts(out, family, n, user_name);
    add_roles(out, n, user_name);
    add_enterprise(out, n, manager);
}
