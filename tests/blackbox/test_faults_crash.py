"""kill -9 during writes: what was acknowledged is there, once."""

import pytest

from harness.load import Writers
from harness.wait import until

pytestmark = pytest.mark.slow


def test_killing_the_server_during_writes_loses_nothing(own_rollcall):
    org = own_rollcall.new_organization()
    with Writers(org, tolerate_lost_connections=True) as writers:
        for _ in range(6):
            more = writers.acknowledged + 60
            until(lambda: writers.acknowledged >= more, "writes are acknowledged")
            own_rollcall.server.kill()
            own_rollcall.server.start()
    assert writers.acknowledged >= 360
    writers.check({201, 503})


def test_killing_mariadb_during_writes_loses_nothing_and_service_resumes_by_itself(own_rollcall):
    org = own_rollcall.new_organization()
    with Writers(org) as writers:
        for _ in range(4):
            more = writers.acknowledged + 60
            until(lambda: writers.acknowledged >= more, "writes are acknowledged")
            own_rollcall.database.kill()
            own_rollcall.database.start()
        more = writers.acknowledged + 60
        until(lambda: writers.acknowledged >= more, "service resumes")
    writers.check({201, 503})


def test_without_mariadb_everything_is_503_until_it_is_back(own_rollcall):
    org = own_rollcall.new_organization()
    user = org.scim.new_user()
    own_rollcall.database.stop()

    for _ in range(3):
        for answer in (
            org.scim.get(f"/Users/{user['id']}"),
            org.scim.get("/Users"),
            org.scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "lost"}),
            org.scim.get("/Groups?filter=displayName+eq+%22x%22"),
        ):
            assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1
    until(lambda: not own_rollcall.server.is_ready(), "/readyz says so")
    own_rollcall.admin.get("/v1/organizations", expect=503)

    own_rollcall.database.start()
    own_rollcall.server.wait_ready()
    read = until(lambda: (answer := org.scim.get(f"/Users/{user['id']}")).status == 200 and answer, "service resumes")
    assert read.json == user.json
    assert org.scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "kept"}, expect=200)
    until(lambda: own_rollcall.admin.get("/v1/organizations").status == 200, "the admin API resumes")


def test_starting_before_the_database_is_there(own_rollcall):
    org = own_rollcall.new_organization()
    own_rollcall.server.stop()
    own_rollcall.database.stop()
    own_rollcall.server.start(wait=False)
    own_rollcall.database.start()
    if not until(lambda: own_rollcall.server.is_ready() or not own_rollcall.server.process.running, "it decides"):
        return
    if not own_rollcall.server.process.running:
        assert own_rollcall.server.process.child.returncode not in (0, -6, -11), "it says why and ends"
        own_rollcall.server.process.expected_to_end = True
        own_rollcall.server.start()
    org.scim.get("/Users", expect=200)
