"""The admin API when its database connection is cut at a COMMIT: what is answered is what happened, once."""

import http.client
import itertools
import threading

import pytest

from harness.openapi import CheckedAdmin
from harness.process import free_port
from harness.relay import WAYS, Relay
from harness.rollcall import answers
from harness.scim import Scim
from harness.wait import until


@pytest.fixture(scope="module")
def relayed(shared_rollcall, tmp_path_factory):
    """One more rollcall-admin, which reaches MariaDB through a relay, and a client of it."""
    rollcall = shared_rollcall
    rollcall.ensure_running()
    relay = Relay(tmp_path_factory.mktemp("relay") / "socket", rollcall.database.socket)
    url = f"http://127.0.0.1:{free_port()}"
    options = ["--listen", url.removeprefix("http://"), "--public-url", rollcall.server.url, "--query-workers", "1"]
    options += ["--database-url", rollcall.database.url("rollcall_admin", relay.path)]
    process = rollcall.spawn("admin-relayed", "admin-api/rollcall-admin", options, "admin")
    process.wait_ready(lambda: answers(f"{url}/readyz"))
    client = CheckedAdmin(url, rollcall.new_environment().key)
    yield relay, client
    relay.disarm()
    client.wire.close()
    assert process.stop() == 0


@pytest.fixture
def cut(relayed):
    relay, client = relayed

    def request_with_cut(way, method, path, json=None, expect=None, headers=()):
        client.get("/v1/organizations", expect=200)  # connected, and the key's last use written
        before = relay.cuts
        relay.cut_next(way)
        answer = client.request(method, path, json=json, expect=expect, headers=headers)
        assert relay.cuts == before + 1, "its COMMIT was cut"
        return answer

    return request_with_cut


@pytest.mark.parametrize("way", WAYS)
def test_an_organization_is_made_once_and_its_token_works(rollcall, relayed, cut, way):
    client = relayed[1]
    made = cut(way, "POST", "/v1/organizations", {"display_name": "Cut", "external_id": f"cut-{way}"}, expect=201)
    found = client.get(f"/v1/organizations?external_id=cut-{way}", expect=200)["organizations"]
    assert found == [made["organization"]]
    assert client.get(made.headers["location"], expect=200).json == made["organization"]
    Scim(made["connector_url"], made["token"]).get("/Users", expect=200)


@pytest.mark.parametrize("way", WAYS)
def test_a_rotation_happens_once_and_its_token_works(relayed, cut, way):
    client = relayed[1]
    made = client.post("/v1/organizations", {"display_name": "Cut"}, expect=201)
    path = f"/v1/directories/{made['directory']['id']}/tokens"
    rotated = cut(way, "POST", f"{path}/rotate", expect=201)
    assert [token["revoked_at"] is None for token in client.get(path, expect=200)["tokens"]] == [False, True]
    Scim(made["connector_url"], made["token"]).get("/Users", expect=401)
    Scim(made["connector_url"], rotated["token"]).get("/Users", expect=200)


@pytest.mark.parametrize("way", WAYS)
def test_changes_and_deletes_are_answered_as_what_they_did(rollcall, relayed, cut, way):
    client = relayed[1]
    made = client.post("/v1/organizations", {"display_name": "Cut"}, expect=201)
    path = made.headers["location"]
    changed = cut(way, "PATCH", path, {"display_name": f"Cut {way}"}, expect=200)
    assert client.get(path, expect=200).json == changed.json
    cut(way, "DELETE", path, expect=204)
    client.get(path, expect=404)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT action, COUNT(*) FROM audit WHERE detail LIKE %s GROUP BY action", (f'%"Cut {way}"%',))
        assert dict(cursor.fetchall()) == {"organization.update": 1, "organization.delete": 1}


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_is_kept_with_what_it_answers(relayed, cut, way):
    client = relayed[1]
    headers, body = [("Idempotency-Key", f"cut-{way}")], {"display_name": f"Kept {way}"}
    made = cut(way, "POST", "/v1/organizations", body, expect=201, headers=headers)
    again = client.post("/v1/organizations", body, headers=headers, expect=201)
    assert again.body == made.body and again.headers["idempotency-replayed"] == "true"
    assert len(client.get(f"/v1/organizations?name=Kept+{way}")["organizations"]) == 1


