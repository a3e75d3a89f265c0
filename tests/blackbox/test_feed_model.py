"""Random operations through two servers and the admin API, with kills of everything in between; consumers that crash. At the
end what each has is what the database has, byte for byte of the normalised form, and the feed is exactly what was
committed.

ROLLCALL_FEED_MINUTES makes it last, ROLLCALL_FEED_SEED says what happens (tests/soak/feed)."""

import os
import pickle
import random
import time
from collections import Counter

import pytest
from harness.consumer import copy_of, differences
from harness.events import follow
from harness.feed_model import OPTIONS, Consumer, Endpoint, Reaper, Vendor, World, Writer, stored
from harness.rollcall import id_bytes

WRITERS, STEPS = 8, 100
SEED = int(os.environ.get("ROLLCALL_FEED_SEED") or random.randrange(1 << 32))
MINUTES = float(os.environ.get("ROLLCALL_FEED_MINUTES") or 0)


def work(world, name):
    """A round: everybody at once."""
    writers = [Writer(world, f"{name} writer {number}", STEPS) for number in range(WRITERS)]
    workers = [*writers, Vendor(world, f"{name} vendor", STEPS // 3)]
    reaper = Reaper(world, f"{name} reaper", writers, 120)
    late = Consumer(world, f"{name} late")  # whose snapshots are taken while all this happens
    for thread in [*workers, reaper, late]:
        thread.start()
    for thread in [*workers, reaper]:
        thread.join(600)
        assert not thread.is_alive(), f"{thread.name} hangs"
    assert not world.failures, world.failures[:5]
    print(f"{name}: {dict(sum((worker.came_of_it for worker in workers), Counter()))}")
    return late, reaper


def shown_and(world, whose, view, expected):
    found = differences(view, expected)
    assert not found, "\n".join([f"{whose} has, and there is (seed {world.seed}):", *found])


def check_copies(world, copies):
    """Everybody has what the admin API shows; where nobody is held that is what the database has, versions included."""
    admin = world.admin(0)
    shown = copy_of(admin, *[org.id for org in world.orgs])
    for whose, copy in copies.items():
        shown_and(world, whose, copy.view(versions=False), shown.view(versions=False))
    real = stored(world)
    held = sum(admin.get(f"{place.path}/guard", expect=200)["held"] for place in world.guarded)
    for whose, copy in {"a snapshot": shown, **copies}.items():
        if held == 0:
            shown_and(world, whose, copy.view(versions=False), real.view(versions=False))
        open_copy, open_real = without_guarded(world, copy), without_guarded(world, real)
        shown_and(world, whose, open_copy.view(), open_real.view())


def without_guarded(world, copy):
    copy = pickle.loads(pickle.dumps(copy))
    for place in world.guarded:
        copy.forget(place.directory)
    return copy


def check_feed(world, events):
    """Each event once, no hole, in the order of versions, and exactly what was committed."""
    query, environment = world.rollcall.database.query, world.environment
    ids = Counter(event["id"] for event in events)
    assert max(ids.values(), default=1) == 1, ids.most_common(3)
    rows = query(
        "SELECT sequence, source, operation_id, ordinal, directory_id FROM feed WHERE environment_id = %s ORDER BY sequence",
        environment,
    )
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1)), "a hole"
    numbered = Counter((row[2], row[3]) for row in rows if row[1] == 1)
    assert max(numbered.values(), default=1) == 1
    guarded = {id_bytes(place.directory) for place in world.guarded}
    directories = [id_bytes(place.directory) for place in world.places]
    committed = [
        row
        for directory in directories
        for row in query("SELECT operation_id, ordinal, directory_id FROM `change` WHERE kind < 5 AND directory_id = %s", directory)
    ]
    everywhere = {(operation, ordinal) for operation, ordinal, directory in committed if directory not in guarded}
    told = {(row[2], row[3]) for row in rows if row[1] == 1 and row[4] not in guarded}
    assert told == everywhere, (len(told - everywhere), len(everywhere - told))
    assert {key for key in numbered} - told <= {(operation, ordinal) for operation, ordinal, _ in committed}
    raised = {row[0] for row in query("SELECT id FROM event WHERE environment_id = %s", environment)}
    assert raised == {row[2] for row in rows if row[1] == 2}
    versions = {}
    for event in events:
        noun = event["type"].split(".")[0]
        if noun in ("user", "group"):
            key = event["directory_id"], event["data"][noun]["id"]
            assert versions.get(key, 0) <= event["data"]["version"], event
            versions[key] = event["data"]["version"]


def check_order(endpoint, events):
    """Within a directory, they came as they stand in the feed."""
    place = {event["id"]: number for number, event in enumerate(events)}
    last = {}
    for id, event in endpoint.seen.items():
        directory = event["directory_id"]
        assert place[id] > last.get(directory, -1), event
        last[directory] = place[id]


def check(world, consumers, endpoint):
    world.mend()
    world.quiet()
    events, _ = follow(world.admin(1), limit=1000)
    for consumer in consumers:
        consumer.catch_up()
    endpoint.catch_up(follow(world.admin(1), endpoint.cursor, limit=1000)[0])
    assert not world.failures, world.failures[:5]
    with endpoint.lock:
        check_copies(world, {consumer.name: consumer.copy for consumer in consumers} | {"the endpoint": endpoint.copy})
        check_feed(world, events)
        check_order(endpoint, events)
    return events


@pytest.mark.slow
def test_consumers_that_crash_have_what_the_database_has_whatever_is_killed(make_rollcall):
    print(f"\nROLLCALL_FEED_SEED={SEED}")
    began, turn, killed, crashes = time.monotonic(), 0, Counter(), 0
    world = World(make_rollcall(admin_options=OPTIONS), SEED)
    endpoint = Endpoint(world, "endpoint")
    first = Consumer(world, "the first")
    first.start()
    while turn < 3 or time.monotonic() - began < MINUTES * 60:
        late, reaper = work(world, f"round {turn}")
        for consumer in (first, late):
            consumer.stop.set()
            consumer.join(120)
            assert not consumer.is_alive(), f"{consumer.name} hangs"
        events = check(world, [first, late], endpoint)
        killed.update(reaper.killed)
        crashes += first.crashes + late.crashes
        turn += 1
        print(f"round {turn}: {len(events)} events, killed {dict(killed)}, {crashes} crashes, {endpoint.repeated} sent again")
        first = resumed(world, first, turn)
    first.stop.set()
    first.join(120)
    for place in world.guarded:
        world.admin(0).post(f"{place.path}/guard/release", expect=200)
    check(world, [first], endpoint)


def resumed(world, consumer, turn):
    """Goes on from what it has committed."""
    again = Consumer(world, f"the first, again {turn}")
    again.rows, again.cursor = consumer.rows, consumer.cursor
    again.start()
    return again
