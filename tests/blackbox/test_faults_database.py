"""MariaDB hangs, refuses connections, or is too slow: requests end, in bounds, with the right answer."""

import http.client
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.load import Writers
from harness.rollcall import answers
from harness.scim import USER
from harness.wait import until

pytestmark = pytest.mark.slow

LONGEST_ANSWER_SECONDS = 20


def impatient(org):
    """A client that takes an answer that comes too late for a failure."""
    client = org.client()
    client.wire.connection.timeout = LONGEST_ANSWER_SECONDS
    return client


def test_a_frozen_database_ends_every_request_with_503_and_loses_nothing(own_rollcall):
    org = own_rollcall.new_organization()
    user = org.scim.new_user("frozen@example.com")
    path = f"/Users/{user['id']}"

    def requests(number):
        client = org.client()
        client.wire.connection.timeout = LONGEST_ANSWER_SECONDS
        return [
            client.get(path),
            client.get("/Users?count=10"),
            client.patch(path, {"op": "replace", "path": "title", "value": f"t{number}"}),
        ][number % 3 :][:1]

    with own_rollcall.database.frozen():
        with ThreadPoolExecutor(12) as pool:
            statuses = [answer.status for some in pool.map(requests, range(12)) for answer in some]
        assert set(statuses) == {503}
        assert answers(f"{own_rollcall.server.url}/healthz"), "alive, and says so"
        assert not own_rollcall.server.is_ready()

    until(lambda: org.scim.get(path).status == 200, "service resumes")
    until(lambda: org.scim.patch(path, {"op": "replace", "path": "title", "value": "after"}).status == 200, "so do writes")


def test_writers_survive_a_freeze(own_rollcall):
    org = own_rollcall.new_organization()
    with Writers(org) as writers:
        until(lambda: writers.acknowledged >= 50, "writes are acknowledged")
        with own_rollcall.database.frozen():
            until(lambda: writers.statuses.get(503, 0) >= 8, "writers are told to come again")
        more = writers.acknowledged + 50
        until(lambda: writers.acknowledged >= more, "service resumes")
    writers.check({201, 503})


def test_a_locked_row_holds_up_its_own_requests_alone(own_rollcall):
    org = own_rollcall.new_organization()
    locked, free = org.scim.new_user(), org.scim.new_user()
    with own_rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute("SELECT 1 FROM resource WHERE id = %s FOR UPDATE", (bytes.fromhex(locked["id"].replace("-", "")),))
        with ThreadPoolExecutor(2) as pool:
            held = pool.submit(
                lambda: impatient(org).patch(f"/Users/{locked['id']}", {"op": "replace", "path": "title", "value": "x"})
            )
            org.scim.get(f"/Users/{locked['id']}", expect=200)
            org.scim.get(f"/Users/{free['id']}", expect=200)
            assert held.result().status == 503
        cursor.execute("ROLLBACK")
    answer = org.scim.patch(f"/Users/{locked['id']}", {"op": "replace", "path": "title", "value": "y"}, expect=200)
    assert answer["title"] == "y"


def test_connections_that_mariadb_closes_are_opened_again(own_rollcall):
    org = own_rollcall.new_organization()
    user = org.scim.new_user()
    for number in range(5):
        kill_connections(own_rollcall.database)
        read = until(lambda: (answer := org.scim.get(f"/Users/{user['id']}")).status == 200 and answer, "reads go on")
        assert read["id"] == user["id"]
        body = {"schemas": [USER], "userName": f"after-kill-{number}"}
        until(lambda: org.scim.post("/Users", body).status in (201, 409), "writes go on")
    assert org.scim.get("/Users?count=0", expect=200)["totalResults"] == 6


def kill_connections(database):
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE user = 'rollcall_server'")
        for (identifier,) in cursor.fetchall():
            cursor.execute(f"KILL CONNECTION {identifier}")


def test_a_request_cut_by_its_client_leaves_the_server_well(own_rollcall):
    org = own_rollcall.new_organization()
    for number in range(30):
        connection = http.client.HTTPConnection("127.0.0.1", own_rollcall.server.port, timeout=10)
        body = b'{"schemas":["%s"],"userName":"gone%d"}' % (USER.encode(), number)
        connection.putrequest("POST", org.scim.base + "/Users")
        for name, value in (
            ("Authorization", f"Bearer {org.token}"),
            ("Content-Type", "application/scim+json"),
            ("Content-Length", str(len(body))),
        ):
            connection.putheader(name, value)
        connection.endheaders(body if number % 2 else body[: len(body) // 2])
        connection.close()
    assert org.scim.get("/Users", expect=200)["totalResults"] <= 15
