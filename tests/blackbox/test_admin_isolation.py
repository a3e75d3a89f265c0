"""Every route of the admin API with another environment's ids: the answer is that of unknown ids, and nothing changes.
And every route with too small a key."""

import itertools
import time

import pytest

from harness.contract import resolve
from harness.openapi import OPERATIONS, CheckedAdmin
from harness.rollcall import id_bytes
from harness.vendor import csv_of, import_users

ID = "01jd8jm32ye008000000001ayd"
UNKNOWN = {
    "environment_id": f"env-{ID}",
    "key_id": f"key-{ID}",
    "organization": f"org-{ID}",
    "directory_id": f"dir-{ID}",
    "token_id": f"tok-{ID}",
    "job_id": f"job-{ID}",
    "operator_key_id": f"opk-{ID}",
    "signing_key_id": f"sgn-{ID}",
    "setup_link_id": f"lnk-{ID}",
    "user_id": "01890000-0000-7000-8000-000000000000",
    "group_id": "01890000-0000-7000-8000-000000000000",
    "request_id": "01890000-0000-7000-8000-000000000000",
    "schema_urn": "urn:example:Unknown",
    "resource_type": "Unknown",
    "index_id": "1999",
    "version": "77",
    "role_id": f"rol-{ID}",
    "vendor_user_id": "nobody",
    "webhook_id": f"wbh-{ID}",
    "delivery_id": f"dlv-{ID}",
    "replay_id": f"rpl-{ID}",
    "stream_id": f"str-{ID}",
    "event_key_id": f"evk-{ID}",
}
BODIES = {
    "environment.create": {"name": "never made"},
    "environment.update": {"name": "never made"},
    "key.create": {"label": "x"},
    "operator_key.create": {"label": "x"},
    "signing_key.create": {"label": "x"},
    "setup_link.create": {"label": "x", "permissions": ["view_connection"]},
    "setup_directory.update": {"idp": "okta"},
    "setup_organization.update": {"domains": []},
    "setup_token.create": {"label": "x"},
    "organization.create": {"display_name": "x"},
    "organization.update": {"display_name": "x"},
    "organization.set_primary": {"directory_id": f"dir-{ID}"},
    "directory.create": {"name": "x"},
    "directory.update": {"name": "x", "state": "paused"},
    "directory.rewind": {"at": "2020-01-01T00:00:00Z"},
    "user.restore": {"version": 1},
    "group.restore": {"version": 1},
    "token.create": {"label": "x"},
    "token.rotate": {},
    "token.update": {"label": "x"},
    "organization.restore": {"external_id": "x"},
    "schema.create": {"id": "urn:example:Never", "attributes": [{"name": "x"}]},
    "schema.replace": {"attributes": [{"name": "never"}]},
    "resource_type.create": {"name": "Never", "endpoint": "/Never", "schema": "urn:example:Never"},
    "resource_type.replace": {"schemaExtensions": []},
    "catalog.replace": {"schemas": [], "resource_types": []},
    "policy.update": {"strict": True},
    "undeclared_attribute.declare": {"all": True},
    "index.create": {"attribute": "never"},
    "undeclared_attribute.dismiss": {"attributes": [{"path": "x"}]},
    "policy.replace": {"strict": True},
    "role.create": {"name": "never"},
    "role.update": {"description": "never"},
    "role_mapping.replace": {"rules": []},
    "directory_user.delete_deactivated": {"older_than_days": 0},
    "retention.replace": {"deactivated_retention_days": 1},
    "vendor_user.link": {"user_id": "01890000-0000-7000-8000-000000000000"},
    "vendor_user.import": {"vendor_user_id": "never", "user_name": "made"},
    "webhook.create": {"url": "https://127.0.0.1:8443/never"},
    "webhook.update": {"label": "never"},
    "webhook.replay": {"from": "2020-01-01T00:00:00Z"},
    "stream.create": {"label": "x", "delivery": "poll"},
    "stream.update": {"label": "never"},
    "stream.poll": {"returnImmediately": True},
    "event_key.rotate": {"sign_after_seconds": 0},
}
# Query parameters that take an id, and members of bodies that do: whose entry of UNKNOWN and World.ids is one.
ID_QUERIES = {
    "environment_id": "environment_id",
    "organization_id": "organization",
    "directory_id": "directory_id",
    "successor": "directory_id",
    "request_id": "request_id",
    "resource_id": "user_id",
    "token_id": "token_id",
    "replay_id": "replay_id",
}
ID_MEMBERS = {
    "directory_id": "directory_id",
    "environment_id": "environment_id",
    "user_id": "user_id",
    "organization_ids": "organization",
}
# Those that take none.
PLAIN_QUERIES = {
    "action",
    "actor",
    "cursor",
    "display_name",
    "domain",
    "email",
    "external_id",
    "filter",
    "kind",
    "method",
    "name",
    "operation",
    "status",
    "types",
    "user_name",
}
PLAIN_MEMBERS = {"external_id"}

