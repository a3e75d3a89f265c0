"""The audit log of the admin API: who changed what, in chains that show when somebody changed them."""

import hashlib
import json
import subprocess
import threading
import uuid
from datetime import datetime, timedelta

import pytest

from harness.jwt import KeyPair
from harness.openapi import OPERATIONS, CheckedAdmin
from harness.rollcall import id_bytes
from harness.scim import Scim
from test_admin_conditions import good_body, send, something_undeclared
from test_admin_isolation import World as WorldOfEverything

ZEROS = "0" * 64


class World:
    """An environment of its own and a customer in it."""

    def __init__(self, rollcall):
        self.rollcall = rollcall
        self.admin = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
        made = self.admin.post("/v1/organizations", {"display_name": "Acme", "external_id": "acme"}, expect=201)
        self.organization, self.directory = made["organization"]["id"], made["directory"]["id"]
        self.environment = made["organization"]["environment_id"]
        self.chain = id_bytes(self.environment)

    def rename(self, name):
        return self.admin.patch(f"/v1/organizations/{self.organization}", {"display_name": name}, expect=200)

    def records(self, query=""):
        return self.admin.get(f"/v1/audit{query}", expect=200)["records"]

    def verdict(self):
        return self.admin.get("/v1/audit/verify", expect=200)


@pytest.fixture
def world(rollcall):
    return World(rollcall)


