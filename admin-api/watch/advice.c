#include "advice.h"

#include "base/buf.h"
#include "base/must.h"
#include "store/request.h"

enum { MOST_TEXT = 2000 };

/* Where things are in the consoles of identity providers. {token}, {retry} and {mapping} stand for these below. */
static const struct console {
    const char *idp, *token, *retry, *mapping;
} consoles[] = {
    {"okta",
     "in the Okta admin console under Applications > the application > Provisioning > Integration > API token (with "
     "header authentication: the Authorization field), then Test API Credentials and Save",
     "under Dashboard > Tasks: select the failed tasks and Retry Selected; or Force Sync under Provisioning > To App",
     "in Okta under the application's Provisioning > To App > Attribute Mappings"},
    {"entra",
     "in the Entra admin center under Enterprise applications > the application > Provisioning > Admin Credentials > "
     "Secret Token, then Test Connection and Save",
     "with Provision on demand for one user, or Restart provisioning for all; otherwise the next cycle (about 40 "
     "minutes) "
     "tries again",
     "in Entra under the application's Provisioning > Mappings"},
    {"onelogin",
     "in OneLogin under Applications > the application > Configuration > SCIM Bearer Token, then Save and Enable",
     "under Users > Provisioning: select the failed tasks and Retry", "in OneLogin under the application's Parameters"},
    {"jumpcloud",
     "in JumpCloud under SSO Applications > the application > Identity Management > Token Key, then Test Connection "
     "and "
     "Activate",
     "by saving the user or group in JumpCloud again, or by removing and adding its assignment",
     "in JumpCloud under the application's Identity Management > Attributes"},
    {"ping",
     "in PingOne under Integrations > Provisioning > the connection > Configuration > Authentication, then Test "
     "Connection "
     "and Save",
     "under Integrations > Provisioning > the rule: Sync again", "in PingOne under the rule's Attribute Mapping"},
    {"google",
     "in the Google Admin console under Apps > Web and mobile apps > the application > Autoprovisioning > access token",
     "by switching Autoprovisioning off and on again; otherwise Google tries again within hours",
     "in the Google Admin console under the application's Autoprovisioning > Attribute mapping"},
    {"rippling", "in Rippling under the application's Settings > SCIM > bearer token",
     "in Rippling under the application's Settings > SCIM: sync again",
     "in Rippling under the application's Settings > SCIM > attributes"},
    {"", "in the identity provider's provisioning settings, where the bearer token or API key is entered",
     "by letting the identity provider synchronise again", "in the identity provider's attribute mapping"},
};

/* The first line that fits. `detail` is a part of the error's sentence, `operation` the beginning of its name; NULL:
 * any.
 */
