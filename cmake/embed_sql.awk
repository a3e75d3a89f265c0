# Named SQL statements to C. Variables: header, source (files to write), prefix (of the tables).

BEGIN { count = 0 }

function flush_statement() {
    if (name == "")
        return
    sub(/;[ \t]*\\n"\n$/, "\"\n", body)
    if (body == "")
        fail("statement " name " is empty")
    bodies[count] = body
    names[count++] = name
}

FNR == 1 { flush_statement(); name = "" }

/^-- name:/ {
    flush_statement()
    name = $3
    body = ""
    if (name !~ /^[a-z][a-z0-9_]*$/ || NF != 3)
        fail("a statement's name is one word of a-z, 0-9 and _")
    if (name in seen)
        fail("statement " name " was already named in " seen[name])
    seen[name] = FILENAME
    next
}

/^[ \t]*(--|$)/ { next }

name == "" { fail("SQL before the first '-- name:' line") }

{ sub(/[ \t\r]+$/, ""); body = body c_literal($0) }

END {
    if (failed)
        exit 1
    flush_statement()
    guard = toupper(prefix) "_H"
    print "#ifndef " guard "\n#define " guard "\n" > header
    print "enum " prefix "_id {" > header
    for (i = 0; i < count; i++)
        print "    SQL_" toupper(names[i]) "," > header
    print "    " toupper(prefix) "_COUNT\n};\n" > header
    for (i = 0; i < count; i++)
        print "extern const char sql_" names[i] "[];" > header
    print "\nextern const char *const " prefix "_text[" toupper(prefix) "_COUNT + 1]; /* ends with NULL */" > header
    print "extern const char *const " prefix "_name[" toupper(prefix) "_COUNT + 1];\n\n#endif" > header

    print "#include <stddef.h>\n\n#include \"" prefix ".h\"\n" > source
    for (i = 0; i < count; i++)
        print "const char sql_" names[i] "[] =\n" bodies[i] "    ;\n" > source
    print "const char *const " prefix "_text[] = {" > source
    for (i = 0; i < count; i++)
        print "    sql_" names[i] "," > source
    print "    NULL\n};\n\nconst char *const " prefix "_name[] = {" > source
    for (i = 0; i < count; i++)
        print "    \"" names[i] "\"," > source
    print "    NULL\n};" > source
}
