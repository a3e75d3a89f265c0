# Makes C tables of schemas.tsv and attributes.tsv (in this order on the command line). Any awk of POSIX will do.
BEGIN {
    FS = "\t"
    split("string STRING boolean BOOLEAN integer INTEGER decimal DECIMAL dateTime DATETIME binary BINARY " \
          "reference REFERENCE complex COMPLEX", pairs, " ")
    for (i = 1; i in pairs; i += 2) type[pairs[i]] = "SCIM_" pairs[i + 1]
    split("readWrite READ_WRITE readOnly READ_ONLY immutable IMMUTABLE writeOnly WRITE_ONLY", mutabilities, " ")
    for (i = 1; i in mutabilities; i += 2) mutability[mutabilities[i]] = "SCIM_" mutabilities[i + 1]
    split("default DEFAULT always ALWAYS never NEVER request REQUEST", returns, " ")
    for (i = 1; i in returns; i += 2) returned[returns[i]] = "SCIM_RETURNED_" returns[i + 1]
    uniqueness[""] = uniqueness["none"] = "SCIM_UNIQUE_NONE"
    uniqueness["server"] = "SCIM_UNIQUE_SERVER"
    uniqueness["global"] = "SCIM_UNIQUE_GLOBAL"
    truth["true"] = "true"
    truth["false"] = truth[""] = "false"
}

function refuse(what) {
    failed = 1
    print FILENAME ":" FNR ": " what > "/dev/stderr"
    exit 1
}

function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    return "\"" text "\""
}

function identifier(text) {
    gsub(/[^A-Za-z0-9]/, "_", text)
    return text
}

function known(table, word, column) {
    if (!(word in table)) refuse("\"" word "\" is no " column)
    return table[word]
}

function list(name, values, parts, count, i, text) {
    if (values == "") return "NULL"
    count = split(values, parts, "|")
    for (i = 1; i <= count; i++) text = text quoted(parts[i]) ", "
    print "static const char *const " name "[] = {" text "NULL};"
    return name
}

FNR == 1 { next }

FILENAME ~ /schemas\.tsv$/ {
    if (NF != 4) refuse("4 columns expected")
    schemas[++schema_count] = $1
    urn[$1] = $2
    schema_name[$1] = $3
    schema_description[$1] = $4
    symbol[$2 == "" ? "common" : $2] = $1
    next
}

{
    if (NF != 13) refuse("13 columns expected")
    if (!($1 in symbol)) refuse("unknown schema " $1)
    if ($13 == "") refuse("no description")
    path = symbol[$1] "." $2
    leaf = path
    sub(/.*\./, "", leaf)
    parent = substr(path, 1, length(path) - length(leaf) - 1)
    if (parent != symbol[$1] && !(parent in body)) refuse("no attribute above " $2)
    children[parent] = children[parent] " " path
    child_count[parent]++
    body[path] = quoted(leaf) ", " quoted($13) ", " known(type, $3, "type") ", " known(truth, $4, "multiValued") ", " \
        known(truth, $5, "required") ", " known(truth, $6, "caseExact") ", " known(mutability, $7, "mutability") ", " \
        known(returned, $8, "returned") ", " known(uniqueness, $9, "uniqueness") ", " ($12 == "" ? 0 : $12)
    canonical[path] = $10
    references[path] = $11
}

# Prints the tables below `parent`, deepest first, then its own.
function table(parent, paths, count, i, rows, name) {
    count = split(children[parent], paths, " ")
    for (i = 1; i <= count; i++) {
        if (paths[i] in children) table(paths[i])
        name = identifier(paths[i])
        rows = rows "    {" body[paths[i]] ", " list(name "_canonical", canonical[paths[i]]) ", " \
            list(name "_references", references[paths[i]]) ", " \
            (paths[i] in children ? name "_attributes, " child_count[paths[i]] : "NULL, 0") "},\n"
    }
    printf "static const struct scim_attribute %s_attributes[] = {\n%s};\n\n", identifier(parent), rows
}

END {
    if (failed) exit 1
    print "/* Made by schema_generate.awk; do not edit. */"
    print "#include \"schema_tables.h\"\n"
    for (i = 1; i <= schema_count; i++) {
        s = schemas[i]
        if (!(s in children)) refuse("schema " s " has no attributes")
        table(s)
        printf "const struct scim_schema %s = {%s, %s, %s, %s_attributes, %d};\n\n", \
            s == "common" ? "scim_common" : "scim_schema_" s, quoted(urn[s]), quoted(schema_name[s]), \
            quoted(schema_description[s]), s, child_count[s]
    }
    print "const struct scim_schema *const scim_schemas[] = {"
    for (i = 1; i <= schema_count; i++) if (schemas[i] != "common") print "    &scim_schema_" schemas[i] ","
    printf "};\nconst size_t scim_schema_count = %d;\n", schema_count - 1
    printf "_Static_assert(SCIM_BUILT_IN_SCHEMAS == %d, \"count them\");\n", schema_count - 1
}
