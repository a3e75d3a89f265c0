#!/usr/bin/python3
"""docs/scim-support.md: which items of the SCIM checklist are proved, by which tests, and why the others are not done.

    tests/conformance/support.py --list           what has neither a test nor a reason yet
    tests/conformance/support.py --write          refreshes the page from the tests that are there
    tests/conformance/support.py --results DIR    checks the page against a test run (tests/run does this)

requirements.tsv is the checklist. A test proves an item by carrying its ID in its name: test_F_13_ne_on_lists proves
F-13. What has no test has its line in reasons.tsv; a reason that starts with "Partial" stands beside tests."""

import re
import subprocess
import sys
import xml.etree.ElementTree
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PAGE = ROOT / "docs" / "scim-support.md"
BLACKBOX = ROOT / "tests" / "blackbox"
UNIT = ROOT / "tests" / "unit"
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


def table(name):
    lines = (HERE / name).read_text().splitlines()
    columns = lines[0].split("\t")
    rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines[1:]]
    repeated = [id for id, times in Counter(row["id"] for row in rows).items() if times > 1]
    assert not repeated, f"{name}: more than once: {repeated}"
    return {row["id"]: row for row in rows}


REQUIREMENTS = table("requirements.tsv")
REASONS = table("reasons.tsv")
LETTERS = sorted({id.split("-")[0] for id in REQUIREMENTS}, key=len, reverse=True)
ID_IN_A_NAME = re.compile(rf"(?<![A-Za-z0-9])({'|'.join(LETTERS)})_(\d\d)(?![A-Za-z0-9])")


def ids_in(name):
    return {f"{letters}-{number}" for letters, number in ID_IN_A_NAME.findall(name)}


class Tests:
    """Of each test function (file, name): the outcomes of its cases, by the case's full name."""

    def __init__(self):
        self.outcomes = defaultdict(dict)

    def add(self, file, case, outcome):
        """The worst outcome counts where a test ran in several suites."""
        cases = self.outcomes[file, case.split("[")[0]]
        if cases.get(case) != FAILED:
            cases[case] = outcome

    def by_id(self):
        """ID -> [(file, name, outcomes of the cases that carry it)]: an ID in the name of one case names that case."""
        found = defaultdict(list)
        for (file, name), cases in sorted(self.outcomes.items()):
            ids = defaultdict(list)
            for case, outcome in cases.items():
                for id in ids_in(case):
                    ids[id].append(outcome)
            for id, outcomes in ids.items():
                found[id].append((file, name, outcomes))
        return found


def tests_of_sources():
    """The tests that are there, each taken as passed: tests/run says whether that is so."""
    tests = Tests()
    command = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "--collect-only", str(BLACKBOX)]
    listed = subprocess.run(command, cwd=BLACKBOX, capture_output=True, text=True)
    assert listed.returncode == 0, listed.stdout + listed.stderr
    for line in listed.stdout.splitlines():
        file, colons, case = line.partition("::")
        if colons:
            tests.add(BLACKBOX / Path(file).name, case.split("::", case.split("[")[0].count("::"))[-1], PASSED)
    for file in sorted(UNIT.glob("*/test_*.c")):
        for name in re.findall(r"^static void (test_\w+)\(void \*\*", file.read_text(), re.MULTILINE):
            tests.add(file, name, PASSED)
    return tests


def tests_of_results(directory):
    """From JUnit files: pytest's have a case for each test, CTest's what each cmocka program wrote."""
    tests = Tests()
    for results in sorted(directory.glob("*.xml")):
        for case in xml.etree.ElementTree.parse(results).iter("testcase"):
            program = unit_source(case.get("name"))
            if program:
                add_cmocka(tests, program, case.findtext("system-out") or "")
            elif python_source(case):
                tests.add(python_source(case), case.get("name"), outcome_of(case))
    return tests


def unit_source(program):
    """test_scim_filter is tests/unit/scim/test_filter.c."""
    for room in UNIT.iterdir():
        file = room / f"test_{program.removeprefix(f'test_{room.name}_')}.c"
        if program.startswith(f"test_{room.name}_") and file.exists():
            return file
    return None


def add_cmocka(tests, file, output):
    for word, name in re.findall(r"^\[ +(OK|FAILED|SKIPPED) +\] (\w+)$", output, re.MULTILINE):
        tests.add(file, name, {"OK": PASSED, "FAILED": FAILED, "SKIPPED": SKIPPED}[word])


def python_source(case):
    for word in (case.get("classname") or "").split("."):
        if word.startswith("test_") and (BLACKBOX / f"{word}.py").exists():
            return BLACKBOX / f"{word}.py"
    return None


