"""The clients of docs/clients, as real processes: whatever is killed in between, their table comes to equal the directory."""

import itertools
import json
import os
import random
import sqlite3
import threading
from pathlib import Path

import pytest

from harness.database import ROOT
from harness.process import Process
from harness.scim import Scim
from harness.stored import directory_of
from harness.wait import until

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
        if not self.table_file.exists() or self.table_file.stat().st_size == 0:
            return EMPTY
        return self._of_database() if self.name.endswith(".py") else self._of_file()

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


class Writer:
    """Writes at random, and knows which users and groups it has made."""

    def __init__(self, organization, random):
        self.scim, self.random = organization.client(), random
        self.users, self.groups = [], []
        self.numbers = itertools.count()
        self.name = f"{random.random()}"

    def write(self):
        ways = [self.create, self.create, self.title, self.title, self.switch, self.group, self.join, self.join]
        ways += [self.leave, self.replace, self.rename, self.delete, self.delete_group]
        self.random.choice(ways)()

    def user(self):
        return self.random.choice(self.users) if self.users else self.create()

    def create(self):
        name = f"u{next(self.numbers)}-{self.name}@example.com"
        self.users.append(self.scim.new_user(name, emails=[{"value": name, "primary": True}])["id"])
        return self.users[-1]

    def patch(self, path, *operations):
        assert self.scim.patch(path, *operations).status in (200, 204)

    def title(self):
        self.patch(f"/Users/{self.user()}", {"op": "replace", "path": "title", "value": f"Dr. \u2603 {self.random.random()}"})

    def switch(self):
        body = {"active": self.random.random() < 0.5, "nickName": self.random.choice("abc")}
        self.patch(f"/Users/{self.user()}", {"op": "replace", "value": body})

    def delete(self):
        if len(self.users) > 3:
            self.scim.delete(f"/Users/{self.users.pop(self.random.randrange(len(self.users)))}", expect=204)

    def some(self):
        return self.random.sample(self.users, min(len(self.users), self.random.randint(1, 5)))

    def group(self):
        group = self.scim.new_group(f"g{next(self.numbers)}-{self.name}", self.some())["id"]
        self.groups.append(group)
        return group

    def any_group(self):
        return self.random.choice(self.groups) if self.groups else self.group()

    def values(self, ids):
        return [{"value": id} for id in ids]

    def join(self):
        more = self.some() + [each for each in self.groups[:1] if len(self.groups) > 1]
        group = self.groups[-1] if more and more[-1] in self.groups else self.any_group()
        self.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": self.values(more)})

    def leave(self):
        operations = [{"op": "remove", "path": f'members[value eq "{user}"]'} for user in self.some()]
        if operations:
            self.patch(f"/Groups/{self.any_group()}", *operations)

    def replace(self):
        self.patch(f"/Groups/{self.any_group()}", {"op": "replace", "path": "members", "value": self.values(self.some())})

    def rename(self):
        name = f"renamed {self.random.random()}"
        self.patch(f"/Groups/{self.any_group()}", {"op": "replace", "path": "displayName", "value": name})

    def delete_group(self):
        if len(self.groups) > 2:
            self.scim.delete(f"/Groups/{self.groups.pop()}", expect=204)


class Writers:
    def __init__(self, organizations, count, writes):
        self.done, self.failures = 0, []
        seeds = random.Random(SEED)
        writers = [Writer(organizations[n % len(organizations)], random.Random(seeds.random())) for n in range(count)]
        self.threads = [threading.Thread(target=self.run, args=(writer, writes)) for writer in writers]

    def run(self, writer, writes):
        try:
            for _ in range(writes):
                writer.write()
                self.done += 1
        except Exception as failure:  # noqa: BLE001  what a thread meets is told by the test
            self.failures.append(repr(failure))

    def start(self):
        for thread in self.threads:
            thread.start()

    @property
    def running(self):
        return any(thread.is_alive() for thread in self.threads)

    def wait_for_more(self, count):
        wanted = self.done + count
        until(lambda: self.done >= wanted or not self.running, "writers go on", 120)


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
    writers = Writers(organizations, count=4, writes=150)
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
    organization = rollcall.new_organization(admin)
    scim = organization.scim
    people = [scim.new_user()["id"] for _ in range(4)]
    group = scim.new_group("Group", people)["id"]
    with Client(rollcall, tmp_path, name, admin) as client:
        client.comes_to(organization)
        client.kill()
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
