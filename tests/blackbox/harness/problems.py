"""Types of problems: the table that has them (include/base/err.def) and their pages (docs/problems)."""

import re

from .database import ROOT

PREFIX = "urn:rollcall:problem:"
# Registered with IANA (draft-ietf-httpapi-ratelimit-headers); their pages are named like the others.
REGISTERED = {"quota-exceeded": "https://iana.org/assignments/http-problem-types#quota-exceeded"}
PAGES = ROOT / "docs" / "problems"


class Kind:
    def __init__(self, name, status, title):
        self.name = name.removeprefix("ERR_").lower().replace("_", "-")
        self.status = int(status)
        self.title = title
        self.type = REGISTERED.get(self.name, PREFIX + self.name)
        self.page = PAGES / f"{self.name}.md"

    def __repr__(self):
        return self.name


def _kinds():
    text = (ROOT / "include" / "base" / "err.def").read_text()
    rows = re.findall(r'^ERR\((ERR_\w+), (\d+), [^,]+, LOG_\w+, "((?:[^"\\]|\\.)*)"\)', text, re.MULTILINE)
    return [Kind(*row) for row in rows]


KINDS = _kinds()
BY_TYPE = {kind.type: kind for kind in KINDS}


def check_problem(answer):
    """What a client may rely on: the type is one of the table, it has a page, title and status are the table's."""
    assert answer.headers["content-type"] == "application/problem+json", answer
    kind = BY_TYPE.get(answer["type"])
    assert kind is not None, f"a problem type that include/base/err.def does not have: {answer}"
    assert kind.page.exists(), f"{kind.type} has no page: write docs/problems/{kind.name}.md"
    assert (answer["status"], answer["title"]) == (kind.status, kind.title), answer
    assert answer.status == kind.status, answer
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", answer["instance"]), answer
