"""Deleting: gone at once for everyone, erased from the database soon after, whatever happens in between."""

import re
import time

import pytest

from harness.database import ROOT
from harness.openapi import CheckedAdmin
from harness.scim import Scim
from harness.wait import until

# Tables that name a directory or an organization and keep their rows when it is erased, with the reason
# (docs/internals/housekeeping.md).
KEPT = {
    "audit": "the log of what was done is append-only",
    "event": "what was told stays told until its retention ends; it says who and when; what the guard told of people goes",
    "feed": "numbers and ids; what they point to is erased, and passed over by who reads",
    "outbox": "emptied by the sequencer at once",
    "webhook_delivery": "numbers, ids, and what the vendor's own receiver answered; dropped after some weeks",
}
# Those whose single row goes in the last transaction.
LAST = {"primary_directory", "resource_count", "directory"}


def tables_with(database, column):
    rows = database.query(
        "SELECT c.table_name FROM information_schema.columns c"
        " JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
        " WHERE c.table_schema = %s AND c.column_name = %s AND t.table_type = 'BASE TABLE'",
        database.name,
        column,
    )
    return {table for (table,) in rows}


def erased_tables(column):
    """What sql/erase.sql deletes by this column, where erase.c names the statement."""
    room = ROOT / "admin-api"
    code = (room / "tenants" / "erase.c").read_text()
    statements = re.findall(r"-- name: (\w+)\nDELETE FROM `?(\w+)`? WHERE (\w+) = \?", (room / "sql" / "erase.sql").read_text())
    return {table for name, table, by in statements if by == column and re.search(rf"\bsql_{name}\b", code)}


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


class Rows:
    """How many rows an organization has in each table."""

    def __init__(self, rollcall, external_id):
        self.rollcall = rollcall
        (organization,) = self._one("SELECT id FROM organization WHERE external_id = %s", external_id)
        self.organization = organization
        self.directories = [row[0] for row in self._all("SELECT id FROM directory WHERE organization_id = %s", organization)]

    def _all(self, sql, *values):
        with self.rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()

    def _one(self, sql, *values):
        return self._all(sql, *values)[0]

    def of_directory(self, directory):
        count = 0
        for table in tables_with(self.rollcall.database, "directory_id") - set(KEPT):
            count += self._one(f"SELECT COUNT(*) FROM `{table}` WHERE directory_id = %s", directory)[0]
        return count + self._one("SELECT COUNT(*) FROM directory WHERE id = %s", directory)[0]

    def all(self):
        own = self._one("SELECT COUNT(*) FROM organization WHERE id = %s", self.organization)[0]
        for table in tables_with(self.rollcall.database, "organization_id") - set(KEPT):
            own += self._one(f"SELECT COUNT(*) FROM `{table}` WHERE organization_id = %s", self.organization)[0]
        return own + sum(self.of_directory(directory) for directory in self.directories)


def fill(scim, users=30):
    ids = [scim.new_user(f"u{i}", displayName=f"U {i}", emails=[{"value": f"u{i}@example.com"}])["id"] for i in range(users)]
    inner = scim.new_group("Inner", ids[:5])["id"]
    scim.new_group("Outer", ids + [inner])
    return ids


@pytest.mark.parametrize("column", ["directory_id", "organization_id"])
def test_every_table_of_tenants_is_erased_or_says_why_not(rollcall, column):
    """A table with such a column needs a statement in admin-api/sql/erase.sql that erase.c names."""
    there = tables_with(rollcall.database, column)
    assert there - erased_tables(column) - set(KEPT) - LAST == set()
    assert set(KEPT) <= there
    every = tables_with(rollcall.database, "directory_id") | tables_with(rollcall.database, "organization_id")
    assert LAST <= every and not set(KEPT) & erased_tables(column)


def test_tables_without_a_foreign_key_are_swept_for_what_comes_late(rollcall):
    """A row that nothing ties to its directory can be written after that was erased."""
    tied = {
        table
        for (table,) in rollcall.database.query(
            "SELECT table_name FROM information_schema.key_column_usage"
            " WHERE table_schema = %s AND referenced_table_name IS NOT NULL AND column_name = 'directory_id'",
            rollcall.database.name,
        )
    }
    code = (ROOT / "admin-api" / "tenants" / "erase_late.c").read_text()
    statements = re.findall(r"-- name: (\w+)\nDELETE FROM `?(\w+)`? WHERE directory_id = \?", (ROOT / "admin-api" / "sql" / "erase.sql").read_text())
    swept = {table for name, table in statements if re.search(rf"\bsql_{name}\b", code)}
    by_admin_alone = {"job", "setup_link"}  # made under the lock of a directory that is there
    behind_the_gate = {"change", "guard_news"}  # whoever writes holds the directory's row, and sees its state
    assert tables_with(rollcall.database, "directory_id") - set(KEPT) - tied - swept - by_admin_alone - behind_the_gate == set()