def test_another_process_gives_the_same_answer(rollcall, relayed):
    first = relayed[1]
    second = CheckedAdmin(rollcall.admin_url, first.key)
    headers, body = [("Idempotency-Key", '"two processes"')], {"display_name": "Both"}
    made = first.post("/v1/organizations", body, headers=headers, expect=201)
    again = second.post("/v1/organizations", body, headers=headers, expect=201)
    assert again.body == made.body and again.headers["idempotency-replayed"] == "true"
    tag = [("If-Match", made.headers["etag"])]
    second.patch(made.headers["location"], {"display_name": "Changed"}, headers=tag, expect=200)
    first.patch(made.headers["location"], {"display_name": "Again"}, headers=tag, expect=412)
    second.wire.close()


class Creators:
    """Threads that make organizations, each under a key, and note what was not answered."""

    def __init__(self, client, count):
        self.client = client
        self.made, self.unanswered = {}, set()
        self.stopping = False
        self.threads = [threading.Thread(target=self._work, args=(number,)) for number in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def _work(self, number):
        client = self.client.with_key(self.client.key)
        for i in itertools.count():
            if self.stopping:
                break
            self.create(client, f"made-{number}-{i}")
        client.wire.close()

    def create(self, client, name):
        self.unanswered.add(name)
        try:
            answer = client.post("/v1/organizations", {"display_name": name}, headers=[("Idempotency-Key", name)])
        except (OSError, http.client.HTTPException):
            return
        if answer.status == 201:
            self.made[name] = answer
            self.unanswered.discard(name)


def test_a_request_that_a_kill_left_unanswered_is_safe_to_send_again(own_rollcall):
    client = own_rollcall.new_environment()
    with Creators(client, 4) as creators:
        for _ in range(6):
            more = len(creators.made) + 40
            until(lambda: len(creators.made) >= more, "organizations are made")
            own_rollcall.admin_process.kill()
            own_rollcall._start_admin()
    for name in list(creators.unanswered):
        creators.create(client, name)
    assert not creators.unanswered
    listed, cursor = [], ""
    while cursor is not None:
        page = client.get(f"/v1/organizations?limit=1000{cursor and '&cursor=' + cursor}", expect=200)
        listed += [organization["display_name"] for organization in page["organizations"]]
        cursor = page["next_cursor"]
    assert sorted(listed) == sorted(creators.made)


@pytest.mark.parametrize("way", WAYS)
def test_the_audit_log_has_each_change_once_and_in_one_chain(relayed, cut, way):
    client = relayed[1]
    client.wire.close()  # it may have been idle for longer than the server keeps a connection
    before = client.get("/v1/audit/verify", expect=200)["end_position"]
    for number in range(3):
        cut(way, "POST", "/v1/organizations", {"display_name": f"Chained {way} {number}"}, expect=201)
    verdict = client.get("/v1/audit/verify", expect=200)
    assert verdict["intact"] and verdict["end_position"] == before + 3, verdict.json
    newest = client.get("/v1/audit?order=newest&limit=3", expect=200)["records"]
    assert [record["detail"]["after"]["display_name"] for record in newest] == [f"Chained {way} {n}" for n in (2, 1, 0)]


@pytest.mark.parametrize("way", WAYS)
def test_a_setup_link_is_exchanged_once_and_its_session_works(relayed, cut, way):
    client = relayed[1]
    client.wire.close()
    organization = client.post("/v1/organizations", {"display_name": "Cut"}, expect=201)["organization"]["id"]
    link = client.post(f"/v1/organizations/{organization}/setup-links", {"label": "x"}, expect=201)
    holder = client.with_key(link["url"].rsplit("#", 1)[1])
    relay = relayed[0]
    client.get("/v1/organizations", expect=200)
    cuts = relay.cuts
    relay.cut_next(way)
    session = holder.post("/v1/setup/sessions", expect=201)["session"]
    assert relay.cuts == cuts + 1, "its COMMIT was cut"
    client.with_key(session).get("/v1/setup/session", expect=200)
    holder.post("/v1/setup/sessions", expect=409)
