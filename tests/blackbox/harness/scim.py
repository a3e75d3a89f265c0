"""A SCIM client that checks what every answer must have, whatever the test is about."""

import json as json_module
import re
import uuid
from urllib.parse import quote, urlsplit

from .wire import Wire

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
MEDIA_TYPE = "application/scim+json"


def patch_of(*operations):
    return {"schemas": [PATCH], "Operations": list(operations)}


class Scim:
    """Speaks to one connector URL with one token. Paths are relative to the connector URL ("/Users/…")."""

    def __init__(self, connector_url, token, headers=(), suffix=""):
        parts = urlsplit(connector_url)
        self.connector_url = connector_url
        self.base = parts.path
        self.token = token
        self.headers = list(headers)
        self.suffix = suffix  # what an admin pasted behind the base URL: "?aadOptscim062020"
        self.wire = Wire(f"{parts.scheme}://{parts.netloc}")

    def with_headers(self, *headers, suffix=""):
        """The same directory through another client's habits."""
        return Scim(self.connector_url, self.token, headers, suffix)

    def request(self, method, path, json=None, body=None, headers=(), authorization=None, expect=None):
        """body: raw bytes instead of json. authorization: replaces the header; "" leaves it out."""
        sent = dict(
            [("Accept", MEDIA_TYPE)] + ([("Authorization", f"Bearer {self.token}")] if authorization is None else [])
        )
        if authorization:
            sent["Authorization"] = authorization
        if json is not None:
            body = json_module.dumps(json).encode()
        if body is not None:
            sent["Content-Type"] = MEDIA_TYPE
        for name, value in list(self.headers) + list(headers):
            sent.pop(name, None)
            if value is not None:
                sent[name] = value
        answer = self.wire.exchange(method, self._target(path), list(sent.items()), body)
        self.check(method, answer)
        if expect is not None:
            assert answer.status == expect, f"{method} {path}: expected {expect}, got {answer}"
        return answer

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, json=None, **options):
        return self.request("POST", path, json=json, **options)

    def put(self, path, json=None, **options):
        return self.request("PUT", path, json=json, **options)

    def patch(self, path, *operations, **options):
        """Operations as arguments, or body=/json= for a whole message."""
        if operations:
            options["json"] = patch_of(*operations)
        return self.request("PATCH", path, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def find(self, collection, filter, rest=""):
        """The list of what a filter finds, percent-encoded as most clients do."""
        return self.get(f"{collection}?filter={quote(filter, safe='')}{rest}", expect=200)

    def new_user(self, user_name=None, **attributes):
        user = {"schemas": [USER], "userName": user_name or f"user-{uuid.uuid4()}@example.com", **attributes}
        return self.post("/Users", user, expect=201)

    def new_group(self, display_name=None, members=(), **attributes):
        group = {"schemas": [GROUP], "displayName": display_name or f"Group {uuid.uuid4()}", **attributes}
        if members:
            group["members"] = [{"value": member} for member in members]
        return self.post("/Groups", group, expect=201)

    def members(self, group_id):
        return {member["value"] for member in self.get(f"/Groups/{group_id}", expect=200).get("members") or []}

    def close(self):
        self.wire.close()

    def _target(self, path):
        if not self.suffix:
            return self.base + path
        joiner = "&" + self.suffix[1:] if "?" in path else self.suffix
        return self.base + path + joiner

    def check(self, method, answer):
        assert answer.headers["x-request-id"], answer
        assert self.token is None or self.token.encode() not in answer.body, "the token is in an answer"
        if method == "HEAD" or answer.status in (204, 304):
            assert answer.body == b"", answer
            return
        assert answer.headers["content-type"] in (MEDIA_TYPE, "application/json"), answer
        assert isinstance(answer.json, dict), answer
        if answer.status >= 400:
            check_error(answer)
        elif answer.json.get("schemas") == [LIST]:
            check_list(answer)
        elif "version" in answer.json.get("meta", {}):
            assert answer.headers["etag"] == answer["meta"]["version"], answer
        if "location" in answer.get("meta", {}) and answer.status < 300:
            assert answer["meta"]["location"].startswith("http"), answer
            if method != "GET" or "location" in answer.headers:
                assert answer.headers["location"] == answer["meta"]["location"], answer


def check_error(answer):
    """The body that every error has (RFC 7644 section 3.12), and the headers that go with some."""
    error = answer.json
    assert error["schemas"] == [ERROR], answer
    assert error["status"] == str(answer.status), answer
    assert isinstance(error["detail"], str) and error["detail"], answer
    assert set(error) <= {"schemas", "status", "scimType", "detail"}, answer
    if answer.status == 401:
        assert answer.headers["www-authenticate"].lower().startswith("bearer"), answer
    if answer.status == 405:
        assert answer.headers["allow"], answer
    if answer.status in (429, 503):
        assert answer.headers["retry-after"].isdigit(), answer


def check_list(answer):
    for name in ("totalResults", "itemsPerPage"):
        assert type(answer[name]) is int, answer
    walk = "startIndex" not in answer.json  # a page of a walk by cursors (RFC 9865)
    assert walk or type(answer["startIndex"]) is int, answer
    for name in ("nextCursor", "previousCursor"):
        if name in answer.json:
            assert walk and re.fullmatch(r"[A-Za-z0-9._~-]+", answer[name]), answer
    assert isinstance(answer["Resources"], list), answer
    assert answer["itemsPerPage"] == len(answer["Resources"]), answer
    assert answer["totalResults"] >= len(answer["Resources"]), answer
    for resource in answer["Resources"]:
        assert resource["schemas"] and resource["id"], answer
