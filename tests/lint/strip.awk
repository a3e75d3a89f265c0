# code(line): the line without comments and without what stands in quotes. Call it for every line of a file, in order.
function code(line,    out, c, two, quote) {
    if (FNR == 1)
        in_comment = 0
    out = ""
    quote = ""
    while (line != "") {
        two = substr(line, 1, 2)
        c = substr(line, 1, 1)
        if (in_comment) {
            if (two == "*/")
                in_comment = 0
            line = substr(line, two == "*/" ? 3 : 2)
        } else if (quote != "") {
            if (c == quote)
                quote = ""
            line = substr(line, c == "\\" ? 3 : 2)
        } else if (two == "//") {
            break
        } else if (two == "/*") {
            in_comment = 1
            line = substr(line, 3)
        } else {
            if (c == "\"" || c == "'")
                quote = c
            out = out c
            line = substr(line, 2)
        }
    }
    return out
}
