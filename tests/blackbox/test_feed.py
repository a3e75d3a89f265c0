"""GET /v1/events: the feed by pages, by long polls and as a stream, from any place, whatever comes in between."""

import concurrent.futures
import socket
import threading
import urllib.request
from urllib.parse import urlsplit

import pytest

from harness.events import Stream, follow, page_of
from harness.process import free_port
from harness.rollcall import answers, id_bytes
from harness.wait import until
from http_bed import Client

INVALID, EXPIRED = "urn:rollcall:problem:invalid-cursor", "urn:rollcall:problem:expired-cursor"


@pytest.fixture
def admin(rollcall):
    """Of an environment in which nothing has happened, when nobody waits for anything any more."""
    until(lambda: listeners(rollcall, "poll") == listeners(rollcall, "stream") == 0, "those of other tests have left")
    client = rollcall.new_environment()
    yield client
    client.wire.close()


@pytest.fixture
def customer(rollcall, admin):
    organization = rollcall.new_organization(admin)
    yield organization
    organization.scim.close()


def types_of(events):
    return [event["type"] for event in events]


def names_of(events):
    """Of the users that were made, in their order."""
    return [event["data"]["user"]["userName"] for event in events if event["type"] == "user.created"]


def metric(rollcall, name):
    with urllib.request.urlopen(f"{rollcall.admin_url}/metrics", timeout=30) as response:
        for line in response.read().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.rsplit(" ", 1)[1])
    return 0


def listeners(rollcall, way):
    return metric(rollcall, f'rollcall_feed_listeners{{way="{way}"}}')


def in_background(call, *arguments, **options):
    """A future of what it answers."""
    future = concurrent.futures.Future()

    def run():
        try:
            future.set_result(call(*arguments, **options))
        except BaseException as problem:  # the test that waits is told
            future.set_exception(problem)

    threading.Thread(target=run, daemon=True).start()
    return future


def poll(admin, cursor, **parameters):
    client = admin.with_key(admin.key)
    try:
        return page_of(client, cursor, **parameters)
    finally:
        client.wire.close()


def waiting_poll(rollcall, admin, cursor, **parameters):
    before = listeners(rollcall, "poll")
    future = in_background(poll, admin, cursor, **{"wait": 60, **parameters})
    until(lambda: listeners(rollcall, "poll") == before + 1, "it waits")
    return future


def slow_stream(admin, cursor):
    """A client that never reads, with little room for what it does not."""
    parts = urlsplit(admin.url)
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect((parts.hostname, parts.port))
    head = f"GET /v1/events?cursor={cursor} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.key}\r\n"
    sock.sendall(f"{head}Accept: text/event-stream\r\n\r\n".encode())
    return sock


# --- pages ---


def test_pages_have_each_change_once_while_four_writers_write(rollcall, admin, customer):
    done = threading.Event()
    start = page_of(admin, "now")["next_cursor"]

    def write(number):
        client, names = customer.client(), []
        for i in range(60):
            names.append(f"user-{number}-{i}")
            client.new_user(names[-1])
        client.close()
        return names

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, number) for number in range(4)]
        pool.submit(lambda: (concurrent.futures.wait(writers), done.set()))
        events, cursor, ended = [], start, False
        while not ended:
            ended = done.is_set()  # what follows finds all that was acknowledged
            found, cursor = follow(admin, cursor, limit=7)
            events += found
        made = [writer.result() for writer in writers]
    assert len({event["id"] for event in events}) == len(events) == 240
    told = names_of(events)
    assert sorted(told) == sorted(name for names in made for name in names)
    for names in made:
        assert [name for name in told if name in set(names)] == names, "in the order in which one writer made them"


def test_who_reads_behind_an_acknowledged_write_finds_it(admin, customer):
    cursor = page_of(admin, "now")["next_cursor"]
    for i in range(20):
        customer.scim.new_user(f"user-{i}")
        events, cursor = follow(admin, cursor)
        assert names_of(events) == [f"user-{i}"]


def test_without_a_cursor_it_begins_at_the_oldest_and_now_is_the_end(admin, customer):
    customer.scim.new_user("ada")
    page = page_of(admin, limit=2)
    assert types_of(page["events"]) == ["organization.created", "directory.created"] and page["has_more"]
    rest, _ = follow(admin, page["next_cursor"])
    assert types_of(rest) == ["token.created", "user.created"]
    now = page_of(admin, "now")
    assert now["events"] == [] and not now["has_more"]
    assert page_of(admin, now["next_cursor"])["next_cursor"] == now["next_cursor"]


