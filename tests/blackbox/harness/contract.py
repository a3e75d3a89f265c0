"""docs/admin-api/openapi.json as a contract: every request to the admin API and its answer is held against it.

A request that is accepted (2xx) was allowed by the description: path, query, headers, body. Every answer is one that the
description has: status, headers, media type, body. What was exercised is noted for tests/support/coverage.py."""

import functools
import json
import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import jsonschema

from .database import ROOT
from .problems import check_problem

DOCUMENT = json.loads((ROOT / "docs" / "admin-api" / "openapi.json").read_text())

OPERATIONAL = ("/healthz", "/readyz", "/metrics")
# What any answer may have; the description's own text says so once for all operations.
COMMON_HEADERS = {
    "allow",
    "accept",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "date",
    "ratelimit",
    "ratelimit-policy",
    "retry-after",
    "server",
    "transfer-encoding",
    "www-authenticate",
    "x-request-id",
}


def resolve(node):
    while "$ref" in node:
        target = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


class Operation:
    def __init__(self, method, path, description):
        self.method = method.upper()
        self.path = path
        self.id = description["operationId"]
        self.scope = description["description"].removeprefix("Scope: ").split(".")[0]
        self.description = description
        self.parameters = re.findall(r"{(\w+)}", path)
        self.pattern = re.compile("^" + re.sub(r"{\w+}", "([^/]+)", path) + "$")
        self.takes = [resolve(parameter) for parameter in description.get("parameters", [])]
        self.body = resolve(description["requestBody"]) if "requestBody" in description else None

    def __repr__(self):
        return self.id

    def response(self, status):
        """None: it has no such status."""
        responses = self.description["responses"]
        found = responses.get(str(status)) or responses.get(f"{status // 100}XX")
        return found and resolve(found)

    def named(self, place):
        return {parameter["name"]: parameter for parameter in self.takes if parameter["in"] == place}


OPERATIONS = [
    Operation(method, path, description)
    for path, methods in DOCUMENT["paths"].items()
    for method, description in methods.items()
]


def operation_of(method, path):
    """The most specific one: "/tokens/rotate" before "/tokens/{token_id}"."""
    wanted = "GET" if method == "HEAD" else method
    found = [operation for operation in OPERATIONS if operation.method == wanted and operation.pattern.match(path)]
    return min(found, key=lambda operation: len(operation.parameters), default=None)


# --- schemas ---


@functools.lru_cache(maxsize=None)
def _validator(text):
    schema = {**json.loads(text), "components": DOCUMENT["components"]}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


_texts = {}  # by the schema's id, which is its own only as long as it lives: so it is kept, too


def validate(value, schema, what):
    _, text = _texts.get(id(schema), (None, None))
    if text is None:
        text = json.dumps(schema)
        _texts[id(schema)] = schema, text
    error = jsonschema.exceptions.best_match(_validator(text).iter_errors(value))
    assert error is None, f"{what}: {error.message} at /{'/'.join(map(str, error.absolute_path))}"


def _validate_text(text, media_type, schema, what):
    """Of a stream of lines (application/x-ndjson) a schema describes each; one that says "string" says nothing."""
    if media_type == "application/x-ndjson":
        for number, line in enumerate([] if schema.get("type") == "string" else text.splitlines(), 1):
            validate(json.loads(line), schema, f"{what}: line {number}")
    elif media_type.endswith("json"):
        validate(json.loads(text), schema, f"{what} {text[:1000]!r}")


def _of_text(text, schema):
    """A parameter as its schema means it."""
    schema = resolve(schema)
    if schema.get("type") == "integer" and re.fullmatch(r"-?[0-9]+", text):
        return int(text)
    if schema.get("type") == "boolean" and text in ("true", "false"):
        return text == "true"
    return text


# --- requests ---


def _check_parameters(operation, target, headers):
    given = {
        "path": dict(zip(operation.parameters, map(unquote, operation.pattern.match(target.path).groups()))),
        "query": dict(parse_qsl(target.query, keep_blank_values=True)),
        "header": {name.lower(): value for name, value in headers},
    }
    for place, values in given.items():
        known = {name.lower() if place == "header" else name: p for name, p in operation.named(place).items()}
        for name, parameter in known.items():
            if name in values:
                value = _of_text(values[name], parameter["schema"])
                validate(value, parameter["schema"], f"{operation}: accepted {place} parameter {name}")
            else:
                assert not parameter.get("required"), f"{operation}: accepted without {place} parameter {name}"
        if place == "query":
            unknown = set(values) - set(known)
            assert not unknown, f"{operation}: accepted with query parameters that are not described: {unknown}"


