"""Webhooks as they arrive: everything, in the order of each directory, whatever fails on the way."""

import json
import re
import signal
import threading
import urllib.request
from datetime import datetime

import pytest

from harness.events import follow
from harness.load import Writers
from harness.receiver import Authority, Receiver, endless, hang, hang_up, raw, reset, status
from harness.rollcall import id_bytes
from harness.wait import until

HASTE = 20000  # a day of the schedule is 4.32 s, its end 13.6 s
RUSH = 100000  # and here its end 2.7 s, and five days 4.3 s


class Hook(Receiver):
    """rule: of a request, the status to answer or one of the receiver's answers; it can be exchanged at any time."""

    def __init__(self, rule=200, tls=None):
        super().__init__(self._obey, tls)
        self.rule = rule
        self.taken = []  # what was answered 2xx, in the order in which it came
        self.under_way = {}  # by directory
        self.most_at_a_time = 0

    def _obey(self, connection, request):
        event = json.loads(request.body)
        directory = event["directory_id"]
        with self.lock:
            self.under_way[directory] = self.under_way.get(directory, 0) + 1
            self.most_at_a_time = max(self.most_at_a_time, self.under_way[directory])
        rule = self.rule(event) if callable(self.rule) else self.rule
        with self.lock:
            self.under_way[directory] -= 1
            if isinstance(rule, int) and 200 <= rule < 300:
                self.taken.append(event)
        return (status(rule) if isinstance(rule, int) else rule)(connection, request)

    def events(self, *types, directory=None):
        """Without what came twice."""
        found, seen = [], set()
        for event in list(self.taken):
            if event["id"] in seen or (types and event["type"] not in types):
                continue
            seen.add(event["id"])
            if directory is None or event["directory_id"] == directory:
                found.append(event)
        return found

    def wait_taken(self, count, *types, seconds=60):
        until(lambda: len(self.events(*types)) >= count, f"{count} events were taken", seconds)

    def asked(self, event_id):
        """Requests for one event."""
        return [request for request in list(self.requests) if request.headers["webhook-id"] == event_id]


class Vendor:
    """An environment of its own with a webhook and organizations."""

    def __init__(self, rollcall, organizations=1):
        self.rollcall = rollcall
        self.admin = rollcall.new_environment()
        self.organizations = [rollcall.new_organization(self.admin) for _ in range(organizations)]

    def register(self, hook, **attributes):
        self.feed()  # what was before has its number, and is not sent
        return self.admin.post("/v1/webhooks", {"url": hook.url, **attributes}, expect=201).json["id"]

    def webhook(self, id):
        return self.admin.get(f"/v1/webhooks/{id}", expect=200).json

    def deliveries(self, id, **query):
        parameters = "&".join(f"{name}={value}" for name, value in {"limit": 100, **query}.items())
        return self.admin.get(f"/v1/webhooks/{id}/deliveries?{parameters}", expect=200).json["deliveries"]

    def feed(self, *types):
        return [event for event in follow(self.admin, limit=1000)[0] if not types or event["type"] in types]

    def update(self, id, **attributes):
        return self.admin.patch(f"/v1/webhooks/{id}", attributes, expect=200).json


def check_complete(vendor, hook, *types):
    """Every event of the feed has come, and those of each directory first came in the feed's order."""
    told = vendor.feed(*types)
    until(lambda: len(hook.events(*types)) >= len(told), "everything has come")
    for directory in {event["directory_id"] for event in told}:
        expected = [event["id"] for event in told if event["directory_id"] == directory]
        came = [event["id"] for event in hook.events(*types) if event["directory_id"] == directory]
        assert came == expected


def users(organization, count):
    return [organization.scim.new_user()["id"] for _ in range(count)]


@pytest.fixture(scope="module")
def hasty(make_rollcall):
    return make_rollcall(admin_options=["--webhook-haste", str(HASTE), "--webhook-timeout", "1000"])


@pytest.fixture
def vendor(hasty):
    hasty.ensure_running()
    return Vendor(hasty, 2)


