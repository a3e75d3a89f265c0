"""What every operation of docs/admin-api/openapi.json says alike: writes it where it is missing.

    tests/support/openapi.py            completes the file
    tests/support/openapi.py --check    says what is missing, changes nothing
"""

import copy
import json
import sys
from pathlib import Path

FILE = Path(__file__).parents[2] / "docs" / "admin-api" / "openapi.json"
READS, CHANGES = ("get",), ("put", "patch", "delete")

COMPONENTS = {
    "parameters": {
        "If-Match": {
            "name": "If-Match",
            "in": "header",
            "description": "The `ETag` that was read, or several, or `*`: when it is another one now, 412. With "
            "`--require-if-match` a change without it is refused with 428.",
            "schema": {"type": "string"},
        },
        "If-None-Match": {
            "name": "If-None-Match",
            "in": "header",
            "description": "An `ETag` that was read, or several: when it is still one of them, 304 without a body.",
            "schema": {"type": "string"},
        },
        "Idempotency-Key": {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1 to 255 printable ASCII characters, such as a UUID: sent again with the same body within "
            "24 hours, the first answer comes again and nothing is done twice.",
            "schema": {"type": "string", "minLength": 1},
        },
    },
    "headers": {
        "ETag": {
            "required": True,
            "description": "The strong entity tag of the resource, for If-Match and If-None-Match.",
            "schema": {"type": "string", "pattern": '^"[!#-~]+"$'},
        },
        "Link": {
            "required": True,
            "description": 'RFC 8288: rel="first", and rel="next" unless this is the last page.',
            "schema": {"type": "string", "pattern": '^<https?://[^>]+>; rel="first"(, <https?://[^>]+>; rel="next")?$'},
        },
        "Location": {
            "required": True,
            "description": "Where it can be read.",
            "schema": {"type": "string", "pattern": "^/v1/"},
        },
        "Idempotency-Replayed": {
            "description": "`true` when this is the answer to an earlier request with the same Idempotency-Key.",
            "schema": {"type": "string", "enum": ["true"]},
        },
    },
    "responses": {
        "NotModified": {
            "description": "It is as If-None-Match says.",
            "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        },
    },
}


def named(parameter, name):
    return parameter.get("$ref", "").endswith(f"/parameters/{name}")


def takes(operation, name):
    return any(named(parameter, name) for parameter in operation.get("parameters", []))


def complete_operation(method, operation):
    def take_parameter(name):
        parameters = operation.setdefault("parameters", [])
        reference = {"$ref": f"#/components/parameters/{name}"}
        if reference not in parameters:
            parameters.append(reference)

    def give_header(status, name):
        response = operation["responses"].get(status)
        if response is not None and "$ref" not in response:
            response.setdefault("headers", {})[name] = {"$ref": f"#/components/headers/{name}"}

    is_list = takes(operation, "limit") or takes(operation, "cursor")
    shows_json = "application/json" in operation["responses"].get("200", {}).get("content", {})
    if method in READS and is_list:
        give_header("200", "Link")
        operation["parameters"] = [each for each in operation["parameters"] if not named(each, "If-None-Match")]
        operation["responses"]["200"]["headers"].pop("ETag", None)
        operation["responses"].pop("304", None)
    elif method in READS and shows_json:
        take_parameter("If-None-Match")
        give_header("200", "ETag")
        operation["responses"].setdefault("304", {"$ref": "#/components/responses/NotModified"})
    if method in CHANGES:
        take_parameter("If-Match")
        if shows_json:
            give_header("200", "ETag")
    if method == "post":
        take_parameter("Idempotency-Key")
        for status in [status for status in operation["responses"] if status.startswith("2")]:
            give_header(status, "Idempotency-Replayed")
        give_header("201", "Location")
        give_header("201", "ETag")
        give_header("202", "Location")
    if method == "patch":
        content = operation["requestBody"]["content"]
        content.setdefault("application/merge-patch+json", content["application/json"])
    operation["responses"] = dict(sorted(operation["responses"].items()))


def completed(document):
    document = copy.deepcopy(document)
    for kind, entries in COMPONENTS.items():
        document["components"].setdefault(kind, {}).update(copy.deepcopy(entries))
    for methods in document["paths"].values():
        for method, operation in methods.items():
            complete_operation(method, operation)
    return document


def main():
    document = json.loads(FILE.read_text())
    whole = completed(document)
    if sys.argv[1:] == ["--check"]:
        if whole != document:
            sys.exit(f"{FILE.name} lacks what all operations say: run tests/support/openapi.py")
    else:
        FILE.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