# What sessions of setup links may do is in test_admin_setup.py.
OF_KEYS = [operation for operation in OPERATIONS if not operation.path.startswith("/v1/setup/")]
SECURED_OPERATIONS = [operation for operation in OF_KEYS if operation.scope != "none"]
VENDOR_OPERATIONS = [operation for operation in SECURED_OPERATIONS if operation.scope != "operator key"]
VENDOR_OPERATIONS_ON_IDS = [operation for operation in VENDOR_OPERATIONS if operation.parameters]


class World:
    """One of everything, in an environment of its own."""

    def __init__(self, rollcall):
        admin = rollcall.new_environment()
        self.admin = CheckedAdmin(rollcall.admin_url, admin.key)
        self.organization = rollcall.new_organization(admin)
        scim = self.organization.scim
        user = scim.new_user("somebody")
        group = scim.new_group("Group", [user["id"]])
        token = admin.get(f"/v1/directories/{self.organization.directory_id}/tokens")["tokens"][0]["id"]
        self.ids = {
            "environment_id": admin.get(f"/v1/organizations/{self.organization.id}")["environment_id"],
            "organization": self.organization.id,
            "directory_id": self.organization.directory_id,
            "token_id": token,
            "user_id": user["id"],
            "group_id": group["id"],
            "request_id": user.headers["x-request-id"],
            "version": "1",
            "job_id": self.new_job(rollcall),
            "role_id": self.new_role(),
            **self.new_type(),
            **self.new_index(),
            "vendor_user_id": self.new_vendor_user(),
            **self.new_webhook(rollcall),
            **self.new_stream(),
            "setup_link_id": self.admin.post(
                f"/v1/organizations/{self.organization.id}/setup-links", {"label": "isolation"}, expect=201
            )["id"],
        }

    def new_role(self):
        """With a rule that gives it."""
        role = self.admin.post("/v1/roles", {"name": "theirs"}, expect=201)["id"]
        rules = {"rules": [{"group_name": "Group", "role": "theirs"}]}
        self.admin.put(f"/v1/directories/{self.organization.directory_id}/role-mappings", rules, expect=200)
        return role

    def new_type(self):
        """With names that no other directory has."""
        name = "Thing-" + self.organization.id[-8:]
        urn = f"urn:example:{name}"
        path = f"/v1/directories/{self.organization.directory_id}"
        self.admin.post(f"{path}/schemas", {"id": urn, "attributes": [{"name": "x"}]}, expect=201)
        body = {"name": name, "endpoint": f"/{name}", "schema": urn}
        self.admin.post(f"{path}/resource-types", body, expect=201)
        return {"schema_urn": urn, "resource_type": name}

    made = 0

    def new_index(self):
        """With a number that no other world's has."""
        World.made += 1
        path = f"/v1/directories/{self.organization.directory_id}/indexes"
        for number in range(World.made):
            made = self.admin.post(path, {"attribute": f"a{number}"}, expect=201)
            if number < World.made - 1:
                self.admin.delete(made.headers["location"], expect=204)
        return {"index_id": made["id"]}

    def new_stream(self):
        """With the key that signs for it."""
        stream = self.admin.post("/v1/streams", {"label": "theirs", "delivery": "poll"}, expect=201)["id"]
        return {"stream_id": stream, "event_key_id": self.admin.get("/v1/event-keys")["event_keys"][0]["id"]}

    def new_vendor_user(self):
        """Linked to the user."""
        name = "vendor-" + self.organization.id[-8:]
        path = f"/v1/directories/{self.organization.directory_id}"
        import_users(self.admin, path, csv_of({"vendor_user_id": name, "user_name": "somebody"}))
        return name

    def new_job(self, rollcall):
        """One that has ended."""
        environment = self.admin.get(f"/v1/organizations/{self.organization.id}")["environment_id"]
        mine = "01" + self.organization.id[6:]
        with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO job (id, environment_id, kind, state, actor, parameters, checkpoint, created_ms)"
                " VALUES (%s, %s, 'test', 3, 'key-x', '{}', '{}', %s)",
                (id_bytes(f"job-{mine}"), id_bytes(environment), int(time.time() * 1000)),
            )
            connection.commit()
        return f"job-{mine}"

    def new_webhook(self, rollcall):
        """That is paused, with a delivery that has ended and was sent for a replay."""
        webhook = self.admin.post("/v1/webhooks", {"url": "https://127.0.0.1:8443/", "state": "paused"}, expect=201)["id"]
        ids = {"webhook_id": webhook, "delivery_id": "dlv" + webhook[3:], "replay_id": "rpl" + webhook[3:]}
        columns = ("endpoint_id", "id", "kind", "state", "event_id", "sequence", "type", "replay_id", "attempt_log")
        values = [id_bytes(ids["webhook_id"]), id_bytes(ids["delivery_id"]), 2, 3, bytes(16), 1, "user.created"]
        values += [id_bytes(ids["replay_id"]), "", 0]
        with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
            holders = ", ".join(["%s"] * len(values))
            names = ", ".join((*columns, "created_ms"))
            cursor.execute(f"INSERT INTO webhook_delivery ({names}) VALUES ({holders})", values)
            connection.commit()
        return ids

    def contents(self):
        paths = ["", "/directories", "/users", "/groups", f"/groups/{self.ids['group_id']}/members"]
        reads = [self.admin.get(f"/v1/organizations/{self.organization.id}{path}", expect=200).json for path in paths]
        for directory in reads[1]["directories"]:
            del directory["health"]
        tokens = self.admin.get(f"/v1/directories/{self.organization.directory_id}/tokens", expect=200).json
        for token in tokens["tokens"]:
            del token["last_used_at"]
        catalog = self.admin.get(f"/v1/directories/{self.organization.directory_id}/catalog", expect=200).json
        roles = self.admin.get("/v1/roles", expect=200).json
        mappings = self.admin.get(f"/v1/directories/{self.organization.directory_id}/role-mappings", expect=200).json
        vendor_users = self.admin.get(f"/v1/directories/{self.organization.directory_id}/vendor-users", expect=200).json
        assert vendor_users["vendor_users"][0]["state"] == "matched"
        webhooks = self.admin.get("/v1/webhooks", expect=200).json
        deliveries = self.admin.get(f"/v1/webhooks/{self.ids['webhook_id']}/deliveries", expect=200).json
        for webhook in webhooks["webhooks"]:
            del webhook["health"]
        return reads, tokens, catalog, roles, mappings, vendor_users, webhooks, deliveries