def test_each_event_says_where_to_go_on_behind_it(admin, customer):
    for name in ("ada", "bob", "eve"):
        customer.scim.new_user(name)
    events, end = follow(admin)
    for i, event in enumerate(events):
        rest, _ = follow(admin, event["cursor"])
        assert [other["id"] for other in rest] == [other["id"] for other in events[i + 1 :]]
    assert events[-1]["cursor"] == end


def test_an_empty_feed_has_a_cursor(rollcall):
    client = rollcall.new_environment()
    page = page_of(client)
    assert page["events"] == [] and not page["has_more"]
    organization = rollcall.new_organization(client)
    assert types_of(page_of(client, page["next_cursor"])["events"])[0] == "organization.created"
    organization.scim.close()
    client.wire.close()


def test_filters_narrow_and_a_cursor_is_good_with_any_of_them(rollcall, admin, customer):
    other = rollcall.new_organization(admin)
    ada, bob = customer.scim.new_user("ada"), other.scim.new_user("bob")
    customer.scim.new_group("staff", [ada["id"]])
    other.scim.delete(f"/Users/{bob['id']}", expect=204)
    assert names_of(follow(admin, types="user.created")[0]) == ["ada", "bob"]
    assert types_of(follow(admin, types="user.deleted,group.*")[0]) == [
        "group.created",
        "group.member_added",
        "user.deleted",
    ]
    assert names_of(follow(admin, organization_id=customer.id)[0]) == ["ada"]
    assert names_of(follow(admin, directory_id=other.directory_id)[0]) == ["bob"]
    assert follow(admin, organization_id=customer.id, directory_id=other.directory_id)[0] == []
    assert follow(admin, organization_id=rollcall.new_organization().id)[0] == []
    page = page_of(admin, types="user.created", limit=1)
    rest, _ = follow(admin, page["next_cursor"])
    assert "user.deleted" in types_of(rest) and "ada" not in names_of(rest)
    other.scim.close()


def test_the_cursor_moves_over_what_a_filter_leaves_out(admin, customer):
    for i in range(5):
        customer.scim.new_user(f"user-{i}")
    page = page_of(admin, types="group.created")
    assert page["events"] == [] and not page["has_more"]
    assert page_of(admin, page["next_cursor"])["events"] == []


@pytest.mark.parametrize(
    "query, says",
    {
        "limit=0": "limit must be",
        "limit=1001": "limit must be",
        "limit=x": "limit must be",
        "wait=-1": "wait must be a whole number of seconds from 0 to 60",
        "wait=61": "wait must be",
        "wait=1.5": "wait must be",
        "wait=": "wait must be",
        "types=user.made": "There is no type of event",
        "types=": "There is no type of event",
        "types=users.*": "There is no type of event",
        "organization_id=dir-0": 'begins with "org-"',
        "directory_id=x": 'begins with "dir-"',
        "directory_id=": "begins with",
        "follow=yes": "not known here",
    }.items(),
)
def test_what_makes_no_sense_is_refused_with_what_would(rollcall, query, says):
    answer = rollcall.admin.get(f"/v1/events?{query}", expect=400)
    assert says in answer["detail"], answer


def test_forged_cursors_and_those_of_others_are_refused(rollcall, admin, customer):
    cursor = page_of(admin)["next_cursor"]
    other = rollcall.new_environment()
    forged = [cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "AB"), cursor[:-1], cursor + "A", "x", "A" * 46, "now "]
    list_cursor = rollcall.operator.get("/v1/environments?limit=1", expect=200)["next_cursor"]
    for client, text in [(other, cursor), (admin, list_cursor)] + [(admin, text) for text in forged]:
        answer = client.get(f"/v1/events?cursor={text.replace(' ', '%20')}", expect=400)
        assert answer["type"] == INVALID, text
        stream = Stream(client, last_id=text)
        assert stream.status == 400 and stream.answer()["type"] == INVALID
    other.wire.close()


def purge(rollcall, admin, count):
    """As housekeeping does, after some weeks."""
    environment = id_bytes(environment_of(admin))
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM feed WHERE environment_id = %s AND sequence <= %s", (environment, count))
        cursor.execute("UPDATE feed_end SET purged_sequence = %s WHERE environment_id = %s", (count, environment))


