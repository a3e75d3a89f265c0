# allow: a file of lines `statement  reason`.

BEGIN {
    while ((getline line < allow) > 0) {
        if (line ~ /^(#|[ \t]*$)/)
            continue
        count = split(line, words)
        if (count < 3)
            print allow ": " words[1] " has no reason"
        allowed[words[1]] = 1
    }
}

function finish() {
    if (name == "")
        return
    if (body ~ /select[ \t]+([a-z_]+\.)?\*/)
        print where ": " name " selects *: name the columns"
    if (where !~ /^server\/store\//)
        return
    if (body ~ /directory_id/) {
        if (name in allowed)
            print allow ": " name " names directory_id; its line can go"
    } else if (!(name in allowed)) {
        print where ": " name " does not name directory_id, and tests/lint/sql.allow gives no reason"
    }
    seen[name] = 1
}

FNR == 1 { finish(); name = "" }
/^-- name:/ { finish(); name = $3; where = FILENAME ":" FNR; body = ""; next }
/^[ \t]*--/ { next }
{ body = body " " tolower($0) }

END {
    finish()
    for (name in allowed)
        if (!(name in seen))
            print allow ": there is no statement " name
}
