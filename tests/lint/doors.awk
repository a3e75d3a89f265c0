BEGIN {
    # room: the rooms, or single headers of rooms, that it may include besides its own
    doors["base"] = ""
    doors["scim"] = "base"
    doors["obs"] = "base"
    doors["config"] = "base obs"
    doors["store"] = "base obs config scim/schema.h scim/filter.h scim/path.h scim/query.h scim/index.h scim/indexes.h " \
                     "scim/document.h scim/policy.h scim/policy_bind.h scim/rules.h scim/catalog.h scim/resource.h " \
                     "scim/undeclared.h scim/sort.h scim/redact.h scim/unicode.h"
    doors["auth"] = "base obs config store"
    doors["ops"] = "base obs config scim store auth"
    doors["http"] = "base obs config ops"
    doors["process"] = "base obs config store ops http"
    doors["admin-api"] = "base obs config store auth ops process/process.h scim/catalog.h scim/discovery.h scim/document.h " \
                         "scim/filter.h scim/index.h scim/indexes.h scim/narrowing.h scim/path.h scim/policy.h scim/policy_bind.h " \
                         "scim/project.h scim/sieve.h scim/rules.h scim/schema.h scim/undeclared.h scim/unicode.h"
    doors["main"] = "base obs config store auth ops http process admin-api"

    # third-party headers (a prefix): the rooms whose C files may include it
    third["jansson.h"] = "base scim store auth ops http admin-api config obs"
    third["sodium.h"] = "base auth admin-api main"
    third["unicode/"] = "scim"
    third["mysql.h"] = "store"
    third["mysqld_error.h"] = "store"
    third["errmsg.h"] = "store"
    third["mariadb/"] = "store"
    third["mysql/"] = "store"
    third["h2o.h"] = "http"
    third["h2o/"] = "http"
    third["openssl/"] = "http auth"
    third["jwt.h"] = "auth"
    third["zlib.h"] = "auth"
    third["curl/"] = "admin-api"
    third["csv.h"] = "admin-api"
    third["sanitizer/"] = "base"
    for (header in third)
        third_count++

    # in one file of the whole project
    single["jwt.h"] = 1

    # the C library, POSIX and Linux
    system_headers = " assert ctype dirent dlfcn endian errno fcntl float getopt grp inttypes iso646 langinfo limits " \
                     "locale malloc math netdb poll pthread pwd regex sched semaphore setjmp signal spawn stdalign " \
                     "stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string strings syslog sysexits " \
                     "termios threads time uchar unistd wchar wctype "
}

function room_of(file,    parts) {
    split(file, parts, "/")
    if (file == "server/main.c" || file == "admin-api/main.c")
        return "main"
    return parts[1] == "admin-api" ? "admin-api" : parts[2]
}

function complain(text) { print FILENAME ":" FNR ": " text }

function contains(list, word) { return index(" " list " ", " " word " ") > 0 }

function check_room(room, header,    other) {
    other = header
    sub(/\/.*/, "", other)
    if (!(other in doors))
        complain("\"" header "\" is no header of a room; private headers are included by their file name")
    else if (other != room && !contains(doors[room], other) && !contains(doors[room], header))
        complain(room " may not include \"" header "\"")
    else if (system("test -f include/" header) != 0)
        complain("\"" header "\" is not in include/")
}

function check_third_party(room, header,    prefix) {
    for (prefix in third) {
        if (index(header, prefix) != 1)
            continue
        if (!contains(third[prefix], room))
            complain(room " may not include <" header ">")
        else if (shared && prefix != "jansson.h")
            complain("<" header "> may not stand in include/")
        if (prefix in single) {
            if (prefix in user && user[prefix] != FILENAME)
                complain("<" header "> is already included in " user[prefix] "; one file may")
            user[prefix] = FILENAME
        }
        return 1
    }
    return 0
}

function is_system(header,    name) {
    name = header
    sub(/\.h$/, "", name)
    return header ~ /^(sys|arpa|net|netinet|linux|bits)\// || contains(system_headers, name)
}

FNR == 1 {
    room = room_of(FILENAME)
    shared = FILENAME ~ /^include\//
    if (!(room in doors))
        complain("there is no room " room)
}

/^[ \t]*#[ \t]*include/ {
    header = $0
    quoted = header ~ /include[ \t]*"/
    sub(/^[^<"]*[<"]/, "", header)
    sub(/[>"].*/, "", header)
    if (header ~ /\.\./)
        complain("\"" header "\" leaves its folder")
    else if (!quoted && !check_third_party(room, header) && !is_system(header))
        complain("<" header "> is no system header and no third-party header that tests/lint/doors.awk knows")
    else if (quoted && header ~ /\//)
        check_room(room, header)
    else if (quoted && shared)
        complain("a shared header may include shared headers only, not \"" header "\"")
    else if (quoted)
        check_third_party(room, header)
}
