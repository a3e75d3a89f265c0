"""docs/policies.md and docs/admin-api/openapi.json know every member of a policy, and every leniency with its default."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "policies.md").read_text()


def leniencies():
    text = (ROOT / "include" / "scim" / "leniency.def").read_text()
    row = r'^LENIENCY\(\w+,\s*"([^"]*)",\s*"(\w+)",\s*(true|false),'
    return {name: (number, on == "true") for number, name, on in re.findall(row, text, re.MULTILINE)}


def table(heading):
    """Rows of the first table behind the heading, cell by cell."""
    lines = PAGE[PAGE.index(heading) :].splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("|---"))
    rows = []
    for line in lines[first + 1 :]:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def test_every_leniency_is_documented_with_its_number_and_default():
    documented = {name.strip("`"): (number, on == "on") for name, number, on, _ in table("## Leniencies")}
    assert documented == leniencies() and len(documented) > 20


def test_every_member_is_in_both_documents():
    schema = json.loads((ROOT / "docs" / "admin-api" / "openapi.json").read_text())["components"]["schemas"]["Policy"]
    documented = [row[0].strip("`") for row in table("# The policy of a directory")]
    assert sorted(documented) == sorted(schema["properties"])


def test_every_documented_member_is_taken(rollcall, org):
    examples = {
        "unknown_attributes": "ignore",
        "unique_identifier": "email",
        "unique_group_names": False,
        "required_attributes": ["name.givenName"],
        "value_rules": {"title": {"values": ["x"]}},
        "domains": "report",
        "sensitive_attributes": ["emails"],
        "self_service_attributes": ["nickName"],
        "if_match_required": True,
        "request_log": "full",
        "guard": {"enabled": True, "max_users": 50, "max_percent": 10, "window_seconds": 600},
        "strict": True,
        "leniencies": {name: not on for name, (_, on) in leniencies().items()},
    }
    assert sorted(examples) == sorted(row[0].strip("`") for row in table("# The policy of a directory"))
    path = f"/v1/directories/{org.directory_id}"
    for name, value in examples.items():
        assert rollcall.admin.patch(path, {"policy": {name: value}}, expect=200)["policy"] == {name: value}
    assert rollcall.admin.patch(path, {"policy": examples}, expect=200)["policy"] == examples


@pytest.mark.parametrize("example", re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
def test_the_examples_of_the_page_are_taken(rollcall, org, example):
    policy = json.loads(example)
    if "type" not in policy:  # that one is an answer
        rollcall.admin.patch(f"/v1/directories/{org.directory_id}", {"policy": policy}, expect=200)