def environment_of(admin):
    return page_of(admin, limit=1)["events"][0]["environment_id"]


def test_an_expired_cursor_says_how_to_go_on(rollcall, admin, customer):
    events, end = follow(admin)
    customer.scim.new_user("ada")
    purge(rollcall, admin, 2)
    for ask in (
        lambda cursor: admin.get(f"/v1/events?cursor={cursor}", expect=400),
        lambda cursor: admin.get(f"/v1/events?cursor={cursor}&wait=60", expect=400),
        lambda cursor: Stream(admin, f"cursor={cursor}").answer(),
        lambda cursor: Stream(admin, last_id=cursor).answer(),
    ):
        answer = ask(events[0]["cursor"])
        assert answer.status == 400 and answer["type"] == EXPIRED
        assert "snapshot" in answer["detail"], answer
    assert names_of(follow(admin, events[1]["cursor"])[0]) == ["ada"], "what is behind is there"
    assert types_of(follow(admin)[0]) == ["token.created", "user.created"], "from the oldest that is kept"


# --- long polls ---


def test_a_long_poll_answers_at_once_when_there_is_something(admin, customer):
    page = page_of(admin, wait=60, limit=1)
    assert types_of(page["events"]) == ["organization.created"] and page["has_more"]


def test_a_long_poll_is_woken_by_the_first_event_that_matches(rollcall, admin, customer):
    cursor = page_of(admin, "now")["next_cursor"]
    any_event = waiting_poll(rollcall, admin, cursor)
    deleted = waiting_poll(rollcall, admin, cursor, types="user.deleted")
    elsewhere = waiting_poll(rollcall, admin, cursor, organization_id=rollcall.new_organization().id, wait=3)
    ada = customer.scim.new_user("ada")
    assert names_of(any_event.result(60)["events"]) == ["ada"]
    assert not deleted.done()
    customer.scim.delete(f"/Users/{ada['id']}", expect=204)
    page = deleted.result(60)
    assert types_of(page["events"]) == ["user.deleted"]
    assert page_of(admin, page["next_cursor"])["events"] == []
    assert elsewhere.result(60)["events"] == []


def test_a_long_poll_whose_time_is_up_is_an_empty_page_behind_what_it_left_out(rollcall, admin, customer):
    cursor = page_of(admin, "now")["next_cursor"]
    empty = waiting_poll(rollcall, admin, cursor, types="group.*", wait=2)
    customer.scim.new_user("ada")
    page = empty.result(60)
    assert page["events"] == [] and not page["has_more"] and page["next_cursor"] != cursor
    assert page_of(admin, page["next_cursor"])["events"] == []


def test_a_long_poll_of_what_another_process_numbers(rollcall, admin, customer):
    """The rows appear as another rollcall-admin writes them: this one's sequencer has nothing to do."""
    cursor = page_of(admin, "now")["next_cursor"]
    environment = id_bytes(environment_of(admin))
    waiting = waiting_poll(rollcall, admin, cursor)
    stream = Stream(admin, f"cursor={cursor}")
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as rows:
        rows.execute("START TRANSACTION")
        rows.execute("SELECT turns FROM feed_turn WHERE id = 1 FOR UPDATE")
        rows.execute("SELECT last_sequence FROM feed_end WHERE environment_id = %s FOR UPDATE", environment)
        last = rows.fetchone()[0]
        columns = "source, operation_id, ordinal, organization_id, directory_id, type, kind, resource_id, is_primary, numbered_ms"
        rows.execute(
            f"INSERT INTO feed (environment_id, sequence, {columns}) SELECT environment_id, %s, {columns} FROM feed"
            " WHERE environment_id = %s AND sequence = 1",
            (last + 1, environment),
        )
        rows.execute("UPDATE feed_end SET last_sequence = %s WHERE environment_id = %s", (last + 1, environment))
        rows.execute("UPDATE feed_turn SET turns = turns + 1 WHERE id = 1")
        rows.execute("COMMIT")
    assert types_of(waiting.result(60)["events"]) == ["organization.created"]
    assert stream.event()["event"] == "organization.created"
    stream.close()


