"""The sequencer: what was committed has its number, once, in the order of what depends on what."""

import json
import re
import urllib.request
import uuid

import pytest
from harness.load import Writers
from harness.rollcall import id_bytes
from harness.wait import until

FEED = (
    "SELECT f.sequence, f.source, f.type, f.kind, LOWER(HEX(f.resource_id)), f.is_primary FROM feed f"
    " JOIN organization o ON o.environment_id = f.environment_id"
    " WHERE f.organization_id = o.id AND o.external_id = %s ORDER BY f.sequence"
)


def ids(*resources):
    return [resource["id"].replace("-", "") for resource in resources]


def numbered(rollcall):
    until(lambda: rollcall.database.query("SELECT COUNT(*) FROM outbox")[0][0] == 0, "the outbox is empty")


def test_each_change_has_a_number_in_the_order_in_which_it_was_made(rollcall, org):
    ada = org.scim.new_user("ada")
    group = org.scim.new_group("staff", [ada["id"]])
    org.scim.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": False}, expect=200)
    org.scim.delete(f"/Users/{ada['id']}", expect=204)
    numbered(rollcall)
    rows = rollcall.database.query(FEED, org.external_id)
    changes = [(kind, resource) for _, source, _, kind, resource, _ in rows if source == 1]
    one, two = ids(ada, group)
    assert changes == [(1, one), (1, two), (4, two), (2, one), (4, two), (3, one)]
    assert all(primary for *_, primary in rows)


def test_numbers_of_an_environment_have_no_holes(rollcall, org):
    for i in range(20):
        org.scim.new_user()
    numbered(rollcall)
    for environment, count, first, last, end, purged in rollcall.database.query(
        "SELECT f.environment_id, COUNT(*), MIN(f.sequence), MAX(f.sequence), MAX(e.last_sequence), MAX(e.purged_sequence)"
        " FROM feed f JOIN feed_end e ON e.environment_id = f.environment_id GROUP BY f.environment_id"
    ):
        assert (first, last) == (purged + 1, purged + count) and end == last


LOST = (
    "SELECT COUNT(*) FROM `change` c LEFT JOIN feed f ON f.source = 1 AND f.operation_id = c.operation_id"
    " AND f.ordinal = c.ordinal WHERE c.kind <> 5 AND f.sequence IS NULL"
)
UNTOLD = "SELECT COUNT(*) FROM event e LEFT JOIN feed f ON f.source = 2 AND f.operation_id = e.id WHERE f.sequence IS NULL"
INVENTED = (
    "SELECT COUNT(*) FROM feed f LEFT JOIN `change` c ON f.source = 1 AND c.operation_id = f.operation_id"
    " AND c.ordinal = f.ordinal LEFT JOIN event e ON f.source = 2 AND e.id = f.operation_id"
    " WHERE c.operation_id IS NULL AND e.id IS NULL"
)
TWICE = "SELECT COUNT(*) FROM feed GROUP BY source, operation_id, ordinal HAVING COUNT(*) > 1"
HOLES = (
    "SELECT f.environment_id FROM feed f JOIN feed_end e ON e.environment_id = f.environment_id GROUP BY f.environment_id"
    " HAVING COUNT(*) <> MAX(f.sequence) OR MIN(f.sequence) <> 1 OR MAX(f.sequence) <> MAX(e.last_sequence)"
)
DISORDER = (
    "SELECT COUNT(*) FROM (SELECT c.version, LAG(c.version) OVER (PARTITION BY f.environment_id, f.resource_id"
    " ORDER BY f.sequence) AS before_it FROM feed f JOIN `change` c ON f.source = 1 AND c.operation_id = f.operation_id"
    " AND c.ordinal = f.ordinal) o WHERE o.version < o.before_it"
)


def check_whole(rollcall):
    """Exactly what was committed has numbers, once, without holes, and of each resource in the order of its versions."""
    numbered(rollcall)
    query = rollcall.database.query
    assert (query(LOST)[0][0], query(UNTOLD)[0][0], query(INVENTED)[0][0]) == (0, 0, 0)
    assert (query(TWICE), query(HOLES), query(DISORDER)[0][0]) == ((), (), 0)


