"""The audit log: who did what to which identity, when, and with what result; and no value of anything."""

import json
import signal
import uuid

import pytest

from harness.scim import GROUP, USER, Scim
from harness.wait import until

SECRET = f"secret-{uuid.uuid4().hex}"
FIELDS = {"time", "operation", "request_id", "organization", "directory", "token", "resource", "peer", "status"}


@pytest.fixture(scope="module")
def audited(make_rollcall, tmp_path_factory):
    file = tmp_path_factory.mktemp("audit") / "audit.log"
    rollcall = make_rollcall(server_options=["--audit-log", str(file)])
    rollcall.audit = file
    return rollcall


@pytest.fixture
def org(audited):
    return audited.new_organization()


def lines_of(rollcall, answers):
    """The lines of these requests, in the order of the answers."""
    wanted = [answer.headers["x-request-id"] for answer in answers]

    def found():
        lines = [json.loads(line) for line in rollcall.audit.read_text().splitlines()]
        mine = {line["request_id"]: line for line in lines if line["request_id"] in wanted}
        return len(mine) == len(wanted) and [mine[identifier] for identifier in wanted]

    return until(found, "a line for each request")


def test_SEC_12_every_change_leaves_a_line_that_says_who_what_where_and_what_came_of_it(audited, org):
    scim = org.scim
    user, group = scim.new_user(title=SECRET), scim.new_group(SECRET)
    changed = {"op": "replace", "path": "title", "value": SECRET}
    answers = {
        "user.create": user,
        "group.create": group,
        "user.replace": scim.put(f"/Users/{user['id']}", {"schemas": [USER], "userName": SECRET}, expect=200),
        "user.patch": scim.patch(f"/Users/{user['id']}", changed, expect=200),
        "group.replace": scim.put(f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": SECRET}, expect=200),
        "group.patch": scim.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "externalId"}, expect=204),
        "user.delete": scim.delete(f"/Users/{user['id']}", expect=204),
        "group.delete": scim.delete(f"/Groups/{group['id']}", expect=204),
    }
    lines = lines_of(audited, answers.values())
    [token] = audited.admin.get(f"/v1/directories/{org.directory_id}/tokens", expect=200)["tokens"]
    for line, (operation, answer) in zip(lines, answers.items()):
        assert set(line) == FIELDS
        assert line["operation"] == operation
        assert line["status"] == answer.status
        assert line["organization"] == org.id and line["directory"] == org.directory_id
        assert line["token"] == token["id"]
        assert line["resource"] == (user if "user" in operation else group)["id"]
        assert line["peer"] == "127.0.0.1"


def test_SEC_12_what_was_refused_leaves_a_line_too(audited, org):
    user = org.scim.new_user()
    stranger = Scim(org.connector_url, org.token[:-1] + ("0" if org.token[-1] != "0" else "1"))
    answers = [
        stranger.delete(f"/Users/{user['id']}", expect=401),
        org.scim.post("/Users", {"schemas": [USER], "userName": user["userName"]}, expect=409),
        org.scim.delete(f"/Users/{user['id']}", headers=[("If-Match", 'W/"x"')], expect=412),
        org.scim.delete(f"/Users/{uuid.uuid4()}", expect=404),
        org.scim.patch(f"/Users/{user['id']}", {"op": "add", "path": "nope[", "value": SECRET}, expect=400),
    ]
    lines = lines_of(audited, answers)
    assert [line["status"] for line in lines] == [401, 409, 412, 404, 400]
    assert "token" not in lines[0] and "directory" not in lines[0], "nothing was proved"
    assert all(line["token"] and line["directory"] == org.directory_id for line in lines[1:])


def test_SEC_12_reading_is_no_change(audited, org):
    user = org.scim.new_user()
    reads = [org.scim.get(f"/Users/{user['id']}", expect=200), org.scim.get("/Users", expect=200)]
    after = org.scim.delete(f"/Users/{user['id']}", expect=204)
    lines_of(audited, [user, after])
    text = audited.audit.read_text()
    for answer in reads:
        assert answer.headers["x-request-id"] not in text


def test_SEC_12_SEC_04_no_value_and_no_secret_is_in_the_audit_log(audited, org):
    password = f"password-{uuid.uuid4().hex}"
    answers = [
        org.scim.new_user(f"{SECRET}@example.com", title=SECRET, password=password, externalId=SECRET),
        org.scim.get(f"/Users/{SECRET}", expect=404),
        org.scim.delete(f"/Users/{SECRET}%0A%7B%22forged%22%3A1%7D", expect=404),
    ]
    lines_of(audited, [answers[0], answers[2]])
    text = audited.audit.read_text()
    for secret in (SECRET, password, org.token, org.token.split("_")[2], "forged"):
        assert secret not in text


def test_SEC_12_a_rotated_file_is_opened_again(audited, org):
    old = audited.audit.rename(audited.audit.with_suffix(".1"))
    audited.server.process.child.send_signal(signal.SIGHUP)
    until(audited.audit.exists, "the new file")
    before = old.read_text()
    user = org.scim.new_user()
    lines_of(audited, [user])
    assert old.read_text() == before


def test_SEC_12_the_change_itself_is_recorded_with_the_change(audited, org):
    """Whatever becomes of a log: what, where and when is in the same transaction, under the request's id."""
    user = org.scim.new_user()
    rows = audited.database.query(
        "SELECT kind, resource_id, created_ms FROM `change` WHERE operation_id = %s",
        uuid.UUID(user.headers["x-request-id"]).bytes,
    )
    assert [(kind, resource) for kind, resource, _ in rows] == [(1, uuid.UUID(user["id"]).bytes)]


def test_B_17_SEC_12_a_bulk_request_leaves_a_line_for_each_operation(audited, org):
    user = org.scim.new_user()
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "x", "data": {"schemas": [USER], "userName": f"{uuid.uuid4()}@x"}},
        {"method": "DELETE", "path": f"/Users/{user['id']}"},
        {"method": "DELETE", "path": f"/Users/{uuid.uuid4()}"},
        {"method": "DELETE", "path": "/Nope/x"},
    ]
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    answer = org.scim.post("/Bulk", message, expect=200)
    results = answer["Operations"]
    created = results[0]["location"].rsplit("/", 1)[1]

    def lines():
        found = [json.loads(line) for line in audited.audit.read_text().splitlines()]
        mine = [line for line in found if line["request_id"] == answer.headers["x-request-id"]]
        return len(mine) == len(operations) and mine

    found = {line.get("resource"): line for line in until(lines, "a line for each")}
    assert found[created]["operation"] == "user.create" and found[created]["status"] == 201
    assert found[user["id"]]["operation"] == "user.delete" and found[user["id"]]["status"] == 204
    assert sorted(line["status"] for line in found.values()) == [201, 204, 404, 404]
    rows = audited.database.query(
        "SELECT resource_id FROM `change` WHERE operation_id = %s", uuid.UUID(found[created]["change_id"]).bytes
    )
    assert rows == ((uuid.UUID(created).bytes,),)
