"""Writes docs/problems/README.md, the index of the pages there, from include/base/err.def."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "blackbox"))

from harness.problems import KINDS, PAGES  # noqa: E402

HEAD = """# Problems

A refusal of the admin API is `application/problem+json` (RFC 9457). Its `type` never changes, whatever becomes of the
texts. The page of `urn:rollcall:problem:NAME` is `NAME.md` in this folder; a type that is registered elsewhere has its page under
the last part of its URI.

| type | status | title |
|---|---|---|
"""


def main():
    rows = [f"| [`{kind.type}`]({kind.name}.md) | {kind.status} | {kind.title} |\n" for kind in KINDS if kind.page.exists()]
    (PAGES / "README.md").write_text(HEAD + "".join(rows))


if __name__ == "__main__":
    main()
