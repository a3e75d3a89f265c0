"""The health of directories: what is known of an identity provider's requests, and when its silence is news."""

import uuid

import pytest

from harness import wait
from harness.openapi import CheckedAdmin
from harness.process import free_port
from harness.rollcall import answers
from harness.scim import USER

MINUTE, HOUR, DAY = 60 * 1000, 3600 * 1000, 86400 * 1000


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
    yield client
    client.wire.close()


class Directory:
    def __init__(self, rollcall, admin, idp="generic"):
        self.database = rollcall.database
        self.admin = admin
        self.org = rollcall.new_organization(admin, idp=idp)
        self.scim = self.org.scim
        self.path = f"/v1/directories/{self.org.directory_id}"
        self.key = rollcall.id_bytes(self.org.directory_id)

    @property
    def health(self):
        return self.admin.get(self.path, expect=200)["health"]

    def become(self, state):
        return wait.until(lambda: (health := self.health)["state"] == state and health, f"{state}: {self.health}")

    def succeed(self):
        self.scim.get("/Users?count=1", expect=200)

    def age(self, ms):
        """As if all that happened had happened so much earlier."""
        assert self.database.execute(
            "UPDATE directory_health SET first_request_ms = first_request_ms - %s, last_request_ms = last_request_ms - %s,"
            " last_success_ms = last_success_ms - %s, last_error_ms = last_error_ms - %s WHERE directory_id = %s",
            *[ms] * 4,
            self.key,
        )

    def events(self, type):
        """The newest of this directory."""
        events = self.admin.get("/v1/events?limit=1000", expect=200)["events"]
        return [e for e in events if e["type"] == type and e["directory_id"] == self.org.directory_id]


@pytest.fixture
def directory(rollcall, admin):
    made = Directory(rollcall, admin)
    yield made
    made.scim.close()


def test_a_directory_that_nobody_has_come_to_waits(directory):
    health = directory.health
    assert health["state"] == "waiting" and health["last_request_at"] is health["overdue_at"] is health["last_error"] is None
    assert health["last_24_hours"] == {"requests": 0, "failures": 0, "skipped": 0}


def test_requests_make_it_healthy_and_are_counted(directory):
    directory.succeed()
    directory.scim.get(f"/Users/{uuid.uuid4()}", expect=404)
    health = directory.become("healthy")
    assert health["last_request_at"] >= health["last_success_at"] and health["last_error"] is None
    wait.until(lambda: directory.health["last_24_hours"] == {"requests": 2, "failures": 0, "skipped": 0}, "both counts")


def test_three_failures_in_a_row_are_failing_until_one_succeeds(directory):
    directory.succeed()
    answers = [directory.scim.post("/Users", {"schemas": [USER]}, expect=400) for _ in range(3)]
    health = directory.become("failing")
    assert health["failures_in_row"] == 3
    error = health["last_error"]
    assert error["request_id"] == answers[-1].headers["x-request-id"]
    assert error["status"] == 400 and error["operation"] == "user.create" and "userName" in error["detail"]
    assert error["explanation"] and error["action"]
    directory.succeed()
    assert directory.become("healthy")["last_error"] == error


def test_a_revoked_token_makes_it_fail(directory, admin):
    directory.succeed()
    token = admin.get(f"{directory.path}/tokens")["tokens"][0]["id"]
    admin.delete(f"{directory.path}/tokens/{token}", expect=204)
    for _ in range(3):
        directory.scim.get("/Users", expect=401)
    assert directory.become("failing")["last_error"]["problem"] == "unauthorized"


def test_strangers_change_nothing(directory):
    directory.succeed()
    directory.become("healthy")
    for _ in range(5):
        directory.scim.get("/Users", authorization="Bearer guess", expect=401)
    log = f"{directory.path}/requests?status=401"
    wait.until(lambda: len(directory.admin.get(log)["requests"]) == 5, "the guesses in the log")
    assert directory.health["state"] == "healthy" and directory.health["failures_in_row"] == 0


def test_what_is_paused_is_called_so(directory, admin):
    admin.patch(directory.path, {"state": "paused"}, expect=200)
    assert directory.health["state"] == "paused"


@pytest.mark.parametrize("idp, seconds", [("entra", 2400), ("google", 21600), ("okta", 86400), ("generic", 86400)])
def test_the_cadence_begins_as_the_providers(rollcall, admin, idp, seconds):
    directory = Directory(rollcall, admin, idp)
    health = directory.health
    assert health["expected_cadence_seconds"] == seconds and health["cadence_source"] == "default"
    directory.scim.close()


def test_the_vendor_sets_the_cadence(directory, admin):
    admin.patch(directory.path, {"expected_cadence_seconds": 600}, expect=200)
    read = admin.get(directory.path, expect=200)
    assert read["expected_cadence_seconds"] == 600
    assert read["health"]["expected_cadence_seconds"] == 600 and read["health"]["cadence_source"] == "set"
    for wrong in (0, 59, 31536001, "600", 1.5, True):
        admin.patch(directory.path, {"expected_cadence_seconds": wrong}, expect=422)
    admin.patch(directory.path, {"expected_cadence_seconds": None}, expect=200)
    assert admin.get(directory.path)["health"]["cadence_source"] == "default"


