"""A client of the admin API. Whatever goes through it is held against the OpenAPI description (contract.py)."""

import json as json_module

from . import contract
from .wire import Wire


class AdminWire(Wire):
    def exchange(self, method, target, headers, body=None):
        answer = super().exchange(method, target, headers, body)
        contract.check(method, target, headers, body, answer)
        return answer


class Admin:
    """Speaks to rollcall-admin with one key. Paths are whole ("/v1/organizations")."""

    def __init__(self, url, key):
        self.url = url
        self.key = key
        self.wire = AdminWire(url)

    def with_key(self, key):
        return Admin(self.url, key)

    def request(self, method, path, json=None, body=None, headers=(), authorization=None, expect=None):
        """body: raw bytes instead of json. authorization: replaces the header; "" leaves it out."""
        sent = {"Accept": "application/json, */*;q=0.5"}
        if authorization is None and self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        elif authorization:
            sent["Authorization"] = authorization
        if json is not None:
            body = json_module.dumps(json).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        for name, value in headers:
            sent.pop(name, None)
            if value is not None:
                sent[name] = value
        answer = self.wire.exchange(method, path, list(sent.items()), body)
        assert answer.headers["x-request-id"], answer
        if expect is not None:
            assert answer.status == expect, f"{method} {path}: expected {expect}, got {answer}"
        return answer

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, json=None, **options):
        return self.request("POST", path, json=json, **options)

    def put(self, path, json=None, **options):
        return self.request("PUT", path, json=json, **options)

    def patch(self, path, json=None, **options):
        return self.request("PATCH", path, json=json, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)
