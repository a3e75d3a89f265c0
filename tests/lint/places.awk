# allow: a file of host names; one that begins with a dot stands for all below it. Input: file:line:URL.
BEGIN {
    while ((getline line < allow) > 0)
        if (line !~ /^(#|[ \t]*$)/)
            allowed[line] = 1
}

{
    host = $0
    sub(/^.*:\/\//, "", host)
    sub(/\.$/, "", host)
    host = tolower(host)
    known = host in allowed || host !~ /\./
    for (rest = host; !known && sub(/^[^.]*/, "", rest) && rest != "";) {
        known = rest in allowed
        sub(/^\./, "", rest)
    }
    if (!known)
        print $0 ": is this host meant? Then add it to tests/lint/places.allow"
}
