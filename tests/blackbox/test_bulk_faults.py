"""Bulk requests beside others, and when something ends in the middle of them."""

import http.client
import json
import socket
import threading
import urllib.request

import pytest

from harness.bulk import bulk, failing, group, id_of, message, ref, statuses, user
from harness.load import everything
from harness.scim import patch_of
from harness.wait import until


def metrics_of(server):
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as response:
        rows = [row.rsplit(" ", 1) for row in response.read().decode().splitlines() if row and row[0] != "#"]
    return {name: float(value) for name, value in rows}


def send_and_leave(org, body):
    """The whole request, and the connection is closed without reading."""
    content = json.dumps(body).encode()
    head = f"POST {org.scim.base}/Bulk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {org.token}\r\n"
    head += f"Content-Type: application/scim+json\r\nContent-Length: {len(content)}\r\n\r\n"
    with socket.create_connection((org.scim.wire.host, org.scim.wire.port)) as connection:
        connection.sendall(head.encode() + content)


def test_B_17_every_operation_is_logged_and_counted(own_rollcall):
    org = own_rollcall.new_organization()
    answer = org.scim.post("/Bulk", message(user("a"), *failing(2), {"method": "POST", "path": "/Nope/1/2", "bulkId": "n", "data": {}}))
    log = own_rollcall.logs / "server-1.access.log"

    def lines():
        found = [json.loads(line) for line in log.read_text().splitlines()]
        return [line for line in found if line["request_id"] == answer.headers["x-request-id"]]

    until(lambda: len(lines()) == 5, "every operation has its line")
    records = [line for line in lines() if "index" in line]
    assert [(line["index"], line["method"], line.get("operation"), line["status"]) for line in records] == [
        (0, "POST", "user.create", 201),
        (1, "DELETE", "user.delete", 404),
        (2, "DELETE", "user.delete", 404),
        (3, "POST", None, 404),
    ]
    assert all(line["organization"] == org.id for line in lines())
    (whole,) = [line for line in lines() if "index" not in line]
    assert whole["operation"] == "bulk" and whole["status"] == 200
    metrics = metrics_of(own_rollcall.server)
    assert metrics['rollcall_requests_total{operation="user.delete",status="404"}'] == 2
    assert metrics['rollcall_requests_total{operation="user.create",status="201"}'] == 1
    assert metrics['rollcall_requests_total{operation="bulk",status="200"}'] == 1


def test_B_17_SEC_12_every_operation_leaves_a_line_of_audit(make_rollcall, tmp_path):
    audit = tmp_path / "audit.log"
    org = make_rollcall(server_options=["--audit-log", str(audit)]).new_organization()
    operations = [user("u"), group("a", ref("b")), group("b", ref("a")), *failing(1), user("never")]
    operations.insert(1, {"method": "POST", "path": "/Nope/1/2", "bulkId": "n", "data": {}})
    answer = org.scim.post("/Bulk", message(*operations, failOnErrors=2), expect=200)
    assert statuses(answer["Operations"]) == [201, 404, 201, 201, 404]

    def lines():
        found = [json.loads(line) for line in audit.read_text().splitlines()]
        return [line for line in found if line["request_id"] == answer.headers["x-request-id"]]

    until(lambda: len(lines()) == 4, "every operation that led somewhere has its line")
    assert sorted((line["operation"], line["status"]) for line in lines()) == [
        ("group.create", 201),
        ("group.create", 201),
        ("user.create", 201),
        ("user.delete", 404),
    ]
    made = {line["resource"] for line in lines() if line["status"] == 201}
    assert made == {id_of(result) for result in answer["Operations"] if result["status"] == "201"}