static const struct line {
    enum err_kind problem;
    const char *operation, *detail;
    const char *explanation, *action;
} lines[] = {
    {ERR_UNAUTHORIZED, NULL, "is not valid for this URL",
     "The identity provider sent a token that is not live here: it was revoked or has expired, it was copied in part, "
     "or "
     "it belongs to another connector URL.",
     "Mint a new token for this directory (or rotate), and paste it {token}. Check that the connector URL is this "
     "organization's, too."},
    {ERR_UNAUTHORIZED, NULL, NULL, "The identity provider sent no bearer token at all.",
     "Choose authentication by bearer token (HTTP header), and paste the token {token}."},
    {ERR_BAD_REQUEST, NULL, "Authorization", "The Authorization header is not the word Bearer and one token.",
     "Paste the token alone, without quotes, blanks or a second \"Bearer\" in front, {token}."},
    {ERR_FORBIDDEN, NULL, "scope", "The token may not do this: its scopes do not include it.",
     "Mint a token with the scopes that the identity provider needs (users and groups, read and write), and paste it "
     "{token}."},
    {ERR_FORBIDDEN, NULL, "of a user", "This token belongs to one person, who may change nothing but /Me.",
     "Give the identity provider a token of the directory, and paste it {token}."},
    {ERR_FORBIDDEN, NULL, NULL, "This is not allowed here.", "See the detail. Nothing was changed."},
    {ERR_SENSITIVE, NULL, NULL,
     "The filter looks at an attribute that this directory's policy keeps out of URLs, because URLs end up in logs.",
     "Let the identity provider look users up by another attribute ({mapping}), or take it out of the policy's "
     "sensitive_attributes."},
    {ERR_NOT_FOUND, "user.", NULL,
     "The identity provider asked for a user that this directory does not have: it was deleted here, or was made in "
     "another "
     "directory.",
     "Usually nothing: most identity providers then make the user anew. If it comes again and again for the same user, "
     "unassign the user and assign it again, {retry}."},
    {ERR_NOT_FOUND, "group.", NULL, "The identity provider asked for a group that this directory does not have.",
     "Unlink the group in the identity provider and push it again, {retry}."},
    {ERR_NOT_FOUND, NULL, "at this path",
     "Nothing is at this URL: the base URL was entered with something too much or missing.",
     "Copy the connector URL exactly as it was given; it ends in /scim/v2, with nothing behind it."},
    {ERR_NOT_FOUND, NULL, NULL, "What was asked for is not in this directory.", "Usually nothing. See the path."},
    {ERR_INVALID_VERS, NULL, NULL, "The identity provider speaks another version of SCIM than 2.0.",
     "Choose SCIM 2.0 in the application's provisioning settings."},
    {ERR_METHOD, NULL, NULL, "This URL does not have the method that was used.",
     "Check the connector URL: it ends in /scim/v2. If it is right, send us this request."},
    {ERR_NOT_IMPLEMENTED, NULL, NULL, "The identity provider used a part of SCIM that is not offered here.",
     "Switch the feature off in the identity provider; /ServiceProviderConfig says what there is."},
    {ERR_UNIQUENESS, "user.", NULL,
     "There is a user with this userName (or e-mail) already, and it is another one than the identity provider means.",
     "Look for two people with the same userName in the identity provider, or for a user that was made by hand or by "
     "an "
     "earlier connection; match or delete one, and try again {retry}."},
    {ERR_UNIQUENESS, "group.", NULL, "There is a group with this name already.",
     "Rename one of the two groups in the identity provider, or link the pushed group to the existing one, and try "
     "again "
     "{retry}."},
    {ERR_UNIQUENESS, NULL, NULL, "A value that must be unique is in use by another resource.",
     "Change it in the identity provider, and try again {retry}."},
    {ERR_INVALID_VALUE, NULL, "is required",
     "An attribute that this directory requires is empty for this person in the identity provider.",
     "Fill it in for the person, or map another attribute to it {mapping}; then try again {retry}."},
    {ERR_INVALID_VALUE, NULL, "domain",
     "The e-mail address is outside the domains of this organization, and the directory's policy refuses such.",
     "Give the person an address of the company, or have the domain added to the organization; then try again "
     "{retry}."},
    {ERR_INVALID_VALUE, NULL, "must",
     "A value has not the form that this directory takes for the attribute in the detail.",
     "Correct the person's value in the identity provider, or the mapping {mapping}; then try again {retry}."},
    {ERR_INVALID_VALUE, "group.", "no user or group",
     "The group has a member that this directory does not know: that person was not provisioned, or not yet.",
     "Assign the member to the application as well, and push the group again {retry}."},
    {ERR_INVALID_VALUE, NULL, NULL, "A value was refused: the detail names the attribute.",
     "Correct it in the identity provider or in the mapping {mapping}; then try again {retry}."},
    {ERR_MUTABILITY, NULL, NULL, "The identity provider tried to change an attribute that cannot be changed.",
     "Take the attribute in the detail out of the mapping {mapping}."},
    {ERR_INVALID_SYNTAX, NULL, "There is no attribute",
     "The identity provider sends an attribute that this directory does not know, and its policy refuses such.",
     "Take the attribute out of the mapping {mapping}, or have it declared in the directory's schema."},
    {ERR_INVALID_SYNTAX, NULL, NULL, "The body of the request is not a SCIM message that can be read.",
     "This is rarely a setting. Check the mapping {mapping} for expressions that yield broken values; if there are "
     "none, "
     "send us this request."},
    {ERR_INVALID_PATH, NULL, NULL,
     "The identity provider wants to change an attribute that does not exist by this name.",
     "Correct the target attribute in the mapping {mapping}."},
    {ERR_NO_TARGET, NULL, NULL,
     "The identity provider wants to change one value of a list, and there is none that it means.",
     "Usually the person lacks the address or number that is to be changed: fill it in, and try again {retry}."},
    {ERR_INVALID_FILTER, NULL, NULL,
     "The identity provider looks users or groups up in a way that cannot be understood.",
     "Check which attribute it matches by ({mapping}); userName and externalId always work."},
    {ERR_TOO_MANY, NULL, NULL, "The answer would have been too large.",
     "Let the identity provider ask for smaller pages."},
    {ERR_TOO_LARGE, NULL, NULL, "The request is larger than the server takes.",
     "Usually a group with very many members that is sent whole: split the group, or let the identity provider send "
     "changes (PATCH) instead."},
    {ERR_HEADERS_TOO_LARGE, NULL, NULL, "The request's headers or its URL are larger than the server takes.",
     "Check custom headers in the application's settings."},
    {ERR_MEDIA_TYPE, NULL, NULL, "The request's Content-Type is not SCIM's or JSON's.",
     "Set it to application/scim+json in the application's settings."},
    {ERR_NOT_ACCEPTABLE, NULL, NULL, "The client accepts no type that SCIM answers with.",
     "Set Accept to application/scim+json in the application's settings, or leave it out."},
    {ERR_PRECONDITION, NULL, NULL, "The resource was changed by somebody else meanwhile.",
     "Nothing: the identity provider reads it again and tries anew."},
    {ERR_PRECONDITION_REQUIRED, NULL, NULL,
     "This directory's policy wants If-Match on changes, which this client does not send.",
     "Few identity providers send it: switch the policy's if_match_required off."},
    {ERR_THROTTLED, NULL, "credentials",
     "Too many requests with a wrong token came from this address, so it is made to wait.",
     "Find the application that still has an old token, and paste the new one {token}. It works again by itself some "
     "minutes later."},
    {ERR_THROTTLED, NULL, NULL, "The identity provider sent more requests than this directory may.",
     "Nothing: it waits and tries again. If it lasts, ask for a higher limit."},
    {ERR_UNAVAILABLE, NULL, "paused", "Provisioning of this directory is paused by the vendor.",
     "Nothing: the identity provider tries again, and nothing is lost. The vendor resumes the directory."},
    {ERR_UNAVAILABLE, NULL, "rules", "The directory's settings were being changed at this moment.",
     "Nothing: the identity provider tries again."},
    {ERR_UNAVAILABLE, NULL, NULL, "The service could not reach its database.",
     "Nothing: the identity provider tries again. The operator of the service is to look into it if it lasts."},
    {ERR_BUSY, NULL, NULL, "The service had too many requests at this moment.",
     "Nothing: the identity provider tries again."},
    {ERR_TIMEOUT, NULL, NULL, "The request did not arrive whole in time: the connection is slow or was cut.",
     "Nothing, if it was once. If it lasts, look at the network between the identity provider and the service."},
    {ERR_STORAGE_FULL, NULL, NULL, "The service has no room left to store the change.",
     "The operator of the service has to make room; then the identity provider's next try succeeds."},
    {ERR_INTERNAL, NULL, NULL, "Something went wrong in the service: our fault.",
     "Send us the request id. The identity provider may try again."},
};

