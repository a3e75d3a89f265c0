BEGIN {
    forbidden = "strcpy|strcat|strncpy|strncat|stpcpy|sprintf|vsprintf|strtok|atoi|atol|atoll|atof|gets|alloca|" \
                "strdupa|strndupa|tmpnam|mktemp|rand|srand|gmtime|localtime|ctime|asctime"
    product_only = "^(system|popen)$"
    comparing = "(^|[^A-Za-z0-9_.>])(memcmp|strcmp|strncmp|strcasecmp|bcmp|slice_equals)[ \t]*\\("
    call = "(^|[^A-Za-z0-9_.>])(" forbidden "|system|popen)[ \t]*\\("
}

{
    text = code($0)
    if (match(text, call)) {
        name = substr(text, RSTART, RLENGTH)
        gsub(/[^a-z_]/, "", name)
        if (name !~ product_only || FILENAME !~ /^tests\//)
            print FILENAME ":" FNR ": " name " is forbidden here: it knows no bounds, or has a trap (threads, a shell)"
    }
    # Secrets and MACs are compared by sodium_memcmp alone: it takes as long for the first byte as for the last.
    if (FILENAME ~ /^server\/auth\// && text ~ comparing && $0 !~ /\/\* public/)
        print FILENAME ":" FNR ": compare secrets with sodium_memcmp; what is none is marked with a comment: public, and why"
    # Statements are prepared; text goes to the database on its connection's own account only (settings, BEGIN, migrations).
    if (text ~ /mysql_(real_)?query[ \t]*\(/ && FILENAME !~ /^server\/store\/(db|connection)[a-z_]*\.c$/)
        print FILENAME ":" FNR ": mysql_query stands only in the connection's file of server/store"
}
