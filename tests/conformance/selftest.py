#!/usr/bin/python3
"""Tests of support.py: what it takes for an ID, and what it complains about."""

from pathlib import Path

import support
from support import FAILED, PASSED, SKIPPED

FILE = Path(support.BLACKBOX / "test_x.py")


def expect(found, wanted):
    assert found == wanted, f"{found!r} is not {wanted!r}"


def complaints_about(cases, reasons):
    tests = support.Tests()
    for case, outcome in cases:
        tests.add(FILE, case, outcome)
    support.REQUIREMENTS = {id: {"id": id, "line": "", "section": "One", "level": "MUST"} for id in ("H-01", "SEC-02")}
    support.REASONS = {id: {"id": id, "reason": reason} for id, reason in reasons.items()}
    return [text.partition(":")[0].partition(" (")[0] for text in support.complaints(tests.by_id())]


expect(support.ids_in("test_F_13_ne_on_lists"), {"F-13"})
expect(support.ids_in("test_C_01_H_21_created"), {"C-01", "H-21"})
expect(support.ids_in("test_each[L_05]"), {"L-05"})
expect(support.ids_in("test_AD_14_D_17_A_07"), {"AD-14", "D-17", "A-07"})
expect(support.ids_in("test_AX_14_XH_01_H_012_h_01_H01"), set())
expect(support.ids_in("test_CU_08_PG_01_SEC_02_AS_05"), {"CU-08", "PG-01", "SEC-02", "AS-05"})

good = [("test_H_01_a", PASSED), ("test_SEC_02_b[1]", PASSED), ("test_SEC_02_b[2]", PASSED)]
expect(complaints_about(good, {}), [])
expect(complaints_about(good[:1], {"SEC-02": "Nobody needs it."}), [])
expect(complaints_about(good[:1], {}), ["SEC-02 has neither a test nor a reason"])
expect(complaints_about(good, {"SEC-02": "Nobody needs it."}), ["SEC-02 has tests and a reason for having none"])
expect(complaints_about(good, {"SEC-02": "Partial: half of it."}), [])
expect(complaints_about(good[:1], {"SEC-02": "Partial: half of it."}), ["SEC-02 has a partial reason and no test"])
expect(complaints_about([*good, ("test_H_99_c", PASSED)], {}), ["H-99 is no item of the checklist"])
expect(complaints_about([*good, ("test_SEC_02_b[3]", FAILED)], {}), ["SEC-02 has a test that failed"])
expect(complaints_about([("test_H_01_a", FAILED), *good], {}), ["H-01 has a test that failed"])
expect(complaints_about([good[0], ("test_SEC_02_b", SKIPPED)], {}), ["SEC-02 has neither a test nor a reason"])

tests = support.Tests()
support.add_cmocka(tests, FILE, "[ RUN      ] test_H_01_x\n[       OK ] test_H_01_x\n[  FAILED  ] test_SEC_02_y\n")
expect(dict(tests.outcomes), {(FILE, "test_H_01_x"): {"test_H_01_x": PASSED}, (FILE, "test_SEC_02_y"): {"test_SEC_02_y": FAILED}})