@pytest.fixture(scope="module")
def worlds(shared_rollcall):
    shared_rollcall.ensure_running()
    return World(shared_rollcall), World(shared_rollcall)


def fill(operation, ids):
    return operation.path.format(**{name: ids[name] for name in operation.parameters})


def strip(answer):
    return {name: value for name, value in answer.json.items() if name != "instance"}


def is_no_id(schema):
    return "enum" in schema or "format" in schema or schema.get("type") in ("integer", "boolean")


def id_members(operation):
    """Members of its body that are called as if they took an id."""
    if operation.body is None:
        return []
    schema = resolve(operation.body["content"].get("application/json", {}).get("schema", {}))
    return [name for name in schema.get("properties", {}) if name.endswith(("_id", "_ids"))]


@pytest.mark.parametrize("operation", OPERATIONS, ids=repr)
def test_the_tables_of_this_file_have_everything(worlds, operation):
    mine, _ = worlds
    for name in operation.parameters:
        assert name in UNKNOWN, f"UNKNOWN needs a {name} that is not there"
        assert name in mine.ids or operation.scope == "operator key", f"World.ids needs a {name}"
    if operation.body is not None and operation.body.get("required"):
        assert operation.id in BODIES, f"BODIES needs a good body of {operation}"
    for name, parameter in operation.named("query").items():
        plain = name in PLAIN_QUERIES or is_no_id(resolve(parameter["schema"]))
        assert name in ID_QUERIES or plain, f"is ?{name}= an id? Add it to ID_QUERIES or PLAIN_QUERIES"
    for name in id_members(operation):
        assert name in ID_MEMBERS or name in PLAIN_MEMBERS, f"is {name} an id of ours? Add it to ID_MEMBERS or PLAIN_MEMBERS"


def answers_to_ids(rollcall, worlds, operation, kind, target, body):
    """To their id and to an unknown one. What changes things is tried on a world that nobody needs afterwards."""
    theirs = worlds[1]
    before, answers = theirs.contents(), []
    for value in (theirs.ids[kind], UNKNOWN[kind]):
        mine = worlds[0] if operation.method == "GET" else World(rollcall)
        path = fill(operation, {**UNKNOWN, **mine.ids})
        answers.append(mine.admin.request(operation.method, path + target(value), json=body(value)))
    assert theirs.contents() == before
    return answers