@pytest.mark.slow
def test_nothing_is_lost_or_numbered_twice_when_processes_and_the_database_are_killed(own_rollcall):
    rollcall = own_rollcall
    org = rollcall.new_organization()
    other, _ = rollcall.another_admin()

    def go_on(count=60):
        more = writers.acknowledged + count
        until(lambda: writers.acknowledged >= more, "writes are acknowledged")

    with Writers(org, tolerate_lost_connections=True) as writers:
        for turn in range(3):
            go_on()
            rollcall.admin_process.kill()
            go_on()
            rollcall._start_admin()
            other.kill()
            go_on()
            other, _ = rollcall.another_admin()
            rollcall.database.kill()
            rollcall.database.start()
    check_whole(rollcall)
    told = rollcall.database.query("SELECT LOWER(HEX(resource_id)) FROM feed WHERE source = 1 AND kind = 1")
    made = {id.replace("-", "") for id in writers.ledger.acknowledged.values()}
    assert made <= {id for (id,) in told}


def test_what_is_committed_late_has_a_later_number(rollcall, org):
    environment = id_bytes(rollcall.admin.get(f"/v1/organizations/{org.id}", expect=200)["environment_id"])
    event = uuid.uuid4().bytes
    statement = "SELECT sequence FROM feed WHERE environment_id = %s AND operation_id = %s"
    database = rollcall.database
    with database.connect(database.name) as late, late.cursor() as cursor:
        late.begin()
        cursor.execute(
            "INSERT INTO event (id, environment_id, type, data, created_ms) VALUES (%s, %s, 'import.finished', '{}', 0)",
            (event, environment),
        )
        cursor.execute(
            "INSERT INTO outbox (source, operation_id, ordinal, environment_id, type, kind) VALUES (2, %s, 0, %s, 0, 0)",
            (event, environment),
        )
        for _ in range(3):
            org.scim.new_user()
        numbered_before = "SELECT last_sequence FROM feed_end WHERE environment_id = %s"
        made = "SELECT COUNT(*) FROM feed WHERE organization_id = %s AND source = 1"
        until(lambda: database.query(made, id_bytes(org.id))[0][0] == 3, "those behind it have their numbers")
        last = database.query(numbered_before, environment)[0][0]
        assert database.query(statement, environment, event) == ()
        late.commit()
    until(lambda: database.query(statement, environment, event), "it has its number")
    assert database.query(statement, environment, event)[0][0] > last


def test_who_reads_for_long_does_not_make_the_sequencer_walk_through_what_is_done(own_rollcall):
    """Rows that were deleted lie there as long as somebody reads the state before: the look begins behind them."""
    org = own_rollcall.new_organization()
    database = own_rollcall.database
    with database.connect(database.name) as reader, reader.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        cursor.execute("SELECT COUNT(*) FROM outbox")
        for _ in range(50):
            org.scim.new_user()
        numbered(own_rollcall)
        cursor.execute("SELECT COUNT(*) FROM `change`")
        assert cursor.fetchall() == ((0,),), "it reads the state before"
        used = "SELECT AUTO_INCREMENT - 1 FROM information_schema.tables WHERE table_schema = %s AND table_name = 'outbox'"
        position = database.query(used, database.name)[0][0]
        assert position >= 50
        until(lambda: database.query("SELECT low FROM feed_turn")[0][0] == position, "the look begins at the end")


def metric(url, name):
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as response:
        return float(re.search(rf"^{name}(?:{{.*}})? (\S+)$", response.read().decode(), re.MULTILINE).group(1))


def logged(rollcall, message):
    lines = rollcall.admin_process.log.read_text().splitlines()
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return [line for line in found if line.get("message") == message]


def test_what_is_numbered_is_counted_and_what_waits_for_long_is_told(own_rollcall):
    org, url, database = own_rollcall.new_organization(), own_rollcall.admin_url, own_rollcall.database
    for _ in range(5):
        org.scim.new_user()
    numbered(own_rollcall)
    until(lambda: metric(url, "rollcall_feed_numbered_total") >= 5, "changes are counted")
    assert metric(url, "rollcall_feed_turns_total") >= 1 and metric(url, "rollcall_feed_wait_seconds_count") >= 1
    with database.connect(database.name) as held, held.cursor() as cursor:
        held.begin()
        cursor.execute("SELECT turns FROM feed_turn WHERE id = 1 FOR UPDATE")
        org.scim.new_user()
        database.execute("UPDATE outbox SET noted = NOW(3) - INTERVAL 5 MINUTE")
        until(lambda: logged(own_rollcall, "the feed lags behind"), "the log tells")
        assert metric(url, "rollcall_feed_waiting") >= 1 and metric(url, "rollcall_feed_oldest_seconds") >= 300
        held.rollback()
    numbered(own_rollcall)
    until(lambda: logged(own_rollcall, "the feed goes on"), "the log tells that it is over")
    until(lambda: metric(url, "rollcall_feed_waiting") == 0, "nothing waits")
