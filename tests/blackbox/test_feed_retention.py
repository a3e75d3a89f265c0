"""How long events are kept, and what they are made of."""

import time
import uuid

import pytest
from harness.rollcall import id_bytes
from harness.wait import until

DAY_MS = 86400000


def days_ago(days):
    return int(time.time() * 1000) - int(days * DAY_MS)


def settled(rollcall):
    until(lambda: rollcall.database.query("SELECT COUNT(*) FROM outbox")[0][0] == 0, "the outbox is empty")


def keep_house(rollcall, admin):
    """Every chore has a turn: erasing is one of the last that a deletion brings about."""
    organization = rollcall.new_organization(admin)
    admin.delete(f"/v1/organizations/{organization.id}?grace_days=0", expect=204)


class Stage:
    """An environment of its own, with an organization and its directory."""

    def __init__(self, rollcall):
        self.rollcall = rollcall
        self.admin = rollcall.new_environment()
        self.org = rollcall.new_organization(self.admin)
        self.environment = self.admin.get(f"/v1/organizations/{self.org.id}", expect=200)["environment_id"]
        self.path = f"/v1/environments/{self.environment}"

    def query(self, statement):
        return self.rollcall.database.query(statement, id_bytes(self.environment))

    def execute(self, statement, *parameters):
        return self.rollcall.database.execute(statement, *parameters, id_bytes(self.environment))

    def sequences(self):
        return [row[0] for row in self.query("SELECT sequence FROM feed WHERE environment_id = %s ORDER BY sequence")]

    def purged(self):
        return self.query("SELECT purged_sequence FROM feed_end WHERE environment_id = %s")[0][0]

    def numbered(self, count):
        """So many users are made, and their events have numbers."""
        users = [self.org.scim.new_user() for _ in range(count)]
        settled(self.rollcall)
        return users

    def age(self, days, below):
        """Everything below a number was numbered so many days ago."""
        statement = "UPDATE feed SET numbered_ms = %s WHERE sequence < %s AND environment_id = %s"
        self.execute(statement, days_ago(days), below)

    def age_change(self, user, version, days):
        """As if the change, and its event, had been made so many days ago."""
        resource, moment = uuid.UUID(user["id"]).bytes, days_ago(days)
        (operation,) = self.rollcall.database.query(
            "SELECT operation_id FROM `change` WHERE resource_id = %s AND version = %s", resource, version
        )[0]
        aged = moment.to_bytes(6, "big") + operation[6:]
        self.rollcall.database.execute("UPDATE `change` SET operation_id = %s WHERE operation_id = %s", aged, operation)
        statement = "UPDATE feed SET operation_id = %s, numbered_ms = %s WHERE operation_id = %s AND environment_id = %s"
        self.execute(statement, aged, moment, operation)

    def versions(self, user):
        return [
            row[0]
            for row in self.rollcall.database.query(
                "SELECT version FROM `change` WHERE resource_id = %s ORDER BY version", uuid.UUID(user["id"]).bytes
            )
        ]


@pytest.fixture
def stage(rollcall):
    return Stage(rollcall)


def test_an_environment_says_for_how_many_days_it_keeps_events(rollcall, stage):
    operator = rollcall.operator
    assert operator.get(stage.path, expect=200)["event_retention_days"] is None
    assert operator.patch(stage.path, {"event_retention_days": 14}, expect=200)["event_retention_days"] == 14
    renamed = operator.patch(stage.path, {"name": str(uuid.uuid4())}, expect=200)
    assert renamed["event_retention_days"] == 14
    back = operator.patch(stage.path, {"event_retention_days": None}, expect=200)
    assert back["event_retention_days"] is None and back["name"] == renamed["name"]
    wanted = {"name": str(uuid.uuid4()), "event_retention_days": 1}
    assert operator.post("/v1/environments", wanted, expect=201)["event_retention_days"] == 1


@pytest.mark.parametrize("days", [0, -1, 1.5, "14", 3651, True])
def test_what_is_no_number_of_days_is_refused(rollcall, stage, days):
    refused = rollcall.operator.patch(stage.path, {"event_retention_days": days}, expect=422)
    assert refused["errors"][0]["pointer"] == "#/event_retention_days"


def test_events_are_not_kept_for_longer_than_what_they_are_made_of(rollcall, stage):
    refused = rollcall.operator.patch(stage.path, {"event_retention_days": 31}, expect=422)
    assert "--change-retention" in refused["errors"][0]["detail"] and "30" in refused["errors"][0]["detail"]
    rollcall.operator.patch(stage.path, {"event_retention_days": 30}, expect=200)


