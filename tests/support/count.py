"""Prints "PASSED FAILED" of one part of tests/run: count.py EXIT_STATUS RESULTS_DIR NAME.

Counts come from NAME.xml (JUnit) where the part wrote one; a part without is one test. Whatever a sanitizer wrote, and
an exit status that no counted failure explains, is a failure of its own."""

import sys
import xml.etree.ElementTree
from pathlib import Path


def junit(file):
    passed = failed = 0
    for case in xml.etree.ElementTree.parse(file).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None:
            passed += 1
    return passed, failed


def main(status, results, name):
    file = results / f"{name}.xml"
    passed, failed = junit(file) if file.exists() else (int(status == 0), int(status != 0))
    for report in sorted(results.glob(f"sanitizer.{name}*")):
        if report.stat().st_size:
            print(f"{report.name}:\n{report.read_text(errors='replace')}", file=sys.stderr)
            failed += 1
    if status != 0 and failed == 0:
        failed = 1
    print(passed, failed)


main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
