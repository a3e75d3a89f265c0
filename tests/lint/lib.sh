# shellcheck shell=bash
# What the checks of this folder share. Each stands alone: it prints what is wrong, a line each, and exits with 1.
set -euo pipefail

lint_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$lint_dir/../.." && pwd)
cd "$root"

# The project's files that match the patterns (all: '*'): what git has, and what is new and not ignored.
files() {
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while IFS= read -r file; do
        [ ! -f "$file" ] || printf '%s\n' "$file"
    done
}

# Reads findings; fails when there are any.
report() {
    local findings
    findings=$(cat)
    [ -n "$findings" ] || return 0
    printf '%s\n' "$findings" >&2
    return 1
}

need() {
    command -v "$1" > /dev/null && return
    echo "$1 is not installed" >&2
    exit 1
}

# Runs awk over the given list of files, if there is one.
awk_files() {
    local list
    mapfile -t list
    [ ${#list[@]} -eq 0 ] || awk "$@" "${list[@]}"
}
