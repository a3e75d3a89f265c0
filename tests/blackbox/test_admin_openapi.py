"""The OpenAPI description: sound in itself, served as it is, and a contract that breaches are noticed of."""

import json
import re
import subprocess
import sys

import jsonschema
import pytest

from harness import contract
from harness.admin import Admin
from harness.contract import DOCUMENT, OPERATIONS, resolve
from harness.database import ROOT
from harness.wire import Answer

FILE = ROOT / "docs" / "admin-api" / "openapi.json"
MEMBERS = {  # of OpenAPI 3.1 objects, as far as they are used here: allowed, required
    "": ({"openapi", "info", "servers", "security", "paths", "components", "tags"}, {"openapi", "info", "paths"}),
    "operation": (
        {"operationId", "summary", "description", "parameters", "requestBody", "responses", "security", "tags", "deprecated"},
        {"operationId", "summary", "description", "responses"},
    ),
    "parameter": (
        {"name", "in", "description", "required", "schema", "example", "examples", "deprecated"},
        {"name", "in", "description", "schema"},
    ),
    "body": ({"description", "required", "content"}, {"content"}),
    "response": ({"description", "headers", "content"}, {"description"}),
    "header": ({"description", "required", "schema", "example"}, {"schema"}),
    "media": ({"schema", "example", "examples"}, {"schema"}),
}


def nodes(node, path=""):
    yield path, node
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from nodes(child, f"{path}/{name}")


def check_members(kind, node, where):
    allowed, required = MEMBERS[kind]
    assert set(node) <= allowed, f"{where}: {set(node) - allowed}"
    assert required <= set(node), f"{where}: {required - set(node)} missing"


def schemas():
    """Every schema of the document, with what its examples say."""
    for path, node in nodes(DOCUMENT):
        if isinstance(node, dict) and path.endswith("/schema"):
            yield path, node
    for name, node in DOCUMENT["components"]["schemas"].items():
        yield f"/components/schemas/{name}", node


# --- the document itself ---


def test_every_reference_leads_somewhere_and_every_component_is_used():
    used = {node["$ref"] for _, node in nodes(DOCUMENT) if isinstance(node, dict) and isinstance(node.get("$ref"), str)}
    for reference in used:
        assert reference.startswith("#/components/"), reference
        resolve({"$ref": reference})
    there = {f"#/components/{kind}/{name}" for kind, entries in DOCUMENT["components"].items() for name in entries}
    unused = {name for name in there - used if "/securitySchemes/" not in name}
    assert not unused, "components that nothing refers to"


def test_operations_have_names_of_their_own_and_say_what_they_need():
    names = [operation.id for operation in OPERATIONS]
    assert len(names) == len(set(names))
    for operation in OPERATIONS:
        check_members("operation", operation.description, operation.id)
        assert re.fullmatch(r"[a-z_]+\.[a-z_]+", operation.id)
        assert re.match(r"Scope: [a-z_ ]+\.", operation.description["description"]), operation
        assert (operation.description.get("security") == []) == (operation.scope == "none"), operation


@pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
def test_parameters_are_described(operation):
    names = [(parameter["in"], parameter["name"].lower()) for parameter in operation.takes]
    assert len(names) == len(set(names))
    assert list(operation.named("path")) and set(operation.named("path")) == set(operation.parameters) or not operation.parameters
    for parameter in operation.takes:
        check_members("parameter", parameter, f"{operation}: {parameter['name']}")
        assert parameter["in"] in ("path", "query", "header")
        assert parameter.get("required", False) is True or parameter["in"] != "path"
        assert len(parameter["description"]) > 3 and {"type", "enum"} & set(resolve(parameter["schema"]))


@pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
def test_bodies_and_answers_are_described(operation):
    if operation.body is not None:
        check_members("body", operation.body, operation.id)
        assert operation.method in ("POST", "PUT", "PATCH")
        for media in operation.body["content"].values():
            check_members("media", media, operation.id)
    statuses = set(operation.description["responses"])
    assert {"4XX", "5XX"} <= statuses and any(status.startswith("2") for status in statuses)
    for status in statuses:
        assert re.fullmatch(r"[1-5]([0-9][0-9]|XX)", status)
        response = operation.response(int(status.replace("X", "0")))
        check_members("response", response, f"{operation}: {status}")
        assert response["description"].strip()
        for name, header in response.get("headers", {}).items():
            check_members("header", resolve(header), f"{operation}: {status}: {name}")
        for media_type, media in response.get("content", {}).items():
            check_members("media", media, f"{operation}: {status}")
            assert "json" in media_type or media["schema"].get("type") == "string", f"{operation}: {status}"
        if int(status[0]) >= 4:
            assert list(response["content"]) == ["application/problem+json"]


def test_every_schema_is_one_and_its_examples_are_valid():
    for path, schema in schemas():
        jsonschema.Draft202012Validator.check_schema(schema)
        for where, node in nodes(schema):
            if not isinstance(node, dict) or where.endswith("/properties"):
                continue
            for example in [node["example"]] if "example" in node else node.get("examples", []):
                contract.validate(example, {name: node[name] for name in node if name not in ("example", "examples")}, path)


def test_objects_that_are_sent_are_closed():
    """So that a member that is not described is noticed, in requests and in answers."""
    for operation in OPERATIONS:
        if operation.body is None:
            continue
        for media_type, media in operation.body["content"].items():
            schema = resolve(media["schema"])
            if media_type.endswith("json") and schema.get("type") == "object":
                assert schema.get("additionalProperties") is False, f"{operation}: additionalProperties of its body"


