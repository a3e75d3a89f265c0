"""Every type of problem has a page in docs/problems, and the pages say what the table says."""

import json
import re

import pytest

from harness.database import ROOT
from harness.problems import BY_TYPE, KINDS, PAGES

# Kinds that only SCIM answers. Whatever the admin API answers needs a page: docs/problems/<name>.md.
OF_SCIM = {"invalid-path", "no-target", "mutability", "invalid-vers", "sensitive"}
SECTIONS = ["What happened", "What to do", "Example"]


@pytest.mark.parametrize("kind", KINDS, ids=repr)
def test_AD_03_every_kind_of_the_admin_api_has_a_page(kind):
    used = re.compile(r"err_set\([^;]*\bERR_" + kind.name.upper().replace("-", "_") + r"\b")
    places = [file.name for file in sorted((ROOT / "admin-api").rglob("*.c")) if used.search(file.read_text())]
    if kind.name in OF_SCIM:
        assert not places, f"{places} answer {kind}: write docs/problems/{kind}.md and take it out of OF_SCIM"
        assert not kind.page.exists()
    else:
        assert kind.page.exists(), f"write docs/problems/{kind}.md (title, type, {SECTIONS}); see its neighbours"


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_AD_03_a_page_agrees_with_the_table(page):
    if page.name == "README.md":
        return
    kind = {kind.name: kind for kind in KINDS}.get(page.stem)
    assert kind is not None, f"{page.name} is about no kind of include/base/err.def"
    text = page.read_text()
    title, second = re.match(r"# (.+)\n\n(.+)\n", text).groups()
    assert title == kind.title
    assert second == f"`{kind.type}`, status {kind.status}"
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert [section.splitlines()[0] for section in sections] == SECTIONS
    assert all(len(section.split("\n", 1)[1].strip()) > 20 for section in sections)
    example = json.loads(re.search(r"```json\n(.*?)```", sections[2], re.DOTALL).group(1))
    assert (example["type"], example["title"], example["status"]) == (kind.type, kind.title, kind.status)
    assert example["detail"] and example["instance"].startswith("urn:uuid:")


def test_the_index_has_every_page_once():
    rows = re.findall(r"^\| \[`([^`]+)`\]\((\S+)\.md\) \| (\d+) \| (.+) \|$", (PAGES / "README.md").read_text(), re.MULTILINE)
    paged = sorted((kind.type, kind.name, str(kind.status), kind.title) for kind in KINDS if kind.page.exists())
    assert sorted(rows) == paged, "docs/problems/README.md: run tests/support/problems.py"


def test_links_of_the_pages_lead_somewhere():
    headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / "admin-api.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for page in PAGES.glob("*.md"):
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
            path, _, anchor = target.partition("#")
            assert (PAGES / path).exists(), f"{page.name}: {target}"
            assert not anchor or not path.endswith("admin-api.md") or anchor in anchors, f"{page.name}: {target}"


def test_AD_03_types_differ_and_stay_as_they_are():
    assert len(BY_TYPE) == len(KINDS)
    for kind in KINDS:
        assert re.fullmatch(r"urn:rollcall:problem:[a-z-]+|https://iana\.org/assignments/http-problem-types#[a-z-]+", kind.type)