def outcome_of(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return FAILED
    return SKIPPED if case.find("skipped") is not None else PASSED


def is_partial(reason):
    return reason.startswith("Partial")


def state(id, tests):
    """One word for what the page says of an item."""
    reason = REASONS.get(id, {}).get("reason")
    outcomes = [outcome for _, _, cases in tests.get(id, []) for outcome in cases]
    if FAILED in outcomes:
        return FAILED
    if PASSED in outcomes:
        return "in part" if reason else PASSED
    return "not done" if reason else "no test"


def complaints(tests):
    for id in sorted(set(tests) | set(REASONS)):
        if id not in REQUIREMENTS:
            where = ", ".join(f"{file.name}: {name}" for file, name, _ in tests.get(id, [])) or "reasons.tsv"
            yield f"{id} is no item of the checklist ({where})"
    for id in REQUIREMENTS:
        reason = REASONS.get(id, {}).get("reason", "Partial")
        if state(id, tests) == "no test":
            yield f"{id} has neither a test nor a reason: {REQUIREMENTS[id]['line']}"
        elif state(id, tests) == FAILED:
            yield f"{id} has a test that failed"
        elif tests.get(id) and not is_partial(reason):
            yield f"{id} has tests and a reason for having none"
        elif not tests.get(id) and is_partial(reason) and id in REASONS:
            yield f"{id} has a partial reason and no test"


def page(tests):
    states = {id: state(id, tests) for id in REQUIREMENTS}
    sections = list(dict.fromkeys(row["section"] for row in REQUIREMENTS.values()))
    lines = [INTRODUCTION, summary(states, sections)]
    for section in sections:
        lines += [f"\n## {section}\n", "| ID | level | what holds | state | proof |", "|---|---|---|---|---|"]
        for id, row in REQUIREMENTS.items():
            if row["section"] == section:
                lines.append(f"| {id} | {row['level']} | {row['line']} | {states[id]} | {proof(id, tests)} |")
    return "\n".join(lines) + "\n"


INTRODUCTION = """\
# What Rollcall does of SCIM

Generated by `tests/conformance/support.py`; `tests/run` compares it with what it ran. Each item of the checklist
(`tests/conformance/requirements.tsv`, our words for what RFC 7643, 7644 and 9865 and the clients in use ask for) is
proved by tests that carry its ID in their names, or has the reason why it is not done. The section
[Admin API](#admin-api) is about what stands beside SCIM, and how it keeps to RFC 9457 (problems), 9110 (conditions), 7396
(merge patches), 8288 (links) and the drafts on idempotency keys and rate limits; the API itself is in
[admin-api.md](admin-api.md).

Levels: MUST, SHOULD and MAY as in the standard; DEC where the standards are silent or contradict each other and this is
what Rollcall does; LEN for a leniency towards deployed clients, a switch of each directory, with its default.
"""


def summary(states, sections):
    words = [PASSED, "in part", "not done", FAILED, "no test"]
    words = [word for word in words if word in states.values()]
    lines = [f"| section | {' | '.join(words)} |", f"|---|{'--:|' * len(words)}"]
    for section in [*sections, None]:
        counts = Counter(states[id] for id, row in REQUIREMENTS.items() if section in (None, row["section"]))
        name = f"[{section}](#{anchor(section)})" if section else "all"
        lines.append(f"| {name} | {' | '.join(str(counts[word] or '') for word in words)} |")
    return "\n".join(lines)


def anchor(title):
    return re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")


def proof(id, tests):
    parts = [link(*test) for test in tests.get(id, [])]
    if id in REASONS:
        parts.append(REASONS[id]["reason"])
    return "<br>".join(parts)


def link(file, name, outcomes):
    cases = f" ({len(outcomes)} cases)" if len(outcomes) > 1 else ""
    counts = Counter(outcomes)
    bad = "".join(f", {counts[word]} {word}" for word in (FAILED, SKIPPED) if counts[word])
    return f"[{name}](../{file.relative_to(ROOT)}){cases}{bad}"


def list_missing(tests):
    missing = [id for id in REQUIREMENTS if state(id, tests) == "no test"]
    for id in missing:
        print(f"{id:7} {REQUIREMENTS[id]['level']:8} {REQUIREMENTS[id]['line']}")
    print(f"{len(missing)} of {len(REQUIREMENTS)} have neither a test nor a reason")
    return 0


def check(tests):
    found = list(complaints(tests))
    if not PAGE.exists() or PAGE.read_text() != page(tests):
        found.append(f"{PAGE.relative_to(ROOT)} is stale: run tests/conformance/support.py --write, read it, commit it")
    for text in found:
        print(text)
    counts = Counter(state(id, tests) for id in REQUIREMENTS)
    print(", ".join(f"{number} {word}" for word, number in counts.most_common()))
    return 1 if found else 0


def main(arguments):
    if arguments == ["--list"]:
        return list_missing(tests_of_sources().by_id())
    if arguments == ["--write"]:
        tests = tests_of_sources().by_id()
        PAGE.write_text(page(tests))
        return check(tests)
    if arguments[:1] == ["--results"] and len(arguments) == 2:
        return check(tests_of_results(Path(arguments[1])).by_id())
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