def test_a_client_that_leaves_waits_no_longer(rollcall, admin):
    parts = urlsplit(admin.url)
    sockets = []
    for accept, query in (("*/*", "cursor=now&wait=60"), ("text/event-stream", "cursor=now")):
        sock = socket.create_connection((parts.hostname, parts.port))
        head = f"GET /v1/events?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.key}\r\nAccept: {accept}\r\n\r\n"
        sock.sendall(head.encode())
        sockets.append(sock)
    until(lambda: listeners(rollcall, "poll") == listeners(rollcall, "stream") == 1, "both wait")
    for sock in sockets:
        sock.close()
    until(lambda: listeners(rollcall, "poll") == listeners(rollcall, "stream") == 0, "none does")


# --- streams ---


def test_a_stream_has_what_is_there_and_then_what_comes(admin, customer):
    customer.scim.new_user("ada")
    stream = Stream(admin)
    assert stream.response.headers["content-type"] == "text/event-stream"
    assert [event["event"] for event in stream.events(4)][-1] == "user.created" and stream.retry_ms
    for i in range(30):
        customer.scim.new_user(f"user-{i}")
    assert names_of([event["data"] for event in stream.events(30)]) == [f"user-{i}" for i in range(30)]
    stream.close()


def test_a_stream_goes_on_from_the_last_id_whatever_its_address_says(admin, customer):
    stream = Stream(admin, "types=user.created")
    customer.scim.new_user("ada")
    stream.events(1)
    stream.close()
    customer.scim.new_user("bob")
    again = Stream(admin, "types=user.created&cursor=now", last_id=stream.last_id)
    customer.scim.new_user("eve")
    assert names_of([event["data"] for event in again.events(2)]) == ["bob", "eve"]
    page, _ = follow(admin, stream.last_id)
    assert names_of(page) == ["bob", "eve"], "pages and streams have the same cursors"
    again.close()


@pytest.mark.parametrize(
    "accept, streams",
    {
        "text/event-stream": True,
        "text/event-stream, */*": True,
        "TEXT/Event-Stream;charset=utf-8": True,
        "*/*": False,
        "": False,
        "application/json, text/event-stream": False,
        "text/event-stream;q=0, application/json": False,
    }.items(),
)
def test_a_stream_is_for_who_names_it(admin, accept, streams):
    head = admin.request("HEAD", "/v1/events", headers=[("Accept", accept)], expect=200)
    assert head.headers["content-type"] == ("text/event-stream" if streams else "application/json")
    assert head.body == b""


@pytest.mark.parametrize("query", ["wait=10", "limit=10"])
def test_a_stream_has_neither_limit_nor_end(admin, query):
    stream = Stream(admin, query)
    assert stream.status == 400 and query.split("=")[0] in stream.answer()["detail"]


def test_two_last_ids_are_refused(admin):
    headers = [("Last-Event-ID", "x"), ("last-event-id", "y")]
    admin.request("GET", "/v1/events", headers=headers, expect=400)


def test_a_revoked_key_ends_its_streams_and_polls(rollcall, admin, customer):
    environment = environment_of(admin)
    key = rollcall.operator.post(f"/v1/environments/{environment}/keys", {"label": "gone soon"}, expect=201)
    reader = admin.with_key(key["key"])
    cursor = page_of(admin, "now")["next_cursor"]
    stream, other = Stream(reader, f"cursor={cursor}"), Stream(admin, f"cursor={cursor}")
    waiting = waiting_poll(rollcall, reader, cursor)
    rollcall.operator.delete(f"/v1/environments/{environment}/keys/{key['id']}", expect=204)
    assert stream.rest() == [] and waiting.result(60)["events"] == []
    customer.scim.new_user("ada")
    assert names_of([other.event()["data"]]) == ["ada"], "that of another key goes on"
    assert Stream(reader).answer().status == 401
    other.close()


# --- processes of their own ---


def second_admin(rollcall):
    """One more rollcall-admin on the same database: its process and a client's URL."""
    port = free_port()
    options = ["--listen", f"127.0.0.1:{port}", "--public-url", rollcall.server.url]
    options += ["--database-url", rollcall.database.url("rollcall_admin"), *rollcall.admin_options]
    process = rollcall.spawn(f"admin-{port}", "admin-api/rollcall-admin", options, "admin")
    process.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
    return process, f"http://127.0.0.1:{port}"


def at(admin, url):
    return type(admin)(url, admin.key)


