"""docs/events.md against the description that every real event is held against (harness/contract.py)."""

import json
import re

import pytest
from harness import contract
from harness.database import ROOT

TEXT = (ROOT / "docs" / "events.md").read_text()
EVENT = contract.DOCUMENT["components"]["schemas"]["Event"]
TYPES = dict(re.findall(r'EVENT_TYPE\("([^"]+)", "(.*)"\)', (ROOT / "include/store/event_types.def").read_text()))
BLOCKS = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
ROWS = re.findall(r"^\| `([a-z._]+)` \| (.*?) \| `(\{.*\})` \|$", TEXT, re.MULTILINE)
[WHOLE] = [block for block in BLOCKS if "id" in block]
EXAMPLES = [(block["type"], block["data"]) for block in BLOCKS] + [(type, json.loads(data)) for type, _, data in ROWS]


@pytest.mark.parametrize("type, data", EXAMPLES, ids=[type for type, _ in EXAMPLES])
def test_an_example_is_a_good_event(type, data):
    contract.validate({**WHOLE, "type": type, "data": data}, EVENT, type)


def test_every_type_has_an_example():
    shown = {type for type, _ in EXAMPLES}
    of_own_types = {type for type in TYPES if type.startswith("resource.")}
    assert shown - set(TYPES) == set() and set(TYPES) - shown <= of_own_types - {"resource.updated"}
    assert all(f"`{type}`" in TEXT for type in of_own_types)
    assert EVENT["properties"]["type"]["enum"] == list(TYPES)


def test_the_table_says_what_the_types_mean():
    assert {type: meaning for type, meaning, _ in ROWS} == {
        type: meaning.replace('\\"', '"')
        for type, meaning in TYPES.items()
        if type.split(".")[0] not in ("user", "group", "resource")
    }


def test_the_description_refuses_what_is_not_described():
    for wrong in ({"surprise": 1}, {"user": {**WHOLE["data"]["user"], "meta": {}}}, {"changes": [{"path": "title"}]}):
        with pytest.raises(AssertionError):
            contract.validate({**WHOLE, "data": {**WHOLE["data"], **wrong}}, EVENT, "wrong")