def test_what_all_operations_have_in_common_is_said_everywhere():
    done = subprocess.run([sys.executable, ROOT / "tests" / "support" / "openapi.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert FILE.read_text() == json.dumps(DOCUMENT, indent=2, ensure_ascii=False) + "\n"


# --- as it is served ---


def test_the_server_serves_it_to_everyone(rollcall):
    client = Admin(rollcall.admin_url, None)
    answer = client.get("/v1/openapi.json", expect=200)
    assert answer.body.decode() == FILE.read_text()
    again = client.get("/v1/openapi.json", headers=[("If-None-Match", answer.headers["etag"])], expect=304)
    assert again.headers["etag"] == answer.headers["etag"] and again.body == b""
    client.get("/v1/openapi.json", headers=[("If-None-Match", "x")], expect=400)
    client.get("/v1/openapi.json", headers=[("Accept", "text/html")], expect=406)
    assert client.request("HEAD", "/v1/openapi.json", expect=200).headers["etag"] == answer.headers["etag"]


# --- as a contract: what breaks it is noticed ---

ORGANIZATION = "/v1/organizations/org-01jd8jm32ye008000000001ayd"


def answer(status, body, **headers):
    sent = {"content-type": "application/json", "cache-control": "no-store", "etag": '"x"', **headers}
    return Answer(status, {k.replace("_", "-"): v for k, v in sent.items() if v is not None}, json.dumps(body).encode())


@pytest.fixture
def organization(rollcall):
    admin = rollcall.new_environment()
    return admin.post("/v1/organizations", {"display_name": "A"}, expect=201)["organization"]


def breaches(method, target, sent, answered, headers=(("Content-Type", "application/json"),)):
    with pytest.raises(AssertionError) as caught:
        contract.check(method, target, list(headers), None if sent is None else json.dumps(sent).encode(), answered)
    return str(caught.value)


def test_a_good_exchange_passes(organization):
    contract.check("GET", ORGANIZATION, [], None, answer(200, organization))
    headers = [("Content-Type", "application/json")]
    contract.check("PATCH", ORGANIZATION, headers, b'{"display_name": "B"}', answer(200, organization))


def test_answers_that_are_not_described_are_breaches(organization):
    lacking = {name: organization[name] for name in organization if name != "domains"}
    assert "domains" in breaches("GET", ORGANIZATION, None, answer(200, lacking))
    assert "surprise" in breaches("GET", ORGANIZATION, None, answer(200, {**organization, "surprise": 1}))
    assert "display_name" in breaches("GET", ORGANIZATION, None, answer(200, {**organization, "display_name": 1}))
    assert "202" in breaches("GET", ORGANIZATION, None, answer(202, organization))
    assert "text/html" in breaches("GET", ORGANIZATION, None, answer(200, organization, content_type="text/html"))
    assert "etag" in breaches("GET", ORGANIZATION, None, answer(200, organization, etag=None))
    assert "etag" in breaches("GET", ORGANIZATION, None, answer(200, organization, etag='W/"x"'))
    assert "x-new" in breaches("GET", ORGANIZATION, None, answer(200, organization, x_new="1"))
    breaches("GET", ORGANIZATION, None, answer(200, organization, cache_control="public"))
    breaches("GET", "/v1/nothing", None, answer(200, {}))


def test_requests_that_are_accepted_but_not_described_are_breaches(organization):
    good = answer(200, organization)
    assert "surprise" in breaches("PATCH", ORGANIZATION, {"surprise": 1}, good)
    assert "display_name" in breaches("PATCH", ORGANIZATION, {"display_name": 1}, good)
    assert "body" in breaches("PATCH", ORGANIZATION, None, good)
    assert "text/plain" in breaches("PATCH", ORGANIZATION, {}, good, [("Content-Type", "text/plain")])
    assert "limit" in breaches("GET", f"{ORGANIZATION}?limit=1", None, good)
    listed = answer(200, {"organizations": [], "next_cursor": None}, link='<http://x/y>; rel="first"')
    assert "limit" in breaches("GET", "/v1/organizations?limit=0", None, listed)


def test_problems_are_those_of_the_table():
    good = {"type": "urn:rollcall:problem:not-found", "title": "Not found", "status": 404, "detail": "d"}
    good["instance"] = "urn:uuid:01a2172a-191e-775c-aae6-c71bca6ce8df"
    headers = {"content_type": "application/problem+json", "etag": None}
    contract.check("GET", ORGANIZATION, [], None, answer(404, good, **headers))
    for wrong in ({"type": "urn:rollcall:problem:new"}, {"title": "Missing"}, {"status": 410}, {"instance": "x"}):
        breaches("GET", ORGANIZATION, None, answer(404, {**good, **wrong}, **headers))
    breaches("GET", ORGANIZATION, None, answer(404, good, etag=None))


# --- and nothing is left out ---


def coverage(directory):
    script = ROOT / "tests" / "support" / "coverage.py"
    return subprocess.run([sys.executable, script, directory], capture_output=True, text=True)


def test_an_operation_that_nothing_exercises_fails_the_run(tmp_path):
    names = [operation.id for operation in OPERATIONS]
    (tmp_path / "1.seen").write_text("".join(f"{name} 200\n" for name in names[: len(names) // 2]))
    (tmp_path / "2.seen").write_text("".join(f"{name} 404\n{name} 204\n" for name in names[len(names) // 2 : -1]))
    last = names[-1]
    failed = coverage(tmp_path)
    assert failed.returncode == 1 and failed.stdout.startswith(f"{last} was never") and failed.stdout.count("\n") == 1
    (tmp_path / "3.seen").write_text(f"{last} 404\n")
    assert coverage(tmp_path).returncode == 1
    (tmp_path / "4.seen").write_text(f"{last} 201\n")
    assert coverage(tmp_path).returncode == 0


def test_what_is_exercised_is_noted(rollcall, tmp_path, monkeypatch):
    monkeypatch.setenv("ROLLCALL_COVERAGE", str(tmp_path))
    monkeypatch.setattr(contract, "_noted", set())
    admin = rollcall.new_environment()
    admin.get("/v1/organizations", expect=200)
    admin.get(ORGANIZATION, expect=404)
    noted = "".join(file.read_text() for file in tmp_path.glob("*.seen")).splitlines()
    assert {"organization.list 200", "organization.get 404"} <= set(noted)