def test_what_comes_after_the_end_is_erased_too(rollcall, admin, org):
    directory = rollcall.id_bytes(org.directory_id)
    admin.delete(f"/v1/organizations/{org.id}?grace_days=0", expect=204)
    gone = "SELECT COUNT(*) FROM directory WHERE id = %s"
    until(lambda: rollcall.database.query(gone, directory) == ((0,),), "it is erased")
    hour = int(time.time()) // 3600 + 1  # none that is old enough to go anyway, or that the server counts in
    insert = "INSERT INTO directory_hour VALUES (%s, %s, 1, 0, 0)"
    rollcall.database.execute(insert, directory, hour)
    kept = rollcall.new_organization()
    kept.scim.get("/Users", expect=200)
    rollcall.database.execute(insert, rollcall.id_bytes(kept.directory_id), hour)
    rows = "SELECT COUNT(*) FROM directory_hour WHERE directory_id = %s AND hour = %s"
    until(lambda: rollcall.database.query(rows, directory, hour) == ((0,),), "what came late is erased")
    assert rollcall.database.query(rows, rollcall.id_bytes(kept.directory_id), hour) == ((1,),)


def test_a_deleted_organization_is_gone_at_once_and_erased(rollcall, admin, org, scim):
    user = fill(scim)[0]
    admin.post(f"/v1/organizations/{org.id}/directories", {"name": "Second"}, expect=201)
    rows = Rows(rollcall, org.external_id)
    assert rows.all() > 60

    admin.delete(f"/v1/organizations/{org.id}?grace_days=0", expect=204)
    scim.get(f"/Users/{user}", expect=401)
    admin.get(f"/v1/organizations/{org.id}", expect=404)
    admin.get(f"/v1/organizations/{org.id}/users", expect=404)
    admin.get(f"/v1/directories/{org.directory_id}", expect=404)
    admin.delete(f"/v1/organizations/{org.id}", expect=404)
    again = admin.post("/v1/organizations", {"display_name": "Again", "external_id": org.external_id}, expect=201)
    assert again["organization"]["id"] != org.id
    until(lambda: rows.all() == 0, "everything is erased", 120)


def test_a_deleted_directory_leaves_its_organization_and_siblings(rollcall, admin, org, scim):
    fill(scim, users=5)
    second = admin.post(f"/v1/organizations/{org.id}/directories", {"name": "Second"}, expect=201)["id"]
    token = admin.post(f"/v1/directories/{second}/tokens", {"label": "x"}, expect=201)["token"]
    new = Scim(org.connector_url, token)
    kept = new.new_user("kept")
    rows = Rows(rollcall, org.external_id)

    admin.delete(f"/v1/directories/{org.directory_id}?successor={second}&grace_days=0", expect=204)
    scim.get("/Users", expect=401)
    until(lambda: sorted(rows.of_directory(d) == 0 for d in rows.directories) == [False, True], "the first is erased")
    new.get(f"/Users/{kept['id']}", expect=200)
    listed = admin.get(f"/v1/organizations/{org.id}/users", expect=200)["users"]
    assert [user["userName"] for user in listed] == ["kept"]


def test_erasing_goes_on_after_a_restart(own_rollcall):
    rollcall = own_rollcall
    organization = rollcall.new_organization()
    fill(organization.scim, users=10)
    rows = Rows(rollcall, organization.external_id)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        rollcall.admin_process.stop()
        cursor.execute(
            "UPDATE directory SET state = 3, deleted_ms = 1, erase_ms = 1, with_organization = 1 WHERE organization_id = %s",
            (rows.organization,),
        )
        cursor.execute("UPDATE organization SET deleted_ms = 1, erase_ms = 1 WHERE id = %s", (rows.organization,))
    assert rows.all() > 30
    rollcall._start_admin()
    until(lambda: rows.all() == 0, "everything is erased", 120)


def test_old_changes_are_dropped_and_young_ones_kept(own_rollcall):
    rollcall = own_rollcall
    organization = rollcall.new_organization()
    organization.scim.new_user("young")
    old = b"\x01\x80" + bytes(14)  # made in 2022
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO `change` (operation_id, ordinal, directory_id, type, resource_id, kind, version, created_ms)"
            " SELECT %s, seq, %s, 1, %s, 3, 1, 1 FROM seq_1_to_2500",
            (old, old, old),
        )
        rollcall.admin_process.stop()
        rollcall._start_admin()

        def count(condition):
            cursor.execute(f"SELECT COUNT(*) FROM `change` WHERE operation_id {condition} %s", (old,))
            return cursor.fetchone()[0]

        until(lambda: count("=") == 0, "old changes are dropped")
        assert count("<>") == 1


def test_an_environment_can_go_when_its_organizations_are_erased(rollcall):
    admin = rollcall.new_environment()
    organization = rollcall.new_organization(admin)
    environment = admin.get(f"/v1/organizations/{organization.id}")["environment_id"]
    admin.post("/v1/streams", {"label": "x", "delivery": "poll"}, expect=201)
    admin.post("/v1/streams", {"label": "x", "delivery": "push", "url": "http://127.0.0.1:8443/"}, expect=201)
    rollcall.operator.delete(f"/v1/environments/{environment}", expect=409)
    admin.delete(f"/v1/organizations/{organization.id}?grace_days=0", expect=204)
    until(lambda: rollcall.operator.delete(f"/v1/environments/{environment}").status == 204, "the environment is deleted")
    admin.get("/v1/organizations", expect=401)
    for table in ("event_stream", "event_key", "webhook_endpoint"):
        left = rollcall.database.query(f"SELECT COUNT(*) FROM {table} WHERE environment_id = %s", rollcall.id_bytes(environment))
        assert left[0][0] == 0, table