def test_a_stream_goes_on_at_another_process_after_kill_9(own_rollcall):
    org = own_rollcall.new_organization()
    other_process, url = second_admin(own_rollcall)
    stream = Stream(own_rollcall.admin, "cursor=now&types=user.*")
    told = []
    for round in range(3):
        org.scim.new_user(f"before-{round}")
        told += stream.events(1)
        own_rollcall.admin_process.kill()
        told += stream.rest()
        org.scim.new_user(f"between-{round}")
        stream = Stream(at(own_rollcall.admin, url), "types=user.*", last_id=stream.last_id)
        org.scim.new_user(f"after-{round}")
        told += stream.events(2)
        stream.close()
        own_rollcall._start_admin()
        stream = Stream(own_rollcall.admin, "types=user.*", last_id=stream.last_id)
    stream.close()
    wanted = [f"{moment}-{round}" for round in range(3) for moment in ("before", "between", "after")]
    assert names_of([event["data"] for event in told]) == wanted
    org.scim.close()


def test_hundreds_wait_and_the_api_still_answers(own_rollcall):
    admin, org = own_rollcall.admin, own_rollcall.new_organization()
    cursor = page_of(admin, "now")["next_cursor"]
    streams = [Stream(admin, f"cursor={cursor}") for _ in range(200)]
    polls = [in_background(poll, admin, cursor, wait=60) for _ in range(200)]
    until(lambda: listeners(own_rollcall, "poll") == 200 and listeners(own_rollcall, "stream") == 200, "all wait")
    admin.get("/v1/organizations", expect=200)
    org.scim.new_user("ada")
    assert all(names_of(future.result(60)["events"]) == ["ada"] for future in polls)
    assert all(names_of([stream.event()["data"]]) == ["ada"] for stream in streams)
    assert metric(own_rollcall, 'rollcall_feed_events_total{way="stream"}') == 200
    for stream in streams:
        stream.close()
    until(lambda: listeners(own_rollcall, "stream") == 0, "all have left")
    org.scim.close()


def test_what_waits_goes_on_when_the_database_was_away(own_rollcall):
    admin, org = own_rollcall.admin, own_rollcall.new_organization()
    cursor = page_of(admin, "now")["next_cursor"]
    stream, waiting = Stream(admin, f"cursor={cursor}"), waiting_poll(own_rollcall, admin, cursor)
    own_rollcall.database.kill()
    own_rollcall.database.start()
    until(own_rollcall.server.is_ready, "the server is back")
    org.scim.new_user("ada")
    assert names_of([stream.event()["data"]]) == ["ada"]
    assert names_of(waiting.result(60)["events"]) == ["ada"]
    stream.close()
    org.scim.close()


def test_a_shutdown_ends_what_waits_without_losing_any_of_it(own_rollcall):
    admin, org = own_rollcall.admin, own_rollcall.new_organization()
    cursor = page_of(admin, "now")["next_cursor"]
    streams = [Stream(admin, f"cursor={cursor}") for _ in range(20)]
    polls = [waiting_poll(own_rollcall, admin, cursor) for _ in range(5)]
    parts = urlsplit(admin.url)
    client = Client(None, socket.create_connection((parts.hostname, parts.port)))
    headers = [("authorization", f"Bearer {admin.key}")]
    poll_2 = client.start(f"/v1/events?cursor={cursor}&wait=60", headers=headers)
    stream_2 = client.start(f"/v1/events?cursor={cursor}", headers=[*headers, ("accept", "text/event-stream")])
    until(lambda: listeners(own_rollcall, "poll") == 6 and listeners(own_rollcall, "stream") == 21, "all wait")
    ended = in_background(own_rollcall.admin_process.stop, 20)
    assert all(stream.rest() == [] for stream in streams)
    assert all(future.result(60)["next_cursor"] == cursor for future in polls)
    assert client.finish(poll_2).status == 200 and client.finish(stream_2).status == 200
    client.close()
    assert ended.result(60) == 0, "it was cut, or had to be"
    own_rollcall._start_admin()
    org.scim.new_user("ada")
    assert names_of([Stream(admin, last_id=cursor).event()["data"]]) == ["ada"]
    org.scim.close()


def test_a_shutdown_waits_for_no_stream_whose_client_does_not_read(own_rollcall):
    """It would be cut at the end of the drain timeout, and the process say so by its exit status."""
    org = own_rollcall.new_organization()
    slow = slow_stream(own_rollcall.admin, page_of(own_rollcall.admin, "now")["next_cursor"])
    until(lambda: listeners(own_rollcall, "stream") == 1, "it waits")
    for _ in range(200):
        org.scim.new_user(title="x" * 60000)
    until(lambda: metric(own_rollcall, "rollcall_jobs_in_flight") == 0, "a piece is on its way, and stays there")
    assert metric(own_rollcall, 'rollcall_feed_events_total{way="stream"}') < 200
    assert own_rollcall.admin_process.stop() == 0
    slow.close()
    org.scim.close()


