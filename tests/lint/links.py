"""Reads names of Markdown files and prints each relative link that leads nowhere, as `file:line: what`."""

import re
import sys
from functools import cache
from pathlib import Path

FENCE = re.compile(r"^\s*(```|~~~)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s*(\S+)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$")


def prose(file):
    """Its lines outside of code, with their numbers."""
    fenced = False
    for number, line in enumerate(file.read_text().splitlines(), 1):
        if FENCE.match(line):
            fenced = not fenced
        elif not fenced:
            yield number, line


@cache
def anchors(file):
    """Of its headings, as GitHub makes them."""
    found = set()
    for _, line in prose(file):
        if heading := HEADING.match(line):
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            anchor = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            copies = (anchor, *(f"{anchor}-{count}" for count in range(1, 100)))
            found.add(next(name for name in copies if name not in found))
    return found


def problem(file, target):
    """What is wrong with a link of a file; None when nothing is."""
    path, _, anchor = target.partition("#")
    there = file.parent / path if path else file
    if not there.exists():
        return f"{target}: no such file"
    if anchor and there.suffix == ".md" and anchor not in anchors(there):
        return f"{target}: no such heading"
    return None


for name in sys.stdin.read().splitlines():
    for number, line in prose(Path(name)):
        for link in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
            target = link[1] or link[2]
            if not re.match(r"[a-z]+:", target) and (wrong := problem(Path(name), target)):
                print(f"{name}:{number}: {wrong}")