@pytest.fixture
def hook():
    with Hook() as hook:
        yield hook


# --- order ---


def test_WH_11_events_of_each_directory_come_in_order_one_at_a_time(hasty, hook):
    vendor = Vendor(hasty, 5)
    vendor.register(hook, types=["user.*", "group.*"])
    steps = threading.Event()
    hook.rule = lambda event: steps.wait(hash(event["id"]) % 7 / 1000) or 200

    def work(organization):
        scim = organization.client()
        for i in range(6):
            user = scim.new_user()
            scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False}, expect=200)
            scim.new_group(f"group {i}", [user["id"]])

    threads = [threading.Thread(target=work, args=(organization,)) for organization in vendor.organizations]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    types = {event["type"] for event in vendor.feed()} - {"organization.created", "directory.created", "token.created"}
    check_complete(vendor, hook, *types)
    assert hook.most_at_a_time == 1
    assert len(hook.taken) == len(hook.events())  # nothing failed, so nothing came twice


def test_WH_12_each_endpoint_has_what_it_asks_for_and_from_when_it_was_made(vendor, hook):
    users(vendor.organizations[0], 2)
    with Hook() as other:
        vendor.register(hook, types=["user.deleted"])
        vendor.register(other)
        one, two = users(vendor.organizations[0], 2)
        vendor.organizations[0].scim.delete(f"/Users/{one}", expect=204)
        hook.wait_taken(1)
        other.wait_taken(3)
        assert [event["type"] for event in hook.taken] == ["user.deleted"]
        assert [event["type"] for event in other.taken] == ["user.created", "user.created", "user.deleted"]
        assert hook.taken[0] == other.taken[2]


def test_what_comes_is_what_the_feed_tells(vendor, hook):
    vendor.register(hook)
    users(vendor.organizations[0], 3)
    hook.wait_taken(3)
    told = [{key: value for key, value in event.items() if key != "cursor"} for event in vendor.feed("user.created")]
    assert hook.events("user.created") == told


# --- what fails ---


def test_WH_05_an_attempt_again_has_the_id_and_the_body_of_the_first_and_its_own_time(vendor, hook):
    hook.rule = 500
    id = vendor.register(hook)
    users(vendor.organizations[0], 1)
    until(lambda: len(hook.requests) >= 6, "it is tried again and again")
    hook.rule = 200
    hook.wait_taken(1)
    assert len({request.headers["webhook-id"] for request in hook.requests}) == 1
    assert len({request.body for request in hook.requests}) == 1
    assert len({request.headers["webhook-timestamp"] for request in hook.requests}) > 1  # the sixth is a second later
    (delivery,) = until(lambda: vendor.deliveries(id, state="delivered"), "it is in the log")
    whole = vendor.admin.get(f"/v1/webhooks/{id}/deliveries/{delivery['id']}", expect=200).json
    assert whole["attempts"] == len(whole["attempt_log"]) == len(hook.requests)


