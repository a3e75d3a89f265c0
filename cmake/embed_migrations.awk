# Migrations (NNNN_name.sql, in order) to C. Variables: header, source (files to write).

BEGIN { count = 0 }

FNR == 1 && FILENAME != "/dev/null" {
    file = FILENAME
    sub(/.*\//, "", file)
    if (file !~ /^[0-9][0-9][0-9][0-9]_[a-z0-9_]+\.sql$/)
        fail("a migration is named NNNN_words.sql")
    version = substr(file, 1, 4) + 0
    if (version != count + 1)
        fail("migration " count + 1 " is missing or doubled: versions count up from 1")
    versions[count] = version
    names[count] = substr(file, 6, length(file) - 9)
    bodies[count++] = ""
}

{ bodies[count - 1] = bodies[count - 1] c_literal($0) }

END {
    if (failed)
        exit 1
    print "#ifndef MIGRATIONS_EMBEDDED_H\n#define MIGRATIONS_EMBEDDED_H\n\n#include <stddef.h>\n" > header
    print "struct migration {\n    unsigned version; /* counts up from 1 */" > header
    print "    const char *name;\n    const char *sql; /* several statements, with comments */\n};\n" > header
    print "extern const struct migration migrations[]; /* in order of version */" > header
    print "extern const size_t migration_count;\n\n#endif" > header

    print "#include \"migrations_embedded.h\"\n\nconst struct migration migrations[] = {" > source
    for (i = 0; i < count; i++)
        print "    {" versions[i] ", \"" names[i] "\",\n" bodies[i] "    }," > source
    print "    {0, NULL, NULL}\n};\n\nconst size_t migration_count = " count + 0 ";" > source
}
