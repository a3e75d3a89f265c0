# One text file to a C string. Variables: header, source (files to write), symbol.

BEGIN {
    print "#include \"" symbol ".h\"\n\nconst char " symbol "[] =" > source
}

{ printf "%s", c_literal($0) > source }

END {
    if (failed)
        exit 1
    guard = toupper(symbol) "_H"
    print "    ;" > source
    print "#ifndef " guard "\n#define " guard "\n\nextern const char " symbol "[];\n\n#endif" > header
}
