"""What a write costs in statements: features that a directory does not use cost it nothing."""

import re
import urllib.request
import uuid

import pytest

from harness.scim import GROUP, USER

ROUNDS = 6


@pytest.fixture
def server(rollcall):
    """With one worker: it has prepared each statement after the first time."""
    server = rollcall.another_server("--write-workers", "1")
    yield server
    server.stop()


class Meter:
    def __init__(self, rollcall, org, server):
        self.server = server
        self.scim = org.client(server=server)

    def trips(self):
        with urllib.request.urlopen(f"{self.server.url}/metrics", timeout=30) as response:
            text = response.read().decode()
        return int(float(re.search(r'^rollcall_database_round_trips_total\{lane="write"\} (\S+)$', text, re.M)[1]))

    def least(self, request):
        """Of a few times: the first ones prepare statements and note when the token was used."""
        costs = []
        for number in range(ROUNDS):
            before = self.trips()
            answer = request(number)
            assert answer.status < 300, answer
            costs.append(self.trips() - before)
        return min(costs)

    def new_user(self, **attributes):
        user = {"schemas": [USER], "userName": f"{uuid.uuid4()}@example.com", **attributes}
        return self.scim.post("/Users", user, expect=201)

    def new_group(self):
        return self.scim.post("/Groups", {"schemas": [GROUP], "displayName": f"{uuid.uuid4()}"}, expect=201)


def patch(meter, kind, ids, path, value, op="replace"):
    return lambda n: meter.scim.patch(f"/{kind}/{ids[n]}", {"op": op, "path": path, "value": value})


def test_what_a_write_costs_in_round_trips(rollcall, org, server):
    """BEGIN, rows, COMMIT; then one for each kind of row. A deletion is kept (1; of a group: its members are asked for as
    well, 2), and who was deleted is noted, so that he may come back (1); a flip of "active" is noted (1)."""
    meter = Meter(rollcall, org, server)
    users = [meter.new_user().json["id"] for _ in range(ROUNDS)]
    groups = [meter.new_group().json["id"] for _ in range(ROUNDS)]
    costs = {
        "user.create": meter.least(lambda n: meter.new_user()),
        "user.title": meter.least(patch(meter, "Users", users, "title", "Clerk")),
        "user.deactivate": meter.least(patch(meter, "Users", users, "active", False)),
        "user.reactivate": meter.least(patch(meter, "Users", users, "active", True)),
        "group.create": meter.least(lambda n: meter.new_group()),
        "group.name": meter.least(lambda n: patch(meter, "Groups", groups, "displayName", f"{uuid.uuid4()}")(n)),
        "group.add": meter.least(lambda n: patch(meter, "Groups", groups, "members", [{"value": users[n]}], "add")(n)),
        "group.delete": meter.least(lambda n: meter.scim.delete(f"/Groups/{groups[n]}")),
        "user.delete": meter.least(lambda n: meter.scim.delete(f"/Users/{users[n]}")),
        "user.create, somebody was deleted": meter.least(lambda n: meter.new_user()),
    }
    assert costs == {
        "user.create": 8,
        "user.title": 7,
        "user.deactivate": 8,
        "user.reactivate": 8,
        "group.create": 9,
        "group.name": 9,
        "group.add": 9,
        "group.delete": 12,
        "user.delete": 11,
        "user.create, somebody was deleted": 9,
    }