def _check_request_body(operation, headers, body):
    if operation.body is None:
        return
    if not body or not body.strip():
        assert not operation.body.get("required"), f"{operation}: accepted without the body that is required"
        return
    sent = next((value for name, value in headers if name.lower() == "content-type"), "")
    media_type = sent.split(";")[0].strip().lower()
    content = operation.body["content"]
    assert media_type in content, f"{operation}: accepted a body of type {media_type!r}"
    if media_type != "application/x-ndjson":  # a table with bad rows is accepted: the job tells which
        _validate_text(body, media_type, content[media_type].get("schema", {}), f"{operation}: accepted request body")


# --- answers ---


def _check_headers(operation, response, answer):
    described = {name.lower(): resolve(header) for name, header in response.get("headers", {}).items()}
    for name, header in described.items():
        if name in answer.headers:
            value = _of_text(answer.headers[name], header["schema"])
            validate(value, header["schema"], f"{operation}: header {name} of {answer.status}")
        else:
            assert not header.get("required"), f"{operation}: no header {name} in {answer}"
    unknown = {name.lower() for name in answer.headers} - set(described) - COMMON_HEADERS
    assert not unknown, f"{operation}: headers that are not described for {answer.status}: {sorted(unknown)}"


def _check_content(operation, response, method, answer):
    if "content" not in response:
        assert answer.body == b"" and "content-type" not in answer.headers, f"{operation}: {answer}"
        return
    sent = answer.headers["content-type"] or ""
    found = next((name for name in response["content"] if sent.split(";")[0] == name), None)
    assert found is not None, f"{operation}: media type {sent!r} of {answer.status} is not described"
    if method != "HEAD":
        schema = response["content"][found].get("schema", {})
        _validate_text(answer.body, found, schema, f"{operation}: body of {answer.status}")


def _check_stray(method, target, answer):
    """A path or method that there is not."""
    assert answer.status >= 400 or method == "OPTIONS", f"{method} {target.path} is answered but not described: {answer}"
    paths = [operation for operation in OPERATIONS if operation.pattern.match(target.path)]
    closest = min((len(operation.parameters) for operation in paths), default=0)
    methods = {operation.method for operation in paths if len(operation.parameters) == closest}
    if methods and answer.status in (204, 405):
        wanted = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        assert set(answer.headers["allow"].split(", ")) == wanted, answer
    if answer.status >= 400 and method != "HEAD":
        validate(answer.json, DOCUMENT["components"]["schemas"]["Problem"], f"{method} {target.path}")


def check(method, target, headers, body, answer):
    target = urlsplit(target)
    if target.path in OPERATIONAL:
        return
    if answer.status >= 400 and method != "HEAD":
        check_problem(answer)
    assert answer.status != 500, f"{method} {target.path}: {answer}"
    operation = operation_of(method, target.path)
    if operation is None:
        _check_stray(method, target, answer)
        return
    response = operation.response(answer.status)
    assert response is not None, f"{operation}: status {answer.status} is not described: {answer}"
    if 200 <= answer.status < 300:
        _check_parameters(operation, target, headers)
        _check_request_body(operation, headers, body)
    if operation.id not in ("openapi.get", "event_key.set"):
        assert answer.headers["cache-control"] == "no-store", answer
    _check_headers(operation, response, answer)
    _check_content(operation, response, method, answer)
    note(operation, answer.status)


def check_begun(method, target, headers, answer):
    """An answer that goes on, as an event stream does: what stands before its first byte."""
    target = urlsplit(target)
    operation = operation_of(method, target.path)
    response = operation.response(answer.status)
    _check_parameters(operation, target, headers)
    assert answer.headers["cache-control"] == "no-store", answer
    _check_headers(operation, response, answer)
    _check_content(operation, response, "HEAD", answer)
    note(operation, answer.status)


# --- what was exercised ---

_noted = set()


def note(operation, status):
    """Every worker of pytest has a file of its own in the directory ROLLCALL_COVERAGE."""
    directory = os.environ.get("ROLLCALL_COVERAGE")
    if not directory or (operation.id, status) in _noted:
        return
    _noted.add((operation.id, status))
    Path(directory).mkdir(parents=True, exist_ok=True)
    with open(Path(directory) / f"{os.getpid()}.seen", "a", encoding="utf-8") as file:
        file.write(f"{operation.id} {status}\n")
