"""SIGTERM under load: what is under way is finished, nothing fails, exit status 0."""

import http.client
import signal
import threading
import urllib.request

import pytest

from harness.scim import USER
from harness.wait import until


class Client(threading.Thread):
    """One keep-alive connection in a closed loop. It stops when the server says that the connection ends."""

    def __init__(self, org, number):
        super().__init__()
        self.org, self.number = org, number
        self.answered = 0
        self.failure = None

    def run(self):
        client = self.org.client()
        while True:
            try:
                name = f"drain-{self.number}-{self.answered}"
                answer = client.post("/Users", {"schemas": [USER], "userName": name})
            except ConnectionRefusedError:
                return
            except (OSError, http.client.HTTPException, AssertionError) as failure:
                self.failure = repr(failure)
                return
            if answer.status != 201:
                self.failure = repr(answer)
                return
            self.answered += 1
            if (answer.headers["connection"] or "").lower() == "close":
                return


@pytest.mark.parametrize("round_number", range(3))
def test_no_request_fails_while_the_server_drains(rollcall, round_number):
    org = rollcall.new_organization()
    clients = [Client(org, number) for number in range(16)]
    for client in clients:
        client.start()
    until(lambda: all(client.answered >= 3 for client in clients), "load")

    status = rollcall.server.process.stop()
    for client in clients:
        client.join(60)
    rollcall.server.start()

    assert status == 0
    assert [client.failure for client in clients if client.failure] == []
    assert not any(client.is_alive() for client in clients)
    total = org.client().get("/Users?count=0", expect=200)["totalResults"]
    assert total == sum(client.answered for client in clients), "each acknowledged write is there, and no other"


def test_an_idle_keep_alive_connection_does_not_hold_up_the_end(rollcall):
    org = rollcall.new_organization()
    org.scim.get("/Users", expect=200)
    try:
        assert rollcall.server.process.stop(20) == 0
    finally:
        rollcall.server.start()


def test_the_admin_api_drains_too(rollcall):
    rollcall.admin.get("/v1/organizations", expect=200)
    assert rollcall.admin_process.stop() == 0
    rollcall.admin.wire.close()
    rollcall.ensure_running()
    rollcall.admin.get("/v1/organizations", expect=200)


@pytest.fixture
def hasty(make_rollcall):
    """One worker, and no patience at the end."""
    return make_rollcall(admin_options=["--query-workers", "1", "--drain-timeout", "100"])


def ask(rollcall, path):
    """Somebody who does not wait for the answer."""
    headers = {"Authorization": f"Bearer {rollcall.admin.key}"}
    connection = http.client.HTTPConnection("127.0.0.1", rollcall.admin_port, timeout=60)
    connection.request("GET", path, headers=headers)
    return connection


def test_an_export_that_begins_when_all_has_been_cut_ends_with_the_rest(hasty):
    org, process = hasty.new_organization(), hasty.admin_process

    def queued():
        with urllib.request.urlopen(f"{hasty.admin_url}/metrics", timeout=30) as metrics:
            return 'rollcall_queue_depth{lane="query"} 1' in metrics.read().decode()

    with hasty.database.frozen():
        asked = [ask(hasty, "/v1/organizations"), ask(hasty, f"/v1/organizations/{org.id}/snapshot")]
        until(queued, "the export waits for the worker")
        process.expected_to_end = True
        process.signal(signal.SIGTERM)
        until(lambda: "requests were cut" in process.log.read_text(), "the drain is over")
    assert process.wait() == 1
    for connection in asked:
        connection.close()
