# What both embedders share.

# The C literal of one line of text. By character, because awks differ in how gsub treats backslashes.
function c_literal(line,    at, c, text) {
    for (at = 1; at <= length(line); at++) {
        c = substr(line, at, 1)
        text = text (c == "\\" || c == "\"" ? "\\" c : c == "\t" ? "\\t" : c)
    }
    return "    \"" text "\\n\"\n"
}

function fail(message) {
    print FILENAME ":" FNR ": " message > "/dev/stderr"
    failed = 1
    exit 1
}