@pytest.mark.parametrize(
    "operation, name",
    [(operation, name) for operation in VENDOR_OPERATIONS for name in operation.named("query") if name in ID_QUERIES],
    ids=repr,
)
def test_another_environments_ids_in_queries_are_unknown_ids(shared_rollcall, worlds, operation, name):
    foreign, unknown = answers_to_ids(
        shared_rollcall, worlds, operation, ID_QUERIES[name], lambda id: f"?{name}={id}", lambda id: BODIES.get(operation.id)
    )
    assert foreign.status == unknown.status and foreign.get("type") == unknown.get("type")
    if operation.method == "GET" and foreign.json is not None:
        assert strip(foreign) == strip(unknown)


@pytest.mark.parametrize(
    "operation, name",
    [(operation, name) for operation in VENDOR_OPERATIONS for name in id_members(operation) if name in ID_MEMBERS],
    ids=repr,
)
def test_another_environments_ids_in_bodies_are_unknown_ids(shared_rollcall, worlds, operation, name):
    foreign, unknown = answers_to_ids(
        shared_rollcall, worlds, operation, ID_MEMBERS[name], lambda id: "", lambda id: {**BODIES[operation.id], name: id}
    )
    assert foreign.status == unknown.status >= 400
    assert strip(foreign) == strip(unknown)


@pytest.mark.parametrize("operation", VENDOR_OPERATIONS_ON_IDS, ids=repr)
def test_another_environments_ids_are_unknown_ids(worlds, operation):
    mine, theirs = worlds
    before = theirs.contents()
    body = BODIES.get(operation.id)
    # Every mixture of theirs, mine and unknown in the path, except mine alone.
    for choice in itertools.product((theirs.ids, UNKNOWN, mine.ids), repeat=len(operation.parameters)):
        ids = {name: source[name] for name, source in zip(operation.parameters, choice)}
        if all(ids[name] == mine.ids[name] for name in ids):  # a version's number is nobody's own
            continue
        unknown = {name: UNKNOWN[name] if ids[name] != mine.ids.get(name) else ids[name] for name in ids}
        foreign = mine.admin.request(operation.method, fill(operation, ids), json=body, expect=404)
        same = mine.admin.request(operation.method, fill(operation, unknown), json=body, expect=404)
        assert strip(foreign) == strip(same)
    assert theirs.contents() == before


def test_the_vendors_own_id_is_looked_up_in_the_own_environment_only(worlds):
    mine, theirs = worlds
    path = f"/v1/organizations/external_id:{theirs.organization.external_id}"
    mine.admin.get(path, expect=404)
    theirs.admin.get(path, expect=200)
    environment = theirs.admin.get(path)["environment_id"]
    mine.admin.get(f"{path}?environment_id={environment}", expect=404)
    mine.admin.get(f"/v1/organizations?environment_id={environment}", expect=404)
    mine.admin.post("/v1/organizations", {"display_name": "x", "environment_id": environment}, expect=404)


def test_lists_hold_the_own_environment_only(worlds):
    mine, theirs = worlds
    found = mine.admin.get(f"/v1/organizations?external_id={theirs.organization.external_id}", expect=200)
    assert found["organizations"] == []
    listed = [organization["id"] for organization in mine.admin.get("/v1/organizations")["organizations"]]
    assert mine.organization.id in listed and theirs.organization.id not in listed


@pytest.mark.parametrize(
    "operation", [operation for operation in SECURED_OPERATIONS if operation.scope != "any key"], ids=repr
)
def test_AD_01_a_key_without_the_scope_is_refused_before_anything_is_looked_up(shared_rollcall, worlds, operation):
    mine, _ = worlds
    operator = shared_rollcall.operator
    environment = mine.admin.get(f"/v1/organizations/{mine.organization.id}")["environment_id"]
    others = [scope for scope in ("read", "manage", "tokens") if scope != operation.scope]
    key = operator.post(f"/v1/environments/{environment}/keys", {"label": "small", "scopes": others}, expect=201)["key"]
    small = mine.admin.with_key(key)
    ids = {**UNKNOWN, **mine.ids}
    refused = small.request(operation.method, fill(operation, ids), json=BODIES.get(operation.id), expect=403)
    assert "insufficient_scope" in refused.headers["www-authenticate"]
    small.wire.close()


@pytest.mark.parametrize("operation", SECURED_OPERATIONS, ids=repr)
def test_without_a_key_nothing_is_answered(worlds, operation):
    mine, _ = worlds
    ids = {**UNKNOWN, **mine.ids}
    mine.admin.request(
        operation.method, fill(operation, ids), json=BODIES.get(operation.id), authorization="", expect=401
    )