def verify_by_command(rollcall):
    """Exit status and what the command says of each chain."""
    variables = rollcall._environment("rollcall_admin")
    variables["ROLLCALL_DATABASE_URL"] = rollcall.database.url("rollcall_admin")
    command = [rollcall.build / "admin-api" / "rollcall-admin", "audit-verify"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.returncode, dict(line.split(": ", 1) for line in done.stdout.splitlines())


# --- what is told ---


def test_a_change_is_told_with_what_was_before_and_after(world):
    answer = world.rename("Acme 2")
    record = world.records()[-1]
    assert record["action"] == "organization.update"
    assert record["actor"].startswith("key-")
    assert record["environment_id"] == world.environment and record["organization_id"] == world.organization
    assert record["request_id"] == answer.headers["x-request-id"]
    assert record["detail"] == {
        "id": world.organization,
        "before": {"display_name": "Acme"},
        "after": {"display_name": "Acme 2"},
    }


def test_what_is_made_has_an_after_and_what_is_deleted_a_before(world):
    made = world.records()[-1]
    assert made["action"] == "organization.create" and made["directory_id"] == world.directory
    assert made["detail"]["after"]["external_id"] == "acme" and "before" not in made["detail"]
    world.admin.delete(f"/v1/organizations/{world.organization}", expect=204)
    deleted = world.records()[-1]
    assert deleted["action"] == "organization.delete"
    assert deleted["detail"]["before"]["display_name"] == "Acme"


def test_tokens_are_told_without_their_text(world):
    path = f"/v1/directories/{world.directory}/tokens"
    token = world.admin.post(path, {"label": "x"}, expect=201)
    world.admin.delete(f"{path}/{token['id']}", expect=204)
    world.admin.post(f"{path}/rotate", {"overlap_seconds": 60}, expect=201)
    minted, revoked, rotated = world.records()[-3:]
    assert minted["detail"]["id"] == token["id"] and minted["detail"]["after"]["label"] == "x"
    assert revoked["detail"]["before"] == {"revoked_at": None} and revoked["detail"]["after"]["revoked_at"]
    assert rotated["detail"]["overlap_seconds"] == 60
    assert "scimt_" not in json.dumps([minted, revoked, rotated])


def test_what_is_refused_and_what_is_read_leaves_no_record(world):
    before = world.records()
    world.admin.patch(f"/v1/organizations/{world.organization}", {"display_name": ""}, expect=422)
    world.admin.post("/v1/organizations", {"display_name": "x", "external_id": "acme"}, expect=409)
    world.admin.get(f"/v1/organizations/{world.organization}", expect=200)
    assert world.records() == before


# What a receiver has taken of a stream is no change of anything that is the vendor's to see.
WRITES = [operation for operation in OPERATIONS if operation.method != "GET" and operation.id != "stream.poll"]
# Those that are not sent by a key: test_admin_setup.py.
OF_SESSIONS = [operation for operation in WRITES if operation.path.startswith("/v1/setup/")]
STARTS_JOB = {"vendor_user.import", "directory.rewind", "directory_user.delete_deactivated", "guard.revert"}
# What is told of an operation when it is not what its method says: whose members of "before" and "after", and why.
TOLD = {
    "token.rotate": ({"after"}, "the one that is new; the others have their end in the list of tokens"),
    "key.revoke": ({"before", "after"}, "it stays in the list"),
    "operator_key.revoke": ({"before", "after"}, "it stays in the list"),
    "signing_key.revoke": ({"before", "after"}, "it stays in the list"),
    "setup_link.revoke": ({"before", "after"}, "it stays in the list"),
    "token.revoke": ({"before", "after"}, "it stays in the list"),
    "vendor_user.unlink": ({"before", "after"}, "the vendor user stays"),
    "webhook.ping": (set(), "something is sent, and nothing changes"),
    "webhook.replay": (set(), "likewise"),
    "webhook_delivery.replay": (set(), "likewise"),
    "directory.delete": ({"before"}, "what is left is in grace, and not shown"),
}
# Nothing differs in a fresh world: test_a_guard_that_is_released_…, test_a_job_that_is_cancelled_….
SAME = {"guard.release", "job.cancel"}


def told_of(operation, status):
    if operation.id in TOLD:
        return TOLD[operation.id][0]
    if operation.method == "DELETE":
        return {"before"}
    return {"after"} if status == 201 else {"before", "after"}


def signing_key():
    return {"label": "x", "jwk": KeyPair().jwk}


def a_title(world):
    world.organization.scim.patch(f"/Users/{world.ids['user_id']}", {"op": "add", "path": "title", "value": "x"}, expect=200)


def a_name(world):
    rename = {"op": "replace", "path": "displayName", "value": "Renamed"}
    world.organization.scim.patch(f"/Groups/{world.ids['group_id']}", rename)


# So that there is something to do.
BEFORE = {"user.restore": a_title, "group.restore": a_name, "undeclared_attribute.declare": something_undeclared}


class OperatorsWorld(WorldOfEverything):
    """As an operator sees it, with an environment of its own, which nothing is in."""

    def __init__(self, rollcall):
        self.admin = CheckedAdmin(rollcall.admin_url, rollcall.operator.key)
        made = self.admin.post("/v1/environments", {"name": f"env {uuid.uuid4()}"}, expect=201)
        path = f"/v1/environments/{made['id']}"
        self.ids = {
            "environment_id": made["id"],
            "key_id": self.admin.post(f"{path}/keys", {"label": "x"}, expect=201)["id"],
            "signing_key_id": self.admin.post(f"{path}/signing-keys", signing_key(), expect=201)["id"],
            "operator_key_id": self.admin.post("/v1/operator-keys", {"label": "x"}, expect=201)["id"],
        }


@pytest.mark.parametrize("operation", [one for one in WRITES if one not in OF_SESSIONS], ids=repr)
def test_every_change_is_told_with_what_it_changed(shared_rollcall, operation):
    shared_rollcall.ensure_running()
    by_operator = operation.scope == "operator key"
    world = (OperatorsWorld if by_operator else WorldOfEverything)(shared_rollcall)
    body = good_body(world, operation)
    if operation.id.startswith("environment."):
        body = body and {"name": f"env {uuid.uuid4()}"}
    if operation.id == "signing_key.create":
        body = signing_key()
    if operation.id in BEFORE:
        BEFORE[operation.id](world)
    answer = send(world, operation, body)
    assert 200 <= answer.status < 300, answer
    sql = "SELECT action, detail, directory_id FROM audit WHERE request_id = %s"
    [(action, detail, directory)] = shared_rollcall.database.query(sql, answer.headers["x-request-id"])
    detail = json.loads(detail)
    assert action in (operation.id, operation.id.encode())
    if "directory_id" in operation.parameters:
        assert directory == id_bytes(world.ids["directory_id"])
    if operation.id in STARTS_JOB:
        assert answer.status == 202
        assert (detail["job"], detail["kind"]) == (answer["id"], answer["kind"]) and "parameters" in detail
        assert body is None or isinstance(body, bytes) or set(body) <= set(detail["parameters"])
        return
    told = told_of(operation, answer.status)
    assert {name for name in ("before", "after") if name in detail} == told, detail
    assert not told or operation.id in SAME or any(detail[name] for name in told), detail


def test_a_guard_that_is_released_is_told_with_how_many_were_held(rollcall, world):
    path = f"/v1/directories/{world.directory}"
    token = world.admin.post(f"{path}/tokens", {"label": "x"}, expect=201)["token"]
    connector = world.admin.get(f"/v1/organizations/{world.organization}", expect=200)["connector_url"]
    world.admin.patch(path, {"policy": {"guard": {"enabled": True, "max_users": 1, "max_percent": None}}}, expect=200)
    scim = Scim(connector, token)
    for user in [scim.new_user()["id"] for _ in range(2)]:
        scim.delete(f"/Users/{user}", expect=204)
    world.admin.post(f"{path}/guard/release", expect=200)
    detail = world.records()[-1]["detail"]
    assert (detail["before"]["state"], detail["before"]["held"]) == ("guarded", 2)
    assert (detail["after"]["state"], detail["after"]["held"], detail["users"]) == ("open", 0, "all")


def test_a_job_that_is_cancelled_is_told_with_its_state(rollcall, world):
    job, now = f"job-{world.organization[4:]}", int(datetime.now().timestamp() * 1000)
    rollcall.database.execute(
        "INSERT INTO job (id, environment_id, kind, state, actor, parameters, checkpoint, created_ms)"
        " VALUES (%s, %s, 'unknown', 1, 'key-x', '{}', '{}', %s)",
        id_bytes(job),
        world.chain,
        now,
    )
    world.admin.post(f"/v1/jobs/{job}/cancel", expect=200)
    detail = world.records()[-1]["detail"]
    assert detail["job"] == detail["id"] == job
    assert (detail["before"]["state"], detail["after"]["state"]) == ("waiting", "cancelled")


def test_of_what_is_too_large_the_log_has_what_was_done(world):
    path = f"/v1/directories/{world.directory}"
    schema = {"id": "urn:example:Wide", "attributes": [{"name": f"a{n}", "description": "x" * 900} for n in range(80)]}
    world.admin.post(f"{path}/schemas", schema, expect=201)
    world.admin.put(f"{path}/catalog", {"schemas": [], "resource_types": []}, expect=200)
    replaced = world.records()[-1]
    assert replaced["action"] == "catalog.replace"
    assert replaced["detail"] == {"schemas": 0, "resource_types": 0, "too_large": True}


def test_what_is_told_of_people_is_without_names(shared_rollcall):
    shared_rollcall.ensure_running()
    world = WorldOfEverything(shared_rollcall)
    path = "/v1/directories/{directory_id}".format(**world.ids)
    vendor_user = f"{path}/vendor-users/{world.ids['vendor_user_id']}"
    world.admin.post(f"{path}/users/{world.ids['user_id']}/restore", {"version": 1}, expect=200)
    world.admin.delete(f"{vendor_user}/link", expect=204)
    world.admin.delete(vendor_user, expect=204)
    deleted, unlinked, restored = world.admin.get("/v1/audit?order=newest&limit=3", expect=200)["records"]
    assert restored["detail"]["id"] == world.ids["user_id"]
    assert unlinked["detail"]["before"]["user_id"] == world.ids["user_id"]
    assert unlinked["detail"]["after"]["user_id"] is None and deleted["detail"]["before"]["state"] == "conflict"
    assert "somebody" not in json.dumps([restored, unlinked, deleted])


def test_what_an_operator_does_in_an_environment_is_told_to_its_vendor(world, rollcall):
    operator = CheckedAdmin(rollcall.admin_url, rollcall.operator.key)
    name = f"env {uuid.uuid4()}"
    operator.patch(f"/v1/environments/{world.environment}", {"name": name}, expect=200)
    record = world.records()[-1]
    assert record["actor"].startswith("opk-") and record["detail"]["after"] == {"name": name}
    assert operator.get(f"/v1/audit?environment_id={world.environment}", expect=200)["records"][-1] == record


def test_environments_themselves_are_told_to_operators(rollcall):
    operator = CheckedAdmin(rollcall.admin_url, rollcall.operator.key)
    made = operator.post("/v1/environments", {"name": f"env {uuid.uuid4()}"}, expect=201)
    operator.delete(f"/v1/environments/{made['id']}", expect=204)
    deleted, created = operator.get("/v1/audit?order=newest&limit=2", expect=200)["records"]
    assert (created["action"], deleted["action"]) == ("environment.create", "environment.delete")
    assert created["chain"] == deleted["chain"] == "operators"
    assert deleted["detail"]["before"]["name"] == made["name"]


def test_the_log_of_an_environment_outlives_it(rollcall):
    operator = CheckedAdmin(rollcall.admin_url, rollcall.operator.key)
    environment = operator.post("/v1/environments", {"name": f"env {uuid.uuid4()}"}, expect=201)["id"]
    operator.post(f"/v1/environments/{environment}/keys", {"label": "x"}, expect=201)
    operator.delete(f"/v1/environments/{environment}", expect=204)
    records = operator.get(f"/v1/audit?environment_id={environment}", expect=200)["records"]
    assert [record["action"] for record in records] == ["key.create"]
    assert operator.get(f"/v1/audit/verify?environment_id={environment}", expect=200)["intact"]
    operator.get("/v1/audit?environment_id=org-x", expect=404)


# --- lists ---


def test_records_are_filtered(world):
    other = world.admin.post("/v1/organizations", {"display_name": "Other"}, expect=201)
    world.rename("Acme 2")
    everything = world.records()
    actor = everything[-1]["actor"]
    of_other = world.records(f"?organization_id={other['organization']['id']}")
    assert [record["action"] for record in of_other] == ["organization.create"]
    assert [record["action"] for record in world.records(f"?directory_id={world.directory}")] == ["organization.create"]
    assert [record["detail"]["after"] for record in world.records("?action=organization.update")] == [{"display_name": "Acme 2"}]
    assert world.records(f"?actor={actor}") == [record for record in everything if record["actor"] == actor]
    at = everything[-1]["created_at"]
    assert world.records(f"?since={at}") == [record for record in everything if record["created_at"] >= at]
    assert world.records(f"?until={at}") == [record for record in everything if record["created_at"] < at]
    assert world.records("?order=newest") == everything[::-1]
    for wrong in ("since=yesterday", "organization_id=x", "directory_id=org-1", "order=random", "until="):
        world.admin.get(f"/v1/audit?{wrong}", expect=400)


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_pages_hold_every_record_once(world, order):
    for number in range(5):
        world.rename(f"Acme {number}")
    found, path = [], f"/v1/audit?limit=2&order={order}"
    while path:
        page = world.admin.get(path, expect=200)
        assert len(page["records"]) <= 2
        found += page["records"]
        path = page["next_cursor"] and f"/v1/audit?limit=2&order={order}&cursor={page['next_cursor']}"
    assert found == world.records(f"?order={order}")


def test_another_environments_log_is_not_there(world, rollcall):
    other = World(rollcall)
    assert not {record["environment_id"] for record in world.records()} - {world.environment}
    for path in ("/v1/audit", "/v1/audit/export", "/v1/audit/verify"):
        world.admin.get(f"{path}?environment_id={other.environment}", expect=404)
    cursor = other.admin.get("/v1/audit?limit=1", expect=200)["next_cursor"]
    world.admin.get(f"/v1/audit?cursor={cursor}", expect=400)


# --- the export, and what a stranger can check of it ---


def export(world, limit):
    lines, path = [], f"/v1/audit/export?limit={limit}"
    while path:
        answer = world.admin.get(path, expect=200)
        assert answer.headers["content-type"] == "application/x-ndjson"
        lines += answer.body.splitlines()
        following = [link for link in answer.headers.get("link", "").split(", ") if link.endswith('rel="next"')]
        path = following and following[0][1:].split(">")[0].removeprefix(world.rollcall.admin_url)
    return lines


def continuous(lines, previous=ZEROS):
    """As docs/audit.md says."""
    for line in lines:
        hash, record = json.loads(line)["hash"], line.split(b'"record":', 1)[1][:-1]
        if hashlib.blake2b(bytes.fromhex(previous) + record, digest_size=32).hexdigest() != hash:
            return False
        previous = hash
    return previous


def test_AD_13_an_export_can_be_checked_by_whoever_holds_it(world):
    for number in range(4):
        world.rename(f'Acme "{number}" é\u2028')
    lines = export(world, limit=2)
    records = world.records()
    assert [json.loads(line)["record"] for line in lines] == [
        {name: value for name, value in record.items() if name != "hash"} for record in records
    ]
    assert continuous(lines) == records[-1]["hash"] == world.verdict()["hash"]
    assert not continuous(lines[:1] + lines[2:])
    assert not continuous([lines[0], lines[2], lines[1]])
    assert not continuous([lines[0], lines[1].replace(b"organization.create", b"organization.delete"), *lines[2:]])


# --- exact under concurrency ---


def test_changes_at_a_time_make_one_chain(world):
    threads, count = 6, 8

    def work(number):
        client = world.admin.with_key(world.admin.key)
        for turn in range(count):
            client.post("/v1/organizations", {"display_name": f"{number}.{turn}"}, expect=201)
        client.wire.close()

    before = len(world.records())
    running = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    records = world.records("?limit=1000")
    assert len(records) == before + threads * count
    assert [record["position"] for record in records] == list(range(1, len(records) + 1))
    assert world.verdict()["intact"] and world.verdict()["end_position"] == len(records)
    assert continuous(export(world, limit=7)) == records[-1]["hash"]


# --- tampering ---

TAMPERINGS = {
    "flipped detail": ("UPDATE audit SET detail = REPLACE(detail, 'Acme 2', 'Acme 9') WHERE chain = %s AND position = 4", 4),
    "another actor": ("UPDATE audit SET actor = 'opk-x' WHERE chain = %s AND position = 2", 2),
    "another time": ("UPDATE audit SET created_ms = created_ms + 1 WHERE chain = %s AND position = 4", 4),
    "another hash": ("UPDATE audit SET hash = REVERSE(hash) WHERE chain = %s AND position = 2", 2),
    "another seal": ("UPDATE audit SET seal = REVERSE(seal) WHERE chain = %s AND position = 2", 2),
    "deleted": ("DELETE FROM audit WHERE chain = %s AND position = 3", 3),
    "deleted first": ("DELETE FROM audit WHERE chain = %s AND position = 1", 1),
    "truncated": ("DELETE FROM audit WHERE chain = %s AND position >= 4", 4),
    "taken out of the chain": ("UPDATE audit SET chain = NULL WHERE chain = %s AND position = 2", 2),
    "head moved back": ("UPDATE audit_chain SET position = position - 1 WHERE id = %s", 4),
    "head of another hash": ("UPDATE audit_chain SET hash = REVERSE(hash) WHERE id = %s", 5),
    "head of another seal": ("UPDATE audit_chain SET seal = REVERSE(seal) WHERE id = %s", 5),
}


@pytest.fixture
def five(world):
    """A chain of five records: a key, a customer, and its name changed three times."""
    for number in range(1, 4):
        world.rename(f"Acme {number}")
    assert world.verdict()["intact"] and world.verdict()["end_position"] == 5
    yield world
    world.rollcall.database.execute("DELETE FROM audit WHERE chain = %s", world.chain)
    world.rollcall.database.execute("DELETE FROM audit_chain WHERE id = %s", world.chain)


def broken_at(world, position):
    verdict = world.verdict()
    assert not verdict["intact"] and verdict["problem"]["position"] == position, verdict.json
    status, chains = verify_by_command(world.rollcall)
    assert status == 3 and chains[world.environment].startswith(f"BROKEN at record {position}: "), chains
    return verdict["problem"]["detail"]


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampering_is_found(five, tampering):
    statement, position = TAMPERINGS[tampering]
    assert five.rollcall.database.execute(statement, five.chain) > 0
    broken_at(five, position)


def test_two_records_that_change_places_are_found(five):
    database = five.rollcall.database
    for old, new in ((2, 99), (3, 2), (99, 3)):
        assert database.execute("UPDATE audit SET position = %s WHERE chain = %s AND position = %s", new, five.chain, old) == 1
    broken_at(five, 2)


COPY = (
    "INSERT INTO audit (id, actor, action, environment_id, detail, request_id, created_ms, chain, position, hash, seal, pepper_version)"
    " SELECT %s, actor, action, environment_id, detail, request_id, created_ms, chain, %s, hash, seal, pepper_version"
    " FROM audit WHERE chain = %s AND position = 5"
)


def test_a_record_that_was_written_by_hand_is_found(five):
    database = five.rollcall.database
    assert database.execute(COPY, uuid.uuid4().bytes, 6, five.chain) == 1
    broken_at(five, 5)


def test_a_history_that_was_written_anew_from_a_point_on_is_found(five):
    """Hashes are no secret, so they can be made to fit; seals cannot."""
    database, previous = five.rollcall.database, bytes.fromhex(five.records()[1]["hash"])
    for line in export(five, limit=1000)[2:]:
        record = line.split(b'"record":', 1)[1][:-1].replace(b"Acme", b"Evil")
        previous = hashlib.blake2b(previous + record, digest_size=32).digest()
        database.execute(
            "UPDATE audit SET detail = REPLACE(detail, 'Acme', 'Evil'), hash = %s WHERE chain = %s AND position = %s",
            previous, five.chain, json.loads(line)["record"]["position"],
        )
    database.execute("UPDATE audit_chain SET hash = %s WHERE id = %s", previous, five.chain)
    assert continuous(export(five, limit=1000)), "the hashes fit"
    assert "not written by Rollcall" in broken_at(five, 3)


def test_what_was_cut_off_stays_found_when_the_chain_goes_on(five):
    """The admin API goes on, but does not put its seal under what it did not write."""
    database = five.rollcall.database
    [(hash,)] = database.query("SELECT hash FROM audit WHERE chain = %s AND position = 3", five.chain)
    database.execute("DELETE FROM audit WHERE chain = %s AND position > 3", five.chain)
    database.execute("UPDATE audit_chain SET position = 3, hash = %s WHERE id = %s", hash, five.chain)
    five.rename("Acme 9")
    five.rename("Acme 10")
    assert "moved by somebody else" in broken_at(five, 5)


def test_a_record_of_a_history_that_was_given_up_is_found(five):
    """Sealed by Rollcall and in its place, but from before the database was put back: the head knows another one."""
    database, columns = five.rollcall.database, "position, hash, seal"
    [head] = database.query(f"SELECT {columns} FROM audit_chain WHERE id = %s", five.chain)
    five.rename("Acme given up")
    keep = "CREATE OR REPLACE TABLE kept_audit AS SELECT * FROM audit WHERE chain = %s AND position = 6"
    database.execute(keep, five.chain)
    database.execute("DELETE FROM audit WHERE chain = %s AND position = 6", five.chain)
    database.execute("UPDATE audit_chain SET position = %s, hash = %s, seal = %s WHERE id = %s", *head, five.chain)
    assert five.verdict()["intact"], "as it was before; nobody can tell"
    five.rename("Acme instead")
    database.execute("DELETE FROM audit WHERE chain = %s AND position = 6", five.chain)
    database.execute("INSERT INTO audit SELECT * FROM kept_audit")
    database.execute("DROP TABLE kept_audit")
    assert "not the one that the chain ends with" in broken_at(five, 6)


def test_a_chain_that_is_gone_as_a_whole_is_missed(five):
    database = five.rollcall.database
    database.execute("DELETE FROM audit WHERE chain = %s", five.chain)
    database.execute("DELETE FROM audit_chain WHERE id = %s", five.chain)
    status, chains = verify_by_command(five.rollcall)
    assert status == 3 and chains[five.environment] == "BROKEN: the chain is missing"


def test_the_admins_account_can_neither_change_nor_delete_records(rollcall):
    grants = rollcall.database.query(
        "SELECT table_name, privilege_type FROM information_schema.table_privileges WHERE grantee LIKE %s AND table_name IN ('audit', 'audit_chain')",
        "%rollcall_control%",
    )
    assert set(grants) == {
        ("audit", "SELECT"), ("audit", "INSERT"),
        ("audit_chain", "SELECT"), ("audit_chain", "INSERT"), ("audit_chain", "UPDATE"),
    }


def test_an_untouched_log_is_intact(own_rollcall):
    world = World(own_rollcall)
    status, chains = verify_by_command(own_rollcall)
    assert status == 0
    assert chains[world.environment].startswith("intact, records 1 to 2, ") and chains["operators"].startswith("intact")


# --- taking old records away ---


def trim(rollcall, days, account=None):
    variables = rollcall._environment(account)
    variables["ROLLCALL_DATABASE_URL"] = rollcall.database.url(account or "root")
    command = [rollcall.build / "admin-api" / "rollcall-admin", "audit-trim", "--audit-retention", str(days)]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)