def test_two_servers_and_many_bulk_requests_at_once(own_rollcall):
    org = own_rollcall.new_organization()
    second = own_rollcall.another_server()
    team = org.scim.new_group()
    answers, clients = [], [org.client(server=server) for server in 2 * (own_rollcall.server, second)]

    def send(client, name):
        operations = []
        for i in range(50):
            operations += [user(f"{i}", f"shared-{i}"), user(f"own-{i}", f"{name}-{i}")]
            operations.append(
                {
                    "method": "PATCH",
                    "path": f"/Groups/{team['id']}",
                    "data": patch_of({"op": "add", "path": "members", "value": [{"value": ref(f"own-{i}")}]}),
                }
            )
        answers.append(bulk(client, *operations))

    threads = [threading.Thread(target=send, args=(client, f"c{i}")) for i, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    for i in range(50):
        assert sorted(int(answer[3 * i]["status"]) for answer in answers) == [201, 409, 409, 409]
    for answer in answers:
        assert {answer[3 * i + 1]["status"] for i in range(50)} == {"201"}
        assert {answer[3 * i + 2]["status"] for i in range(50)} == {"204"}
    assert org.scim.get("/Users?count=0")["totalResults"] == 250
    assert len(org.scim.members(team["id"])) == 200


@pytest.mark.slow
def test_killing_the_server_in_a_bulk_request_loses_nothing_acknowledged(own_rollcall):
    org = own_rollcall.new_organization()
    acknowledged, ended = [], threading.Event()

    def send():
        serial = 0
        while not ended.is_set():
            client = org.client()
            operations = [user(f"{i}", f"k{serial}-{i}") for i in range(100)]
            operations += [group(f"a{i}", ref(f"b{i}"), name=f"A {serial} {i}") for i in range(5)]
            operations += [group(f"b{i}", ref(f"a{i}"), name=f"B {serial} {i}") for i in range(5)]
            serial += 1
            try:
                results = bulk(client, *operations)
                acknowledged.extend(id_of(result) for result in results if result["status"] == "201")
            except (OSError, http.client.HTTPException):
                pass
            finally:
                client.close()

    sender = threading.Thread(target=send)
    sender.start()
    for _ in range(5):
        more = len(acknowledged) + 100
        until(lambda more=more: len(acknowledged) >= more, "bulk requests are acknowledged")
        own_rollcall.server.kill()
        own_rollcall.server.start()
    ended.set()
    sender.join()
    users = [identifier for _, identifier in everything(org.scim)]
    groups = org.scim.get("/Groups?count=1000", expect=200)["Resources"]
    assert set(acknowledged) <= set(users) | {group["id"] for group in groups}
    for group_there in groups:
        assert group_there.get("members"), "half of a circle"


def test_a_server_that_stops_finishes_what_it_has_begun(own_rollcall):
    org = own_rollcall.new_organization()
    answers = []
    sender = threading.Thread(target=lambda: answers.append(bulk(org.client(), *(user(f"{i}") for i in range(1000)))))
    sender.start()
    begun = "SELECT COUNT(*) FROM resource"
    until(lambda: own_rollcall.database.query(begun)[0][0] > 0, "the first wave is done")
    own_rollcall.server.stop()
    sender.join()
    assert statuses(answers[0]) == [201] * 1000
    assert own_rollcall.database.query(begun)[0][0] == 1000
    own_rollcall.server.start()
    assert org.scim.get("/Users?count=0", expect=200)["totalResults"] == 1000


def test_a_client_that_leaves_in_the_middle_harms_nobody(own_rollcall):
    org = own_rollcall.new_organization()
    for i in range(5):
        send_and_leave(org, message(*(user(f"{k}", f"l{i}-{k}") for k in range(300))))
    until(lambda: org.scim.get("/Users?count=0")["totalResults"] % 300 == 0, "each is done or was never begun")
    until(lambda: metrics_of(own_rollcall.server)["rollcall_jobs_in_flight"] == 0, "all have come home")
    assert statuses(bulk(org.scim, user("last"))) == [201]


def test_B_17_operations_count_against_the_rate_of_the_directory(make_rollcall):
    """A full bucket grants the whole request, and what comes afterwards pays for it."""
    org = make_rollcall(server_options=["--scim-rate", "1", "--scim-burst", "8"]).new_organization()
    results = bulk(org.scim, *(user(f"{i}") for i in range(100)))
    assert statuses(results) == [201] * 100
    refused = org.scim.post("/Bulk", message(user("x")), expect=429)
    assert int(refused.headers["retry-after"]) > 8