@pytest.mark.parametrize(
    "answer, told",
    {
        "500": (500, "answered 500"),
        "404": (404, "answered 404"),
        "301": (status(301, "Location: http://127.0.0.1:1/"), "answered 301"),
        "no answer": (hang, "did not come in time"),
        "drip by drip": (endless(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x", 0.2), "did not come in time"),
        "a connection that is cut": (reset, "cut"),
        "a connection that is closed": (hang_up, "closed without an answer"),
    }.values(),
    ids=["500", "404", "301", "hang", "drip", "reset", "hang_up"],
)
def test_WH_08_whatever_is_no_2xx_is_tried_again_until_it_is(vendor, hook, answer, told):
    hook.rule = lambda event: answer
    id = vendor.register(hook)
    users(vendor.organizations[0], 3)
    (failed, *_) = until(lambda: vendor.deliveries(id, state="retrying"), "the failure is in the log")
    assert told in failed["error"], failed
    hook.rule = 200
    check_complete(vendor, hook, "user.created")
    assert until(lambda: len(vendor.deliveries(id, state="delivered")) == 3, "all three are delivered")


HOSTILE = {
    "1xx without end": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100),
    "101": raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
    "HTTP/0.9": raw(b"hello\n"),
    "status 999": raw(b"HTTP/1.1 999 Never\r\nContent-Length: 0\r\n\r\n"),
    "status of five digits": raw(b"HTTP/1.1 20000 Never\r\nContent-Length: 0\r\n\r\n"),
    "any bytes": raw(b"HTTP/1.1 500 \xff\x1b\r\nX-\x01: \xfe\x1b[31m\r\nRetry-After: 9" + b"9" * 30 + b"\r\n\r\n" + bytes(range(256))),
    "NUL in a header": raw(b"HTTP/1.1 500 Never\r\nX: a\0b\r\n\r\n"),
    "a length below zero": raw(b"HTTP/1.1 500 OK\r\nContent-Length: -1\r\n\r\nx"),
    "a chunk without end": raw(b"HTTP/1.1 500 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\nx"),
}


@pytest.mark.parametrize("answer", HOSTILE.values(), ids=HOSTILE)
def test_WH_08_no_answer_does_harm_and_each_is_shown(vendor, hook, answer):
    hook.rule = lambda event: answer
    id = vendor.register(hook)
    users(vendor.organizations[0], 2)
    (failed, *_) = until(lambda: vendor.deliveries(id, state="retrying"), "the failure is in the log")
    shown = vendor.admin.get(f"/v1/webhooks/{id}/deliveries/{failed['id']}", expect=200).json
    assert shown["error"] and shown["attempt_log"]
    hook.rule = 200
    vendor.update(id, label="again")
    check_complete(vendor, hook, "user.created")


def test_a_body_without_end_is_cut_and_the_status_counts(vendor, hook):
    hook.rule = lambda event: endless()
    id = vendor.register(hook)
    users(vendor.organizations[0], 2)
    assert until(lambda: len(vendor.deliveries(id, state="delivered")) == 2, "both are delivered")
    assert len(hook.requests) == 2


def test_a_certificate_of_nobody_known_is_a_failed_attempt(make_rollcall, tmp_path):
    known, unknown = Authority(tmp_path / "known"), Authority(tmp_path / "unknown")
    options = ["--webhook-haste", str(HASTE), "--webhook-ca", str(known.file)]
    vendor = Vendor(make_rollcall(admin_options=options))
    with Hook(tls=known.context()) as good, Hook(tls=unknown.context()) as bad:
        vendor.register(good)
        id = vendor.register(bad)
        users(vendor.organizations[0], 2)
        good.wait_taken(2)
        (failed, *_) = until(lambda: vendor.deliveries(id, state="retrying"), "the failure is in the log")
        assert failed["error"].startswith("TLS: ")
        assert bad.requests == []


def test_WH_08_410_disables_at_once_and_is_told(vendor, hook):
    hook.rule = 410
    id = vendor.register(hook)
    users(vendor.organizations[0], 5)
    until(lambda: vendor.webhook(id)["state"] == "disabled", "it is disabled")
    assert "410" in vendor.webhook(id)["state_reason"]
    (event,) = until(lambda: vendor.feed("webhook.disabled"), "the event is there")
    assert (event["data"]["webhook_id"], event["data"]["url"]) == (id, hook.url)
    assert len(hook.requests) == 1
    hook.rule = 200
    vendor.update(id, state="active")
    check_complete(vendor, hook, "user.created", "webhook.disabled")


def test_WH_08_who_asks_for_a_break_gets_it_from_all_directories(vendor, hook):
    hook.rule = lambda event: status(429, "Retry-After: 86400")
    id = vendor.register(hook)
    users(vendor.organizations[0], 1)
    until(lambda: vendor.webhook(id)["health"]["next_attempt_at"], "it is left alone")
    with Hook() as other:
        vendor.register(other)
        users(vendor.organizations[1], 5)
        other.wait_taken(5)
        assert len(hook.requests) == 1
        health = vendor.webhook(id)["health"]
        wait = datetime.fromisoformat(health["next_attempt_at"]) - datetime.fromisoformat(health["last_failure_at"])
        assert wait.total_seconds() == 86400
        hook.rule = 200
        vendor.update(id, state="paused")
        vendor.update(id, state="active")  # whoever changes something means: now
        check_complete(vendor, hook, "user.created")


def test_a_directory_that_is_stuck_stops_no_other(vendor, hook):
    stuck, fine = vendor.organizations
    hook.rule = lambda event: 500 if event["organization_id"] == stuck.id else 200
    id = vendor.register(hook)
    for _ in range(10):
        users(stuck, 10)
        users(fine, 2)
    until(lambda: len(hook.events(directory=fine.directory_id)) == 20, "the other one's have come")
    assert hook.events(directory=stuck.directory_id) == []
    assert vendor.webhook(id)["state"] == "active"
    hook.rule = 200
    check_complete(vendor, hook, "user.created")


def test_WH_09_an_event_is_given_up_after_ten_attempts_and_the_next_one_comes(make_rollcall, hook):
    vendor = Vendor(make_rollcall(admin_options=["--webhook-haste", str(RUSH)]), 2)
    bad = {}
    hook.rule = lambda event: 400 if event["id"] == bad.setdefault("id", event["id"]) else 200
    id = vendor.register(hook)
    users(vendor.organizations[0], 3)
    (failed,) = until(lambda: vendor.deliveries(id, state="failed"), "one is given up")
    assert failed["event_id"] == bad["id"] and len(hook.asked(bad["id"])) == 10
    assert [event["id"] for event in hook.events()] == [event["id"] for event in vendor.feed("user.created")[1:]]
    again = vendor.admin.post(f"/v1/webhooks/{id}/deliveries/{failed['id']}/replay", expect=202).json
    hook.rule = 200
    until(lambda: hook.events()[-1]["id"] == bad["id"], "it is sent once more, under its id")
    assert again["id"] != failed["id"]


def test_what_happens_after_the_last_known_event_was_given_up_is_a_probe_like_any_other(make_rollcall, hook):
    vendor = Vendor(make_rollcall(admin_options=["--webhook-haste", str(RUSH)]))
    hook.rule = 503
    id = vendor.register(hook)
    users(vendor.organizations[0], 1)
    (failed,) = until(lambda: vendor.deliveries(id, state="failed"), "it is given up")
    users(vendor.organizations[0], 3)
    hook.wait_for(11)
    hook.rule = 200
    until(lambda: len(hook.events()) == 3, "the others come")
    assert failed["event_id"] not in {event["id"] for event in hook.events()}


def test_WH_09_probes_of_a_receiver_that_is_down_come_often_and_do_not_count_against_an_event(make_rollcall, hook):
    vendor = Vendor(make_rollcall(admin_options=["--webhook-haste", str(RUSH)]))
    hook.rule = 503
    id = vendor.register(hook)
    users(vendor.organizations[0], 1)
    until(lambda: any(one["attempts"] > 12 for one in vendor.deliveries(id, state="retrying")), "more than ten are made")
    hook.rule = 200
    until(lambda: len(hook.events()) == 1, "it comes")
    assert not vendor.deliveries(id, state="failed")


def test_WH_09_after_days_of_nothing_but_failures_it_is_disabled(make_rollcall, hook):
    vendor = Vendor(make_rollcall(admin_options=["--webhook-haste", str(RUSH)]), 3)
    hook.rule = 503
    id = vendor.register(hook)
    for organization in vendor.organizations:
        users(organization, 4)
    until(lambda: vendor.webhook(id)["state"] == "disabled", "it is disabled")
    (event,) = until(lambda: vendor.feed("webhook.disabled"), "the event is there")
    assert event["data"]["webhook_id"] == id
    given_up = {delivery["event_id"] for delivery in vendor.deliveries(id, state="failed")}
    hook.rule = 200
    vendor.update(id, state="active")
    told = {event["id"] for event in vendor.feed("user.created")}
    until(lambda: {event["id"] for event in hook.events("user.created")} | given_up >= told, "the others come")


# --- being down, being slow ---


def test_WH_09_WH_11_who_was_down_for_a_day_gets_everything_in_order_and_costs_nobody_anything(hasty, hook):
    vendor = Vendor(hasty, 4)
    with Hook() as other:
        hook.rule = lambda event: hang_up
        down, up = vendor.register(hook), vendor.register(other)
        for _ in range(15):
            for organization in vendor.organizations:
                users(organization, 2)
        other.wait_taken(120)
        until(lambda: len(hook.requests) >= 12, "it was probed until far into the schedule")
        assert hook.events() == []
        assert vendor.webhook(down)["health"]["lag"] > 0
        assert [request.headers["webhook-id"] for request in other.requests] == [event["id"] for event in other.taken]
        assert not vendor.deliveries(up, state="retrying")
        asked_while_down = len(hook.requests)
        assert asked_while_down < 40  # probes, not 120 events again and again
        hook.rule = 200
        check_complete(vendor, hook, "user.created")
        until(lambda: vendor.webhook(down)["health"]["lag"] == 0, "it has caught up")
        assert vendor.webhook(down)["health"]["failing_since"] is None


def test_receivers_that_hang_take_nobody_elses_room(make_rollcall, hook):
    rollcall = make_rollcall(admin_options=["--webhook-in-flight", "8", "--webhook-timeout", "60000"])
    slow, fast = Vendor(rollcall, 3), Vendor(rollcall, 1)
    hooks = [Hook(lambda event: hang) for _ in range(6)]
    try:
        for hanging in hooks:
            slow.register(hanging)
        for organization in slow.organizations:
            users(organization, 2)
        until(lambda: sum(len(hanging.requests) for hanging in hooks) >= 4, "all room that they may have is taken")
        fast.register(hook)
        users(fast.organizations[0], 20)
        hook.wait_taken(20)
        assert sum(len(hanging.requests) for hanging in hooks) <= 7
    finally:
        for hanging in hooks:
            hanging.close()


# --- states, pings, replays ---


def test_who_was_paused_goes_on_where_it_was(vendor, hook):
    id = vendor.register(hook)
    users(vendor.organizations[0], 2)
    hook.wait_taken(2)
    vendor.update(id, state="paused")
    with Hook() as other:
        vendor.register(other)
        users(vendor.organizations[0], 3)
        other.wait_taken(3)
    assert len(hook.taken) == 2
    vendor.update(id, state="active")
    check_complete(vendor, hook, "user.created")
    assert len(hook.taken) == 5


@pytest.mark.parametrize("state", ["active", "paused"])
def test_a_ping_is_sent_at_once_and_logged(vendor, hook, state):
    id = vendor.register(hook, types=["user.deleted"])
    vendor.update(id, state=state)
    delivery = vendor.admin.post(f"/v1/webhooks/{id}/ping", expect=202).json
    hook.wait_taken(1)
    assert (hook.taken[0]["type"], hook.taken[0]["data"]) == ("webhook.ping", {"webhook_id": id})
    path = f"/v1/webhooks/{id}/deliveries/{delivery['id']}"
    until(lambda: vendor.admin.get(path, expect=200).json["state"] == "delivered", "it is in the log")
    assert not vendor.feed("webhook.ping")


def test_a_ping_that_fails_is_tried_once_and_one_that_succeeds_brings_back_all_that_waits(vendor, hook):
    hook.rule = lambda event: status(503, "Retry-After: 86400")
    id = vendor.register(hook)
    users(vendor.organizations[0], 3)
    until(lambda: vendor.webhook(id)["health"]["next_attempt_at"], "it is down")
    first = vendor.admin.post(f"/v1/webhooks/{id}/ping", expect=202).json
    path = f"/v1/webhooks/{id}/deliveries/{first['id']}"
    until(lambda: vendor.admin.get(path, expect=200).json["state"] == "failed", "the ping has failed")
    hook.rule = 200
    vendor.admin.post(f"/v1/webhooks/{id}/ping", expect=202)
    check_complete(vendor, hook, "user.created")


def test_a_replay_sends_a_range_again_under_the_same_ids_beside_what_goes_on(vendor, hook):
    id = vendor.register(hook, types=["user.*"])
    users(vendor.organizations[0], 4)
    users(vendor.organizations[1], 4)
    hook.wait_taken(8)
    once = [event["id"] for event in vendor.feed("user.created")]
    oldest = min(event["timestamp"] for event in vendor.feed("user.created"))
    vendor.admin.post(f"/v1/webhooks/{id}/replay", {"from": oldest}, expect=202)
    users(vendor.organizations[0], 3)
    until(lambda: len(hook.taken) >= 19, "all of them again, and three")
    came = [event["id"] for event in hook.taken]
    assert sorted(came) == sorted(once * 2 + [event["id"] for event in vendor.feed("user.created")[8:]])
    assert [id for id in came[8:] if id in once] == once  # in the feed's order, all directories
    check_complete(vendor, hook, "user.created")


def test_what_the_feed_has_dropped_is_told_and_never_passed_over_in_silence(vendor, hook):
    id = vendor.register(hook, types=["user.*"])
    users(vendor.organizations[0], 1)
    hook.wait_taken(1)
    vendor.update(id, state="paused")
    users(vendor.organizations[0], 3)
    last = len(until(lambda: len(vendor.feed("user.created")) == 4 and vendor.feed(), "they have numbers"))
    environment = id_bytes(vendor.webhook(id)["environment_id"])
    database = vendor.rollcall.database
    (scanned,) = until(
        lambda: database.query("SELECT scanned_sequence FROM webhook_progress WHERE endpoint_id = %s", id_bytes(id))[0],
        "its place",
    )
    database.execute("DELETE FROM feed WHERE environment_id = %s AND sequence <= %s", environment, last)
    database.execute("UPDATE feed_end SET purged_sequence = %s WHERE environment_id = %s", last, environment)
    vendor.update(id, state="active")
    users(vendor.organizations[0], 1)
    hook.wait_taken(2)
    (told,) = until(lambda: vendor.deliveries(id, state="failed"), "the gap is in the log")
    assert told["kind"] == "expired" and "snapshot" in told["error"]
    assert vendor.webhook(id)["health"]["expired_events"] == last - scanned + 1


# --- processes ---


def holders(rollcall):
    rows = rollcall.database.query(
        "SELECT holder, COUNT(*) FROM webhook_progress WHERE lease_ms >= UNIX_TIMESTAMP(NOW(3)) * 1000 GROUP BY holder"
    )
    return dict(rows)


def test_processes_share_endpoints_and_one_that_is_killed_is_replaced(own_rollcall):
    rollcall = own_rollcall
    vendor = Vendor(rollcall)
    hooks = [Hook() for _ in range(6)]
    try:
        for one in hooks:
            vendor.register(one)
        other, _ = rollcall.another_admin()
        until(lambda: sorted(holders(rollcall).values()) == [3, 3], "each has its share")
        users(vendor.organizations[0], 3)
        for one in hooks:
            check_complete(vendor, one, "user.created")
        other.kill()
        users(vendor.organizations[0], 3)
        for one in hooks:
            check_complete(vendor, one, "user.created")
        assert list(holders(rollcall).values()) == [6]
        rollcall.admin_process.stop()
        assert holders(rollcall) == {}  # given back at once
        rollcall._start_admin()
    finally:
        for one in hooks:
            one.close()


@pytest.mark.parametrize("fault", [500, hang], ids=["that failed", "on its way"])
def test_what_lags_outlives_the_process_that_knew_of_it(own_rollcall, hook, fault):
    rollcall = own_rollcall
    vendor = Vendor(rollcall, 3)
    hook.rule = (lambda event: fault) if callable(fault) else fault
    id = vendor.register(hook)
    for organization in vendor.organizations:
        users(organization, 5)
    last = len(vendor.feed())
    place = "SELECT scanned_sequence FROM webhook_progress WHERE endpoint_id = %s"
    behind = "SELECT COUNT(*) FROM webhook_lane WHERE endpoint_id = %s"
    query = rollcall.database.query
    until(lambda: query(behind, id_bytes(id)) == ((3,),) and query(place, id_bytes(id))[0][0] > last, "it is written")
    assert hook.taken == []
    rollcall.admin_process.kill()
    hook.rule = 200
    rollcall._start_admin()
    vendor.admin.wire.close()
    check_complete(vendor, hook, "user.created")
    until(lambda: query(behind, id_bytes(id)) == ((0,),), "nothing lags any more")


@pytest.mark.slow
def test_WH_11_nothing_is_lost_and_order_is_kept_when_processes_and_the_database_are_killed(own_rollcall, hook):
    rollcall = own_rollcall
    vendor = Vendor(rollcall)
    (org,) = vendor.organizations
    vendor.register(hook)
    other, _ = rollcall.another_admin()

    def go_on(count=40):
        more = writers.acknowledged + count
        until(lambda: writers.acknowledged >= more, "writes are acknowledged")

    with Writers(org, 4, tolerate_lost_connections=True) as writers:
        for _ in range(2):
            go_on()
            rollcall.admin_process.kill()
            go_on()
            rollcall._start_admin()
            other.kill()
            go_on()
            other, _ = rollcall.another_admin()
            rollcall.database.kill()
            rollcall.database.start()
    rollcall.admin.wire.close()
    vendor.admin.wire.close()
    check_complete(vendor, hook, "user.created")
    told = {event["data"]["user"]["id"] for event in hook.events("user.created")}
    assert set(writers.ledger.acknowledged.values()) <= told


def test_who_comes_late_writes_nothing(own_rollcall, hook):
    """Held for longer than its lease while something of it is on its way: another one goes on, and is not set back."""
    rollcall = own_rollcall
    vendor = Vendor(rollcall)
    release = threading.Event()
    hook.rule = lambda event: 200 if release.wait(60) else 500
    id = vendor.register(hook)
    users(vendor.organizations[0], 1)
    hook.wait_for(1)
    row = "SELECT fence, scanned_sequence, holder FROM webhook_progress WHERE endpoint_id = %s"
    late, place, holder = rollcall.database.query(row, id_bytes(id))[0]
    rollcall.admin_process.signal(signal.SIGSTOP)
    try:
        other, url = rollcall.another_admin()
        until(lambda: rollcall.database.query(row, id_bytes(id))[0][0] > late, "the other one has it")
        release.set()
        vendor.admin = type(vendor.admin)(url, vendor.admin.key)
        users(vendor.organizations[0], 5)
        check_complete(vendor, hook, "user.created")
        before = until(
            lambda: (found := rollcall.database.query(row, id_bytes(id))[0])[1] > place + 5 and found, "it is written"
        )
    finally:
        rollcall.admin_process.signal(signal.SIGCONT)
    users(vendor.organizations[0], 5)
    check_complete(vendor, hook, "user.created")
    after = rollcall.database.query(row, id_bytes(id))[0]
    assert after[1] >= before[1] and (after[2] == before[2] or after[0] > before[0])
    lanes = "SELECT COUNT(*) FROM webhook_lane WHERE endpoint_id = %s"
    until(lambda: rollcall.database.query(lanes, id_bytes(id)) == ((0,),), "no lane lags")


# --- what an operator sees ---


def test_metrics_tell_what_was_sent(vendor, hook):
    def metric(line):
        with urllib.request.urlopen(f"{vendor.rollcall.admin_url}/metrics", timeout=30) as response:
            text = response.read().decode()
        return int(re.search(rf"^{re.escape(line)} (\d+)", text, re.M).group(1))

    before = metric('rollcall_webhook_attempts_total{outcome="delivered"}')
    vendor.register(hook)
    users(vendor.organizations[0], 3)
    hook.wait_taken(3)
    until(lambda: metric('rollcall_webhook_attempts_total{outcome="delivered"}') >= before + 3, "they are counted")
    until(lambda: metric("rollcall_webhook_endpoints") >= 1, "who is sent to is counted")


def test_the_log_of_deliveries_is_bounded(make_rollcall, hook):
    options = ["--webhook-log-rows", "100", "--webhook-haste", str(RUSH)]
    vendor = Vendor(make_rollcall(admin_options=options))
    bad = {}
    hook.rule = lambda event: 400 if event["id"] == bad.setdefault("id", event["id"]) else 200
    id = vendor.register(hook)
    count = "SELECT COUNT(*) FROM webhook_delivery WHERE endpoint_id = %s"
    users(vendor.organizations[0], 151)
    database = vendor.rollcall.database
    until(lambda: database.query(count, id_bytes(id)) == ((151,),), "all are in the log")
    vendor.admin.delete(f"/v1/organizations/{vendor.organizations[0].id}?grace_days=0", expect=204)  # wakes housekeeping
    until(lambda: database.query(count, id_bytes(id))[0][0] <= 102, "it is trimmed")
    assert [delivery["event_id"] for delivery in vendor.deliveries(id, state="failed")] == [bad["id"]]
    many = (
        "INSERT INTO webhook_delivery (endpoint_id, id, kind, state, event_id, sequence, type, attempt_log, created_ms) "
        "SELECT endpoint_id, CONCAT(SUBSTRING(id, 1, 6), UNHEX(LPAD(HEX(n.seq), 20, '0'))), 1, 4, event_id, sequence, type, '', created_ms "
        "FROM webhook_delivery JOIN seq_1_to_2000 n WHERE endpoint_id = %s AND state = 4"
    )
    database.execute(many, id_bytes(id))
    vendor.organizations.append(vendor.rollcall.new_organization(vendor.admin))
    vendor.admin.delete(f"/v1/organizations/{vendor.organizations.pop().id}?grace_days=0", expect=204)
    until(lambda: database.query(count, id_bytes(id))[0][0] <= 1002, "what failed has an end, too", 90)
    assert vendor.deliveries(id, state="failed")[0]["event_id"] == bad["id"]
    vendor.admin.delete(f"/v1/webhooks/{id}", expect=204)
    vendor.organizations.append(vendor.rollcall.new_organization(vendor.admin))
    vendor.admin.delete(f"/v1/organizations/{vendor.organizations[1].id}?grace_days=0", expect=204)
    until(lambda: database.query(count, id_bytes(id)) == ((0,),), "that of an endpoint that is gone is dropped")


def test_a_log_of_attempts_without_end_stops_nobody(vendor, hook):
    """Each change of an endpoint begins anew: as often as somebody changes it, its event is tried."""
    hook.rule = 500
    id = vendor.register(hook)
    vendor.organizations[0].scim.new_user()
    hook.wait_for(1)
    (delivery,) = until(lambda: vendor.deliveries(id, state="retrying"), "an attempt is logged")
    vendor.update(id, state="paused")
    attempt = '{"at_ms":1,"status":500,"error":"},{","duration_ms":1}'
    many = ",".join([attempt] * 1000).ljust(65535)
    statement = "UPDATE webhook_delivery SET attempt_log = %s WHERE endpoint_id = %s"
    vendor.rollcall.database.execute(statement, many, id_bytes(id))
    hook.rule = 200
    vendor.update(id, state="active")
    until(lambda: vendor.deliveries(id, state="delivered"), "it is delivered, and that is written down")
    shown = vendor.admin.get(f"/v1/webhooks/{id}/deliveries/{delivery['id']}", expect=200).json
    assert shown["status"] == 200 and len(shown["attempt_log"]) == 1000