def seal(rollcall, purpose, *parts):
    """As auth/seal.h and audit_chain.c say: for this, one needs the pepper."""
    version, pepper = rollcall.pepper.read_text().split()
    text = b"seal/v1" + bytes([len(purpose)]) + purpose + b"".join(parts)
    return hashlib.blake2b(text, key=bytes.fromhex(pepper), digest_size=16).digest()


def backdate(world, count, days):
    """The first records of the chain as they would be if they had been written so many days ago."""
    rollcall, database, previous = world.rollcall, world.rollcall.database, bytes(32)
    for line in export(world, limit=1000):
        record = line.split(b'"record":', 1)[1][:-1]
        position, at = json.loads(record)["position"], datetime.fromisoformat(json.loads(record)["created_at"])
        if position <= count:
            then = (at - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            record = record.replace(json.loads(record)["created_at"].encode(), then.encode(), 1)
        previous = hashlib.blake2b(previous + record, digest_size=32).digest()
        new_seal = seal(rollcall, b"audit record", world.chain, position.to_bytes(8, "big"), previous)
        database.execute(
            "UPDATE audit SET created_ms = created_ms - %s, hash = %s, seal = %s WHERE chain = %s AND position = %s",
            days * 86400000 if position <= count else 0, previous, new_seal, world.chain, position,
        )
    new_seal = seal(rollcall, b"audit head", world.chain, position.to_bytes(8, "big"), previous, bytes(8), bytes(32))
    database.execute("UPDATE audit_chain SET hash = %s, seal = %s WHERE id = %s", previous, new_seal, world.chain)


def test_old_records_are_taken_away_and_the_rest_stays_verifiable(own_rollcall):
    world = World(own_rollcall)
    for number in range(4):
        world.rename(f"Acme {number}")
    backdate(world, 3, days=400)
    assert world.verdict()["intact"], "the test seals as Rollcall does"
    lines, before = export(world, limit=100), world.records()
    assert trim(own_rollcall, 500).stdout == "" and world.records() == before
    done = trim(own_rollcall, 365)
    assert (done.returncode, done.stdout) == (0, f"{world.environment}: 3 records taken away\n"), done.stderr
    assert world.records() == before[3:]
    verdict = world.verdict()
    assert verdict["intact"] and verdict["first_position"] == 4 and verdict["previous_hash"] == before[2]["hash"]
    operator = CheckedAdmin(own_rollcall.admin_url, own_rollcall.operator.key)
    record = operator.get("/v1/audit?action=audit.trim", expect=200)["records"][-1]
    assert record["actor"] == "command line" and record["detail"] == {"chain": world.environment, "up_to_position": 3}
    world.rename("Acme 9")
    assert verify_by_command(own_rollcall)[0] == 0
    assert continuous(export(world, limit=2), continuous(lines[:3])) == world.records()[-1]["hash"]


def test_what_was_taken_away_cannot_be_put_back_otherwise(own_rollcall):
    world = World(own_rollcall)
    world.rename("Acme 1")
    backdate(world, 2, days=400)
    rows = own_rollcall.database.query("SELECT id FROM audit WHERE chain = %s AND position = 1", world.chain)
    assert trim(own_rollcall, 365).returncode == 0
    own_rollcall.database.execute("UPDATE audit SET position = 1 WHERE chain = %s AND position = 3", world.chain)
    assert rows and not world.verdict()["intact"]


def test_nothing_is_taken_from_a_broken_chain_nor_without_the_right_to(own_rollcall):
    world = World(own_rollcall)
    backdate(world, 1, days=400)
    refused = trim(own_rollcall, 365, account="rollcall_admin")
    assert refused.returncode == 1 and world.verdict()["intact"]
    assert "--audit-retention" in trim(own_rollcall, 0).stderr
    own_rollcall.database.execute("UPDATE audit SET actor = 'opk-x' WHERE chain = %s AND position = 2", world.chain)
    refused = trim(own_rollcall, 365)
    assert refused.returncode == 1 and "broken at record 2" in refused.stderr
    assert len(world.records()) == 2


def test_rules_of_a_directory_are_told_with_what_was_before(world):
    directory = f"/v1/directories/{world.directory}"
    world.admin.patch(f"{directory}/policy", {"strict": True}, expect=200)
    world.admin.patch(f"{directory}/policy", {"strict": False}, expect=200)
    world.admin.post(f"{directory}/schemas", {"id": "urn:example:A", "attributes": [{"name": "a"}]}, expect=201)
    world.admin.put(f"{directory}/schemas/urn:example:A", {"attributes": [{"name": "b"}]}, expect=200)
    world.admin.delete(f"{directory}/schemas/urn:example:A", expect=204)
    role = world.admin.post("/v1/roles", {"name": "admin"}, expect=201)["name"]
    world.admin.put(f"{directory}/role-mappings", {"rules": [], "default_role": role}, expect=200)
    told = {record["action"]: record["detail"] for record in world.records()}
    assert told["policy.update"]["before"] == {"strict": True} and told["policy.update"]["after"] == {"strict": False}
    replaced = told["schema.replace"]
    assert [entry["name"] for entry in replaced["before"]["attributes"]] == ["a"]
    assert [entry["name"] for entry in replaced["after"]["attributes"]] == ["b"]
    assert [entry["name"] for entry in told["schema.delete"]["before"]["attributes"]] == ["b"]
    mapped = told["role_mapping.replace"]
    assert (mapped["before"]["default_role"], mapped["after"]["default_role"]) == (None, "admin")