static const struct console *console_of(struct slice idp)
{
    size_t i = 0;
    while (consoles[i].idp[0] && !slice_equals(idp, slice_str(consoles[i].idp)))
        i++;
    return &consoles[i];
}

static bool fits(const struct line *line, const struct advice_case *what)
{
    bool contains = !line->detail || (what->detail.len > 0 && memmem(what->detail.data, what->detail.len, line->detail,
                                                                     strlen(line->detail)) != NULL);
    return line->problem == what->problem && contains &&
           (!line->operation || slice_starts_with(what->operation, slice_str(line->operation)));
}

static const char *fill_in(const char *text, const struct console *console, struct arena *arena)
{
    const struct {
        const char *mark, *text;
    } places[] = {{"{token}", console->token}, {"{retry}", console->retry}, {"{mapping}", console->mapping}};
    struct buf out;
    buf_init(&out, MOST_TEXT);
    while (*text) {
        size_t i = 0;
        while (i < 3 && !slice_starts_with(slice_str(text), slice_str(places[i].mark)))
            i++;
        if (i < 3)
            buf_add_str(&out, places[i].text);
        else
            buf_add_char(&out, *text);
        text += i < 3 ? strlen(places[i].mark) : 1;
    }
    must(!out.overflowed);
    const char *copy = arena_copy(arena, buf_slice(&out));
    buf_fini(&out);
    return copy;
}

bool advice_find(const struct advice_case *what, struct arena *arena, struct advice *advice_out)
{
    *advice_out = (struct advice){.explanation = NULL};
    if (what->status == STORE_CLIENT_LEFT) {
        *advice_out = (struct advice){"The client closed the connection before its request was run.",
                                      "Nothing, if it was once. If it lasts, raise the client's timeout."};
        return true;
    }
    for (size_t i = 0; i < sizeof lines / sizeof lines[0] && what->problem != ERR_NONE; i++) {
        if (!fits(&lines[i], what))
            continue;
        const struct console *console = console_of(what->idp);
        *advice_out = (struct advice){lines[i].explanation, fill_in(lines[i].action, console, arena)};
        return true;
    }
    if (what->status >= 400)
        *advice_out = (struct advice){"The request was refused: see the detail.", "See the detail."};
    return what->status >= 400;
}

enum err_kind advice_problem(struct slice name)
{
    char text[STORE_PROBLEM_BYTES];
    for (enum err_kind kind = ERR_NONE + 1; kind < ERR_KINDS; kind++) {
        store_problem_name(kind, text);
        if (slice_equals(name, slice_str(text)))
            return kind;
    }
    return ERR_NONE;
}