@pytest.fixture(scope="module")
def narrow(make_rollcall):
    """Where few may wait, connections may not idle for long, and what is left of a rate is told."""
    options = ["--feed-waiters", "6", "--idle-timeout", "1000", "--request-timeout", "1000", "--response-timeout", "1500"]
    options += ["--rate-fields", "1", "--admin-rate", "1", "--admin-burst", "1000"]
    return make_rollcall(admin_options=options)


@pytest.fixture
def narrow_admin(narrow):
    """Of a fresh environment. Connections that idled meanwhile are gone."""
    narrow.ensure_running()
    client = narrow.new_environment()
    yield client
    client.wire.close()


def test_who_is_one_too_many_is_told_when_to_come_again(narrow, narrow_admin):
    first, second, third = narrow_admin, narrow.new_environment(), narrow.new_environment()
    streams = [Stream(first, "cursor=now") for _ in range(3)]
    for refused in (Stream(first, "cursor=now").answer(), first.get("/v1/events?cursor=now&wait=9", expect=429)):
        assert refused.status == 429 and refused["type"] == "urn:rollcall:problem:throttled"
        assert int(refused.headers["retry-after"]) > 0 and "3 requests" in refused["detail"]
    first.get("/v1/events", expect=200)
    streams += [Stream(second, "cursor=now") for _ in range(3)]
    refused = Stream(third, "cursor=now").answer()
    assert refused.status == 503 and int(refused.headers["retry-after"]) > 0
    for stream in streams:
        assert stream.status == 200
        stream.close()
    until(lambda: listeners(narrow, "stream") == 0, "all have left")
    again = Stream(third, "cursor=now")
    assert again.status == 200
    again.close()


@pytest.mark.slow
def test_a_silent_stream_outlives_every_deadline_and_says_that_it_is_alive(narrow, narrow_admin):
    admin = narrow_admin
    parts = urlsplit(admin.url)
    client = Client(None, socket.create_connection((parts.hostname, parts.port), timeout=60))
    headers = [("authorization", f"Bearer {admin.key}"), ("accept", "text/event-stream")]
    stream_2 = client.start("/v1/events?cursor=now", headers=headers)
    stream = Stream(admin, "cursor=now")
    assert stream.read() == {"comment": [":"]}
    while b"\n:\n\n" not in client.replies[stream_2].body:
        assert client.pump(), "the connection was cut"
    admin.wire.close()
    organization = narrow.new_organization(admin)
    assert stream.event()["event"] == "organization.created"
    while b"event: organization.created" not in client.replies[stream_2].body:
        assert client.pump(), "the connection was cut"
    organization.scim.close()
    client.close()
    stream.close()


def test_a_slow_reader_is_cut_and_slows_nobody_else(narrow, narrow_admin):
    admin = narrow_admin
    organization = narrow.new_organization(admin)
    cursor = page_of(admin, "now")["next_cursor"]
    slow = slow_stream(admin, cursor)
    quick = Stream(admin, f"cursor={cursor}")
    until(lambda: listeners(narrow, "stream") == 2, "both wait")
    text, count = "x" * 60000, 0
    while listeners(narrow, "stream") == 2:
        organization.scim.new_user(f"user-{count}", title=text)
        assert quick.event()["data"]["data"]["user"]["userName"] == f"user-{count}"
        count += 1
    cut = 'rollcall_connections_cut_total{reason="slow reader"}'
    until(lambda: metric(narrow, cut) == 1, "it is counted as cut")  # by another thread
    slow.close()
    quick.close()
    organization.scim.close()


def test_what_waits_counts_once_against_the_rate(narrow, narrow_admin):
    admin = narrow_admin
    organization = narrow.new_organization(admin)

    def left():
        fields = admin.get("/v1/events?cursor=now", expect=200).headers["ratelimit"]
        return int(fields.split("r=")[1].split(";")[0])

    before = left()
    stream = Stream(admin, "cursor=now")
    for i in range(20):
        organization.scim.new_user(f"user-{i}")
    stream.events(20)
    assert left() >= before - 2
    stream.close()
    organization.scim.close()
