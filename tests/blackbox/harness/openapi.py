"""The OpenAPI description of the admin API, and a client that holds every answer against it."""

import json
import re
from urllib.parse import urlsplit

import jsonschema

from .admin import Admin
from .database import ROOT

DOCUMENT = json.loads((ROOT / "docs" / "admin-api" / "openapi.json").read_text())


class Operation:
    def __init__(self, method, path, description):
        self.method = method.upper()
        self.path = path
        self.id = description["operationId"]
        self.scope = description["description"].removeprefix("Scope: ").removesuffix(".")
        self.description = description
        self.parameters = re.findall(r"{(\w+)}", path)
        self.pattern = re.compile("^" + re.sub(r"{\w+}", "([^/]+)", path) + "$")

    def __repr__(self):
        return self.id

    def response(self, status):
        responses = self.description["responses"]
        found = responses.get(str(status)) or responses[f"{status // 100}XX"]
        return _resolve(found)


def _resolve(node):
    while "$ref" in node:
        target = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


OPERATIONS = [
    Operation(method, path, description)
    for path, methods in DOCUMENT["paths"].items()
    for method, description in methods.items()
]


def operation_of(method, path):
    """The most specific one: "/tokens/rotate" before "/tokens/{token_id}"."""
    found = [operation for operation in OPERATIONS if operation.method == method and operation.pattern.match(path)]
    return min(found, key=lambda operation: len(operation.parameters), default=None)


def check_answer(method, target, answer):
    operation = operation_of(method, urlsplit(target).path)
    if operation is None:
        return
    response = operation.response(answer.status)
    if "content" not in response:
        assert answer.body == b"", answer
        return
    media_type, content = next(iter(response["content"].items()))
    assert answer.headers["content-type"] == media_type, answer
    if media_type == "application/x-ndjson":
        return
    schema = {**content["schema"], "components": DOCUMENT["components"]}
    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(answer.json)


class CheckedAdmin(Admin):
    def with_key(self, key):
        return CheckedAdmin(self.url, key)

    def request(self, method, path, **options):
        expect = options.pop("expect", None)
        answer = super().request(method, path, **options)
        if expect is not None:
            assert answer.status == expect, f"{method} {path}: expected {expect}, got {answer}"
        check_answer(method, path, answer)
        assert answer.headers["cache-control"] == "no-store", answer
        return answer
