"""The clients of docs/clients, as real processes: whatever is killed in between, their table comes to equal the directory."""

import json
import os
import random
import sqlite3
from pathlib import Path

import pytest

from harness.database import ROOT
from harness.process import Process
from harness.scim import Scim
from harness.stored import directory_of
from harness.wait import until
from harness.writers import RandomWriters

CLIENTS = ROOT / "docs" / "clients"
COMMANDS = {
    "consumer.py": ["/usr/bin/python3", "consumer.py"],
    "consumer.mjs": ["node", "consumer.mjs"],
    "consumer.sh": ["bash", "consumer.sh"],
}
SEED = int(os.environ.get("ROLLCALL_SEED", "7"))
EMPTY = {"users": {}, "groups": {}, "members": set()}


class Client:
    """One that runs, is killed, and runs again."""

    def __init__(self, rollcall, directory, name, admin=None):
        self.rollcall, self.name, self.table_file = rollcall, name, Path(directory) / "people"
        self.log = Path(directory) / "log"
        self.variables = {**os.environ, "ROLLCALL_URL": rollcall.admin_url, "ROLLCALL_KEY": (admin or rollcall.admin).key}
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        program, script = COMMANDS[self.name]
        command = [program, str(CLIENTS / script), str(self.table_file)]
        self.process = Process(self.name, command, self.log, self.variables)

    def kill(self):
        """With what it has started: curl may be under way."""
        self.process.expected_to_end = True
        if self.process.running:
            os.killpg(self.process.pid, 9)
        self.process.wait()

    def table(self):
        try:
            return self._of_database() if self.name.endswith(".py") else self._of_file()
        except (FileNotFoundError, sqlite3.OperationalError):  # it has not begun, or begins again
            return EMPTY

    def _of_database(self):
        with sqlite3.connect(f"file:{self.table_file}?mode=rw", uri=True, timeout=30) as db:
            db.execute("BEGIN")
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'place'").fetchone():
                return EMPTY
            found = {noun: db.execute(f"SELECT id, version, document FROM {noun}").fetchall() for noun in ("users", "groups")}
            members = set(db.execute("SELECT group_id, member_id FROM members"))
        rows = {noun: {id: (version, json.loads(text)) for id, version, text in found[noun]} for noun in found}
        return {**rows, "members": members}

    def _of_file(self):
        table = json.loads(self.table_file.read_text())
        rows = {
            noun: {id: (row["version"], row["document"]) for id, row in table[noun].items()} for noun in ("users", "groups")
        }
        return {**rows, "members": {(id, member) for id, row in table["groups"].items() for member in row["members"]}}

    def place(self):
        """Where in the feed it is."""
        if not self.name.endswith(".py"):
            return self.table_file.exists() and json.loads(self.table_file.read_text() or "{}").get("cursor")
        with sqlite3.connect(f"file:{self.table_file}?mode=rw", uri=True, timeout=30) as db:
            return db.execute("SELECT MAX(cursor) FROM place").fetchone()[0]

    def comes_to(self, *organizations):
        expected = {noun: type(EMPTY[noun])() for noun in EMPTY}
        for organization in organizations:
            for noun, rows in directory_of(organization.scim).items():
                expected[noun] |= rows
        self.shows(lambda table: table, expected)
        return expected

    def shows(self, view, expected):
        """view: what of the table is compared."""

        def is_same():
            assert self.process.running, self.log.read_text()
            return view(self.table()) == expected

        try:
            until(is_same, seconds=90)
        except AssertionError:
            assert view(self.table()) == expected, self.log.read_text()[-2000:]


def restart_admin(rollcall):
    rollcall.admin_process.kill()
    rollcall.ensure_running()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_table_stays_in_step_through_kills_of_both_sides(own_rollcall, tmp_path, name):
    rollcall, chance = own_rollcall, random.Random(SEED)
    organizations = [rollcall.new_organization(), rollcall.new_organization()]
    for organization in organizations:
        people = [organization.scim.new_user()["id"] for _ in range(5)]
        organization.scim.new_group("Before", people[:3])
    writers = RandomWriters(organizations, count=4, writes=150, seed=SEED)
    with Client(rollcall, tmp_path, name) as client:
        client.comes_to(*organizations)
        writers.start()
        while writers.running:
            place = client.place()
            until(lambda: client.place() != place or not writers.running, "the client goes on")
            writers.wait_for_more(chance.randint(1, 20))
            if chance.random() < 0.25:
                restart_admin(rollcall)
            else:
                client.kill()
                client.start()
        assert not writers.failures, writers.failures
        late = rollcall.new_organization()
        late.scim.new_group("Late", [late.scim.new_user()["id"]])
        found = client.comes_to(*organizations, late)
        assert found["users"] and found["groups"] and found["members"]


