"""Every route of the SCIM service, with what it takes to be asked well: for the tests that try all of them.

test_routes.py holds this list against the server's own table, so a route that is missing here is noticed."""

import re
import uuid

from .database import ROOT
from .scim import GROUP, PATCH, USER

DEVICE = "urn:example:params:scim:schemas:Device"
CATALOG = {
    "schemas": [
        {
            "id": DEVICE,
            "name": "Device",
            "attributes": [
                {"name": "serial", "type": "string", "description": "s", "required": True, "uniqueness": "server"},
                {"name": "displayName", "type": "string", "description": "d"},
            ],
        }
    ],
    "resource_types": [{"name": "Device", "endpoint": "/Devices", "description": "d", "schema": DEVICE}],
}

SEARCH = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}
BULK = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": []}
READ_ALL, WRITE_ALL = ("users:read", "groups:read"), ("users:read", "users:write", "groups:read", "groups:write")


def user(**more):
    return {"schemas": [USER], "userName": f"{uuid.uuid4()}@example.com", **more}


def group(**more):
    return {"schemas": [GROUP], "displayName": f"group {uuid.uuid4()}", **more}


def device(**more):
    return {"schemas": [DEVICE], "serial": str(uuid.uuid4()), **more}


def renamed():
    return {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": str(uuid.uuid4())}]}


class Route:
    """pattern: as the server's table has it, behind the base. of: the kind of resource that its {} is. scopes: those that
    a token needs, all of them, or with one_of any of them; None: no token is needed, () any token is enough."""

    def __init__(self, method, pattern, scopes, of=None, body=None, collection=None, one_of=False):
        self.method, self.pattern, self.scopes, self.of, self.one_of = method, pattern, scopes, of, one_of
        self.body = body or (lambda: None)
        self.collection = collection

    def __repr__(self):
        return f"{self.method} {self.pattern}"

    def path(self, **ids):
        """ids: of "user", "group", "device"."""
        path = self.pattern.replace("/{}", self.collection or "/{}", 1)
        return path.replace("{}", ids.get(self.of, ""))

    def permits(self, scopes):
        if not self.scopes:
            return True
        return (any if self.one_of else all)(scope in scopes for scope in self.scopes)

    @property
    def names_resource(self):
        return self.of is not None


def of_type(collection, kind, body, read, write, pattern=None):
    pattern = pattern or collection
    own = collection if pattern != collection else None
    return [
        Route("GET", pattern, read, collection=own),
        Route("POST", pattern, write, body=body, collection=own),
        Route("POST", pattern + "/.search", read, body=lambda: SEARCH, collection=own),
        Route("GET", pattern + "/{}", read, kind, collection=own),
        Route("PUT", pattern + "/{}", write, kind, body, collection=own),
        Route("PATCH", pattern + "/{}", write, kind, renamed, collection=own),
        Route("DELETE", pattern + "/{}", write, kind, collection=own),
    ]


ROUTES = [
    *of_type("/Users", "user", user, ("users:read",), ("users:write",)),
    *of_type("/Groups", "group", group, ("groups:read",), ("groups:write",)),
    *of_type("/Devices", "device", device, READ_ALL, WRITE_ALL, "/{}"),
    Route("GET", "", READ_ALL, one_of=True),
    Route("POST", "/.search", READ_ALL, body=lambda: SEARCH, one_of=True),
    Route("GET", "/Me", ("users:read",)),
    Route("PUT", "/Me", ("users:write",), body=user),
    Route("PATCH", "/Me", ("users:write",), body=renamed),
    Route("DELETE", "/Me", ("users:write",)),
    Route("GET", "/ServiceProviderConfig", None),
    Route("GET", "/ResourceTypes", None),
    Route("GET", "/ResourceTypes/{}", None),
    Route("GET", "/Schemas", None),
    Route("GET", "/Schemas/{}", None),
    Route("POST", "/Bulk", (), body=lambda: BULK),
]
# Answered 405 or 501, whoever asks; their scopes keep strangers from learning which types there are.
REFUSED = {("PUT", "/{}"), ("PATCH", "/{}"), ("DELETE", "/{}"), ("POST", "/{}/{}")}


def in_source():
    """(method, pattern) of every route that does something, as the server's table has them."""
    text = (ROOT / "server" / "ops" / "service.c").read_text()
    rows = re.findall(r'\{"([A-Z]+)", BASE ?(?:"([^"]*)")?, [^,]+, &(\w+)\}', text)
    return {(method, pattern) for method, pattern, operation in rows if operation != "not_implemented"}