def test_pauses_teach_what_is_usual(directory):
    """Longer ones than the provider's own rhythm, again and again."""
    for gap in range(6):
        before = directory.health["last_24_hours"]["requests"]
        directory.succeed()
        wait.until(lambda: directory.health["last_24_hours"]["requests"] > before, "the request noted")
        if gap < 5:
            directory.age(3 * DAY)
    health = directory.health
    assert health["cadence_source"] == "learned"
    assert abs(health["expected_cadence_seconds"] - 3 * DAY / 1000) < 60


def test_silence_is_told_once_and_so_is_the_return(make_rollcall):
    """By two processes that watch."""
    rollcall = make_rollcall()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
    directory = Directory(rollcall, admin, "entra")
    quiet = Directory(rollcall, admin, "okta")
    silent = Directory(rollcall, admin, "entra")
    second = another_admin(rollcall)
    for one in (directory, quiet):
        one.succeed()
        one.become("healthy")
        one.age(3 * 40 * MINUTE + MINUTE)
    health = directory.become("stalled")
    assert health["stalled_at"] is not None and health["overdue_at"] < health["stalled_at"]
    assert quiet.health["state"] == "healthy", "Okta may be silent for longer"
    assert silent.health["state"] == "waiting", "who never came cannot fall silent"
    event = directory.events("directory.stalled")[0]
    assert event["data"]["expected_cadence_seconds"] == 2400

    directory.scim.post("/Users", {"schemas": [USER]}, expect=400)
    wait.until(lambda: directory.health["failures_in_row"] == 1, "the failure noted")
    assert directory.health["state"] == "stalled", "a single failure is no return"
    directory.succeed()
    directory.become("healthy")
    wait.until(lambda: directory.events("directory.recovered"), "the return told")
    # both processes have had more than one turn since the first event
    directory.age(3 * 40 * MINUTE + MINUTE)
    directory.become("stalled")
    wait.until(lambda: len(directory.events("directory.stalled")) == 2, "the second silence told")
    assert len(directory.events("directory.recovered")) == 1
    assert not quiet.events("directory.stalled") and not silent.events("directory.stalled")
    assert second.stop() == 0
    for one in (directory, quiet, silent):
        one.scim.close()
    admin.wire.close()


def test_two_processes_that_notice_at_once_tell_once(make_rollcall):
    """Both want to change the same row; the second finds it changed."""
    rollcall = make_rollcall()
    directory = Directory(rollcall, CheckedAdmin(rollcall.admin_url, rollcall.admin.key), "entra")
    directory.succeed()
    directory.become("healthy")
    directory.admin.wire.close()
    rollcall.admin_process.stop()
    directory.age(DAY)

    def at_the_row():
        return rollcall.database.query(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'UPDATE directory_health%%'"
        )[0][0]

    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        connection.begin()
        cursor.execute("SELECT 1 FROM directory_health WHERE directory_id = %s FOR UPDATE", (directory.key,))
        rollcall._start_admin()
        second = another_admin(rollcall)
        wait.until(lambda: at_the_row() == 2, "both processes wait for the row")
        connection.commit()
    directory.become("stalled")
    wait.until(lambda: at_the_row() == 0, "both are done")
    assert second.stop() == 0
    assert len(directory.events("directory.stalled")) == 1
    directory.scim.close()
    directory.admin.wire.close()


def another_admin(rollcall):
    port = free_port()
    options = ["--listen", f"127.0.0.1:{port}", "--database-url", rollcall.database.url("rollcall_admin")]
    process = rollcall.spawn("admin-2", "admin-api/rollcall-admin", options, "admin")
    process.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
    return process


def test_all_troubled_customers_are_in_one_list(rollcall, admin):
    waiting, healthy, failing, stalled, paused = (Directory(rollcall, admin, "entra") for _ in range(5))
    for one in (healthy, failing, stalled):
        one.succeed()
    for _ in range(3):
        failing.scim.post("/Users", {}, expect=400)
    stalled.become("healthy")
    stalled.age(DAY)
    admin.patch(paused.path, {"state": "paused"}, expect=200)
    failing.become("failing")
    stalled.become("stalled")
    healthy.become("healthy")

    everything = admin.get("/v1/health", expect=200)["directories"]
    assert len(everything) == 5
    names = {"waiting": waiting, "healthy": healthy, "failing": failing, "stalled": stalled, "paused": paused}
    for state, directory in names.items():
        found = admin.get(f"/v1/health?state={state}", expect=200)["directories"]
        assert [one["directory_id"] for one in found] == [directory.org.directory_id], state
        assert found[0]["health"]["state"] == state
        assert found[0]["organization_external_id"] == directory.org.external_id
    pages, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"/v1/health?limit=2{cursor and '&cursor=' + cursor}", expect=200)
        pages += page["directories"]
        cursor = page["next_cursor"]
    assert pages == everything
    assert admin.get("/v1/health?state=ill").status == 400
    for one in names.values():
        one.scim.close()


def test_the_entity_tag_of_a_directory_does_not_move_with_its_health(directory, admin):
    tag = admin.get(directory.path, expect=200).headers["etag"]
    directory.succeed()
    directory.become("healthy")
    admin.request("PATCH", directory.path, json={"name": "renamed"}, headers=[("If-Match", tag)], expect=200)