def purge(rollcall, organization):
    """As retention does it."""
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT environment_id FROM organization WHERE id = %s", (rollcall.id_bytes(organization.id),))
        environment = cursor.fetchone()[0]
        cursor.execute("UPDATE feed_end SET purged_sequence = last_sequence WHERE environment_id = %s", (environment,))
        cursor.execute("DELETE FROM feed WHERE environment_id = %s", (environment,))
        connection.commit()


@pytest.mark.parametrize("name", COMMANDS)
def test_who_was_away_for_too_long_begins_again(rollcall, tmp_path, name):
    admin = rollcall.new_environment()
    organization, leaves = rollcall.new_organization(admin), rollcall.new_organization(admin)
    scim = organization.scim
    people = [scim.new_user()["id"] for _ in range(4)]
    group = scim.new_group("Group", people)["id"]
    leaves.scim.new_group("Theirs", [leaves.scim.new_user()["id"]])
    with Client(rollcall, tmp_path, name, admin) as client:
        client.comes_to(organization, leaves)
        client.kill()
        admin.delete(f"/v1/organizations/{leaves.id}", expect=204)
        scim.delete(f"/Users/{people[0]}", expect=204)
        scim.delete(f"/Groups/{group}", expect=204)
        scim.patch(f"/Users/{people[1]}", {"op": "replace", "path": "title", "value": "new"}, expect=200)
        until(lambda: rollcall.database.query("SELECT COUNT(*) FROM outbox")[0][0] == 0, "all have their numbers")
        purge(rollcall, organization)
        scim.new_user("newcomer")
        client.start()
        client.comes_to(organization)
        assert "expired-cursor" in client.log.read_text()
        scim.new_group("Afterwards", people[1:])
        client.comes_to(organization)


@pytest.mark.parametrize("name", COMMANDS)
def test_customers_and_directories_that_go_and_come_back_do_so_in_the_table(rollcall, tmp_path, name):
    admin = rollcall.new_environment()
    stays, goes = rollcall.new_organization(admin), rollcall.new_organization(admin)
    for organization in (stays, goes):
        people = [organization.scim.new_user()["id"] for _ in range(3)]
        organization.scim.new_group("Group", people)
    with Client(rollcall, tmp_path, name, admin) as client:
        before = client.comes_to(stays, goes)
        admin.delete(f"/v1/organizations/{goes.id}", expect=204)
        client.comes_to(stays)
        admin.post(f"/v1/organizations/{goes.id}/restore", {}, expect=200)
        assert client.comes_to(stays, goes) == before
        goes.scim.new_user("afterwards")
        client.comes_to(stays, goes)

        second = admin.post(f"/v1/organizations/{stays.id}/directories", {"name": "second"}, expect=201)["id"]
        token = admin.post(f"/v1/directories/{second}/tokens", {"label": "x"}, expect=201)["token"]
        Scim(stays.connector_url, token).new_user("guest")
        until(lambda: len(client.table()["users"]) == 8, "the guest is there")
        admin.delete(f"/v1/directories/{second}", expect=204)
        client.comes_to(stays, goes)
        admin.post(f"/v1/directories/{second}/restore", {}, expect=200)
        until(lambda: len(client.table()["users"]) == 8, "the guest is back")


def without_versions(table):
    """Whose departure is held is told with the version that he really has."""
    return {noun: rows if noun == "members" else {id: row[1] for id, row in rows.items()} for noun, rows in table.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_departures_that_are_held_are_taken_back_in_the_table(rollcall, tmp_path, name):
    admin = rollcall.new_environment()
    organization = rollcall.new_organization(admin)
    scim, directory = organization.scim, f"/v1/directories/{organization.directory_id}"
    guard = {"enabled": True, "max_percent": None, "max_users": 2}
    admin.patch(directory, {"policy": {"guard": guard}}, expect=200)
    people = [scim.new_user()["id"] for _ in range(6)]
    scim.new_group("Crew", people)
    with Client(rollcall, tmp_path, name, admin) as client:
        before = without_versions(client.comes_to(organization))
        scim.delete(f"/Users/{people[0]}", expect=204)
        scim.patch(f"/Users/{people[1]}", {"op": "replace", "path": "active", "value": False}, expect=200)
        client.comes_to(organization)
        scim.delete(f"/Users/{people[2]}", expect=204)
        assert admin.get(f"{directory}/guard")["state"] == "guarded"
        client.shows(without_versions, before)
        client.kill()
        client.table_file.unlink()
        client.start()  # anew, from a snapshot
        client.shows(without_versions, before)
        admin.post(f"{directory}/guard/release", {}, expect=200)
        client.comes_to(organization)
