"""Whatever is sent to the admin API that its description does not allow is refused as a problem, and changes nothing.

Bodies and queries are made from the description: good ones with one thing wrong."""

import json

import jsonschema
import pytest

from harness.contract import DOCUMENT, resolve
from test_admin_conditions import good_body
from test_admin_isolation import BODIES, OF_KEYS, VENDOR_OPERATIONS, World, fill

VALUES = [None, True, 0, -1, 1.5, 2**53, "", " ", "x", "é" * 2000, "\u0001", [], [None], ["x"], [1], {}, {"x": 1}, [[]]]
TEXTS = ["", " ", "-1", "0", "1.5", "true", "maybe", "99999999999999999999", "x" * 3000, "é", "\u0001", "2020-13-01T00:00:00Z"]


def json_schema(operation):
    """Of its body; None: it takes none, or no JSON object whose members are listed."""
    content = (operation.body or {}).get("content", {}).get("application/json")
    schema = content and resolve(content["schema"])
    return schema if schema and schema.get("additionalProperties") is False else None


def allows(schema, value):
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).is_valid(value)


TAKE_BODIES = [operation for operation in OF_KEYS if operation.scope != "operator key" and json_schema(operation)]
TAKE_QUERIES = [operation for operation in VENDOR_OPERATIONS if operation.method == "GET" and operation.named("query")]


@pytest.fixture(scope="module")
def world(shared_rollcall):
    shared_rollcall.ensure_running()
    return World(shared_rollcall)


def contents(world):
    """None: it is deleted."""
    is_there = world.admin.get(f"/v1/organizations/{world.organization.id}").status == 200
    return world.contents() if is_there else None


def is_refused(answer):
    assert 400 <= answer.status < 500, answer
    if answer.status == 422:
        assert answer["errors"], answer


@pytest.mark.parametrize("operation", TAKE_BODIES, ids=repr)
def test_AD_04_a_member_that_is_not_known_is_pointed_at(world, operation):
    before = world.contents()
    body = {**(BODIES.get(operation.id) or {}), "surprise": 1}
    answer = world.admin.request(operation.method, fill(operation, world.ids), json=body, expect=422)
    assert "#/surprise" in {error["pointer"] for error in answer["errors"]}
    assert world.contents() == before


@pytest.mark.parametrize("operation", TAKE_BODIES, ids=repr)
def test_AD_04_values_that_the_schema_does_not_allow_are_refused(shared_rollcall, operation):
    world, schema = World(shared_rollcall), json_schema(operation)
    good = good_body(world, operation) or {}
    before = contents(world)
    for name, member in schema.get("properties", {}).items():
        for value in VALUES:
            if allows(member, value):
                continue
            body = {**good, name: value}
            answer = world.admin.request(operation.method, fill(operation, world.ids), json=body)
            is_refused(answer)
            pointers = [error["pointer"] for error in answer.get("errors", [])]
            assert any(pointer.startswith(f"#/{name}") for pointer in pointers), f"{json.dumps(body)[:200]}: {answer}"
    assert contents(world) == before


@pytest.mark.parametrize("operation", TAKE_BODIES, ids=repr)
def test_AD_04_a_body_without_what_is_required_is_refused(shared_rollcall, operation):
    world = World(shared_rollcall)
    good = good_body(world, operation) or {}
    for name in json_schema(operation).get("required", []):
        body = {member: value for member, value in good.items() if member != name}
        answer = world.admin.request(operation.method, fill(operation, world.ids), json=body, expect=422)
        assert f"#/{name}" in {error["pointer"] for error in answer["errors"]}


@pytest.mark.parametrize("operation", TAKE_QUERIES, ids=repr)
def test_query_values_that_the_schema_does_not_allow_are_refused(world, operation):
    path = fill(operation, world.ids)
    for name, parameter in operation.named("query").items():
        schema = resolve(parameter["schema"])
        for text in TEXTS:
            value = int(text) if schema.get("type") == "integer" and text.lstrip("-").isdigit() else text
            value = text == "true" if schema.get("type") == "boolean" and text == "true" else value
            answer = world.admin.get(f"{path}?{name}={quoted(text)}")
            assert answer.status < 500, answer
            if not allows(schema, value):
                is_refused(answer)
    assert world.admin.get(f"{path}?surprise=1", expect=400)["type"] == "urn:rollcall:problem:bad-request"


def quoted(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())