def test_events_go_when_they_are_older_than_their_environment_keeps_them(rollcall, stage):
    other = Stage(rollcall)
    rollcall.operator.patch(stage.path, {"event_retention_days": 10}, expect=200)
    for each in (stage, other):
        each.numbered(4)
        each.age(15, below=4)
    kept = other.sequences()
    keep_house(rollcall, other.admin)
    until(lambda: stage.purged() == 3, "what is old is dropped")
    assert stage.sequences()[0] == 4
    assert other.purged() == 0 and other.sequences()[: len(kept)] == kept


def test_numbers_go_on_when_everything_was_dropped(rollcall, stage):
    stage.numbered(2)
    last = stage.sequences()[-1]
    stage.age(40, below=last + 1)
    keep_house(rollcall, rollcall.admin)
    until(lambda: stage.sequences() == [], "everything is dropped")
    assert stage.purged() == last
    stage.numbered(1)
    assert stage.sequences() == [last + 1]


def test_the_version_before_is_kept_as_long_as_an_event_tells_what_changed(own_rollcall):
    """Each process looks at a moment's changes once: nobody else's may be in the way."""
    stage = Stage(own_rollcall)
    user, lonely = stage.numbered(2)
    for title in ("one", "two"):
        stage.org.scim.patch(f"/Users/{user['id']}", {"op": "add", "path": "title", "value": title}, expect=200)
    settled(own_rollcall)
    stage.age(45, below=3)  # what stands before the users
    for version, days in ((1, 45), (2, 31), (3, 3)):
        stage.age_change(user, version, days)
    stage.age_change(lonely, 1, 30.5)  # younger than the version before, so its turn comes later
    own_rollcall.database.execute("UPDATE feed SET numbered_ms = %s WHERE numbered_ms > %s", days_ago(3), days_ago(3))
    keep_house(own_rollcall, stage.admin)
    until(lambda: stage.versions(lonely) == [], "a change that nothing needs is dropped")
    assert stage.versions(user) == [2, 3], "the version before the last is left"


def test_nothing_is_dropped_that_waits_for_its_number(own_rollcall):
    """No process has numbered for longer than changes are kept."""
    stage = Stage(own_rollcall)
    settled(own_rollcall)
    database = own_rollcall.database
    with database.connect(database.name) as held, held.cursor() as cursor:
        held.begin()
        cursor.execute("SELECT turns FROM feed_turn WHERE id = 1 FOR UPDATE")
        user = stage.org.scim.new_user()
        stage.age_change(user, 1, 40)
        database.execute("UPDATE outbox SET noted = NOW(3) - INTERVAL 40 DAY")
        database.execute("UPDATE feed SET numbered_ms = %s", days_ago(50))
        keep_house(own_rollcall, stage.admin)
        until(lambda: stage.sequences() == [], "what was numbered is dropped")
        keep_house(own_rollcall, stage.admin)
        until(lambda: database.query("SELECT COUNT(*) FROM directory WHERE state = 3")[0][0] == 0, "it kept house")
        assert stage.versions(user) == [1]
        held.rollback()
    settled(own_rollcall)


def test_what_was_numbered_late_is_kept_as_long_as_it_is_told(own_rollcall):
    """No process has numbered for some hours, as long ago as changes are kept: the change is older than that, its event is not."""
    stage = Stage(own_rollcall)
    (user,) = stage.numbered(1)
    stage.age_change(user, 1, 30.2)
    own_rollcall.database.execute("UPDATE feed SET numbered_ms = %s", days_ago(29.9))
    deleted = "SELECT COUNT(*) FROM directory WHERE state = 3"
    for _ in range(2):
        keep_house(own_rollcall, stage.admin)
        until(lambda: own_rollcall.database.query(deleted)[0][0] == 0, "it kept house")
    assert stage.versions(user) == [1]


def test_the_feed_of_an_environment_goes_with_it(rollcall):
    admin = rollcall.new_environment()
    organization = rollcall.new_organization(admin)
    environment = admin.get(f"/v1/organizations/{organization.id}", expect=200)["environment_id"]
    admin.delete(f"/v1/organizations/{organization.id}?grace_days=0", expect=204)
    until(
        lambda: rollcall.operator.delete(f"/v1/environments/{environment}").status == 204, "the environment is deleted"
    )
    settled(rollcall)
    keep_house(rollcall, rollcall.admin)
    for table in ("feed", "feed_end"):
        statement = f"SELECT COUNT(*) FROM {table} WHERE environment_id = %s"
        until(lambda s=statement: rollcall.database.query(s, id_bytes(environment))[0][0] == 0, f"{table} is empty")
