"""Webhooks as a vendor has them: registered, signed, tried, paused, replaced, seen, sent again."""

import base64
import hashlib
import hmac
import json
import re
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from harness.database import ROOT
from harness.names import NameServer, may_replace_names
from harness.openapi import CheckedAdmin
from harness.receiver import Receiver, hang_up, status
from harness.rollcall import Rollcall, id_bytes
from harness.wait import until

VECTORS = json.loads((ROOT / "tests" / "vectors" / "admin_api" / "outbound.json").read_text())
VALIDATION = "urn:rollcall:problem:validation"
NOWHERE = "https://127.0.0.1:8443/hook"
PRIVATE, PUBLIC = "10.0.0.1", "8.8.8.8"


@pytest.fixture
def admin(rollcall):
    """Of an environment in which nothing has happened."""
    client = rollcall.new_environment()
    yield client
    client.wire.close()


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def org(rollcall, admin):
    organization = rollcall.new_organization(admin)
    yield organization
    organization.scim.close()


def register(admin, url, **attributes):
    return admin.post("/v1/webhooks", {"url": url, **attributes}, expect=201).json


def path_of(webhook, rest=""):
    return f"/v1/webhooks/{webhook['id']}{rest}"


def key_of(secret):
    assert secret.startswith("whsec_")
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)


def signatures_of(request):
    return request.headers["webhook-signature"].split(" ")


def content_of(request):
    return f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body


def signed_with(secret, request):
    digest = hmac.digest(key_of(secret), content_of(request), hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode() in signatures_of(request)


def events_of(requests):
    return [json.loads(request.body) for request in requests]


def names_of(requests):
    return [event["data"]["user"]["userName"] for event in events_of(requests)]


def deliveries_of(admin, webhook, query=""):
    return admin.get(path_of(webhook, "/deliveries") + query, expect=200)["deliveries"]


def wait_for_deliveries(admin, webhook, count, query="?state=delivered"):
    """Their rows are written soon after the receiver's answer."""
    return until(
        lambda: (found := deliveries_of(admin, webhook, query)) and len(found) >= count and found, "they are logged"
    )


# --- registering ---


def test_WH_03_a_webhook_is_registered_and_its_secret_shown_once(admin):
    made = register(admin, NOWHERE, label="ours", types=["user.*", "group.created"])
    secret = made.pop("secret")
    assert 24 <= len(key_of(secret)) <= 64 and secret != register(admin, NOWHERE)["secret"]
    assert (made["url"], made["label"], made["types"]) == (NOWHERE, "ours", ["user.*", "group.created"])
    assert (made["state"], made["state_reason"], made["signature"], made["public_key"]) == ("active", None, "v1", None)
    assert admin.get(path_of(made), expect=200).json == made
    listed = admin.get("/v1/webhooks", expect=200)
    assert listed["webhooks"][0]["id"] == made["id"] and secret not in listed.body.decode()
    audit = admin.get("/v1/audit?action=webhook.create", expect=200)
    assert len(audit["records"]) == 2 and "whsec_" not in audit.body.decode() and NOWHERE in audit.body.decode()


def test_secrets_are_sealed_in_the_database(rollcall, admin):
    made = register(admin, NOWHERE)
    ((box,),) = rollcall.database.query("SELECT secret FROM webhook_endpoint WHERE id = %s", id_bytes(made["id"]))
    assert key_of(made["secret"]) not in box and made["secret"].encode() not in box


def test_without_types_and_with_null_it_hears_of_everything(admin):
    assert register(admin, NOWHERE)["types"] is None
    webhook = register(admin, NOWHERE, types=None)
    assert webhook["types"] is None
    path = path_of(webhook)
    assert admin.patch(path, {"types": ["token.*"]}, expect=200)["types"] == ["token.*"]
    assert admin.patch(path, {"label": "x"}, expect=200)["types"] == ["token.*"]
    assert admin.patch(path, {"types": None}, expect=200)["types"] is None


WRONG = {
    "#/url": [{}, {"url": None}, {"url": 1}, {"url": ""}, {"url": "https://"}, {"url": "ftp://127.0.0.1/"}],
    "#/types": [{"types": []}, {"types": "user.*"}, {"types": ["nobody.created"]}, {"types": ["user.created,user.updated"]}]
    + [{"types": [1]}, {"types": [""]}, {"types": ["*"]}, {"types": ["user.*"] * 1000}],
    "#/label": [{"label": ""}, {"label": "x" * 201}],
    "#/state": [{"state": "disabled"}, {"state": None}],
    "#/signature": [{"signature": "v2"}, {"signature": None}],
    "#/secret": [{"secret": "whsec_mine"}],
}


@pytest.mark.parametrize(
    "pointer, members", [(pointer, members) for pointer, list in WRONG.items() for members in list], ids=repr
)
def test_a_webhook_that_is_not_right_is_refused_with_what_is_wrong(admin, pointer, members):
    body = {**({} if pointer == "#/url" else {"url": NOWHERE}), **members}
    refused = admin.post("/v1/webhooks", body, expect=422)
    assert refused["type"] == VALIDATION and [error["pointer"] for error in refused["errors"]] == [pointer]
    assert admin.get("/v1/webhooks")["webhooks"] == []


def test_a_wrong_change_changes_nothing(admin):
    webhook = register(admin, NOWHERE)
    before = admin.get(path_of(webhook)).json
    for change in ({"url": f"https://{PRIVATE}/"}, {"types": []}, {"state": "disabled"}, {"signature": "v1a"}):
        admin.patch(path_of(webhook), change, expect=422)
    assert admin.get(path_of(webhook)).json == before


def test_an_environment_has_fifty_webhooks_at_most(admin):
    for _ in range(50):
        last = register(admin, NOWHERE, state="paused")
    refused = admin.post("/v1/webhooks", {"url": NOWHERE}, expect=409)
    assert "50" in refused["detail"]
    admin.delete(path_of(last), expect=204)
    register(admin, NOWHERE)


def test_an_environment_is_deleted_with_its_webhooks(rollcall):
    operator = rollcall.operator
    environment = operator.post("/v1/environments", {"name": f"short {time.monotonic_ns()}"}, expect=201)["id"]
    body = {"url": NOWHERE, "environment_id": environment}
    webhook = CheckedAdmin(operator.url, operator.key).post("/v1/webhooks", body, expect=201)["id"]
    operator.delete(f"/v1/environments/{environment}", expect=204)
    operator.get(f"/v1/webhooks/{webhook}", expect=404)
    for table, column in (("webhook_endpoint", "id"), ("webhook_progress", "endpoint_id")):
        assert rollcall.database.query(f"SELECT 1 FROM {table} WHERE {column} = %s", id_bytes(webhook)) in ([], ())


# --- where a URL must not lead ---


@pytest.fixture(scope="module")
def strict(make_rollcall):
    """As it is without settings for development."""
    return make_rollcall(admin_options=("--webhook-allow", "", "--webhook-allow-http", "0"))


def test_WH_10_urls_that_lead_inside_are_refused_with_the_reason(strict):
    for vector in VECTORS["urls"]:
        if "why" not in vector:
            continue
        refused = strict.admin.post("/v1/webhooks", {"url": vector["url"]}, expect=422)
        (error,) = refused["errors"]
        assert error["pointer"] == "#/url", vector
        assert any(word in error["detail"] for word in vector["why"].split("|")), f"{vector}: {error}"
    assert strict.admin.get("/v1/webhooks")["webhooks"] == []


def test_WH_10_an_address_of_the_internet_is_taken_and_kept_as_it_is_connected_to(strict):
    made = register(strict.admin, "HTTPS://134744072/Hook?x=1", state="paused")
    assert made["url"].lower() == f"https://{PUBLIC}/hook?x=1"
    strict.admin.delete(path_of(made), expect=204)


class WithNames(Rollcall):
    """Whose rollcall-admin asks the test's own name server."""

    names = None

    def spawn(self, name, executable, options, role):
        if role != "admin":
            return super().spawn(name, executable, options, role)
        build, self.build = self.build, self.directory / "wrapped"
        wrapper = self.build / executable
        wrapper.parent.mkdir(parents=True, exist_ok=True)
        words = " ".join(f"'{word}'" for word in self.names.command(build / executable))
        wrapper.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        wrapper.chmod(0o755)
        try:
            return super().spawn(name, executable, options, role)
        finally:
            self.build = build


@pytest.mark.skipif(not may_replace_names(), reason="a resolv.conf of one's own takes root")
def test_WH_10_names_are_looked_up_when_they_are_registered_and_when_they_are_connected_to(tmp_path):
    """127.0.0.2 stands for the Internet, 127.0.0.1 for what is inside."""
    inner, outer = Receiver(), None
    outer = Receiver(host="127.0.0.2", port=inner.port)
    named = {
        "good.example.com": [["127.0.0.2"]],
        "inside.example.com": [["127.0.0.1"]],
        "both.example.com": [["127.0.0.2", "127.0.0.1"]],
        "private.example.com": [["192.168.1.1", "fd00::1"]],
        "cname.example.com": ["inside.example.com"],
        "rebound.example.com": [["127.0.0.2"], ["127.0.0.1"]],
        "slow.example.com": None,
    }
    rollcall = WithNames(tmp_path / "rollcall", admin_options=("--webhook-allow", "127.0.0.2"))
    with NameServer(tmp_path, named) as names:
        rollcall.names = names
        try:
            rollcall.start()
            for name, why in (("inside", "loopback"), ("both", "loopback"), ("private", "private"), ("cname", "loopback")):
                url = f"http://{name}.example.com:{inner.port}/"
                refused = rollcall.admin.post("/v1/webhooks", {"url": url}, expect=422)
                assert why in refused["errors"][0]["detail"]
            unknown = rollcall.admin.post("/v1/webhooks", {"url": "https://nobody.example.com/"}, expect=422)
            assert "has no address" in unknown["errors"][0]["detail"]
            slow = rollcall.admin.post("/v1/webhooks", {"url": "https://slow.example.com/"}, expect=422)
            assert "in time" in slow["errors"][0]["detail"]
            for name, state in (("good", "delivered"), ("rebound", "failed")):
                webhook = register(rollcall.admin, f"http://{name}.example.com:{inner.port}/")
                rollcall.admin.post(path_of(webhook, "/ping"), expect=202)
                (delivery,) = wait_for_deliveries(rollcall.admin, webhook, 1, f"?state={state}")
            assert "a loopback address" in delivery["error"] and delivery["status"] is None
            assert inner.connections == 0 and len(outer.requests) == 1
        finally:
            rollcall.stop()
            inner.close()
            outer.close()
    assert not rollcall.crashes()


@pytest.mark.skipif(not may_replace_names(), reason="a resolv.conf of one's own takes root")
def test_R18_a_name_whose_servers_do_not_answer_stops_nobody_else(tmp_path):
    """Looking it up takes longer than the whole test: the attempt ends before, and nobody waits for the look-up."""
    receiver = Receiver(host="127.0.0.2")
    named = {f"{name}.example.com": [["127.0.0.2"]] for name in ("good", "silent")}
    rollcall = WithNames(tmp_path / "rollcall", admin_options=("--webhook-allow", "127.0.0.2"))
    with NameServer(tmp_path, named, timeout=30, attempts=5) as names:
        rollcall.names = names
        try:
            rollcall.start()
            good, silent = (
                register(rollcall.admin, f"http://{name}.example.com:{receiver.port}/") for name in ("good", "silent")
            )
            names.answers["silent.example.com"] = None
            rollcall.admin.post(path_of(silent, "/ping"), expect=202)
            (delivery,) = wait_for_deliveries(rollcall.admin, silent, 1, "?state=failed")
            assert delivery["error"] == "The connection was not made in time."
            rollcall.admin.post(path_of(good, "/ping"), expect=202)
            wait_for_deliveries(rollcall.admin, good, 1)
        finally:
            rollcall.stop()
            receiver.close()
    assert not rollcall.crashes()


# --- what is sent ---


def test_WH_01_WH_02_WH_07_an_event_is_posted_signed_and_as_the_feed_has_it(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"])
    before = int(time.time())
    user = org.scim.new_user("ada")
    (request,) = receiver.wait_for(1)
    assert request.method == "POST" and request.headers["content-type"] == "application/json"
    sent = {name for name in request.headers if name.startswith("webhook-")}
    assert sent == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    assert before - 60 <= int(request.headers["webhook-timestamp"]) <= time.time() + 60
    assert signed_with(webhook["secret"], request) and len(signatures_of(request)) == 1
    event = json.loads(request.body)
    assert event["id"] == request.headers["webhook-id"] and "." not in event["id"]
    assert re.fullmatch(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)+", event["type"])
    assert {"type", "timestamp", "data"} <= set(event) and event["data"]["user"]["id"] == user["id"]
    (in_feed,) = admin.get("/v1/events?types=user.created", expect=200)["events"]
    assert {name: value for name, value in in_feed.items() if name != "cursor"} == event


def test_WH_04_a_webhook_may_be_signed_with_ed25519(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"], signature="v1a")
    assert webhook["secret"] is None and webhook["signature"] == "v1a"
    assert admin.get(path_of(webhook))["public_key"] == webhook["public_key"]
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(webhook["public_key"].removeprefix("whpk_")))
    org.scim.new_user("ada")
    (request,) = receiver.wait_for(1)
    (signature,) = signatures_of(request)
    version, _, text = signature.partition(",")
    assert version == "v1a"
    public.verify(base64.b64decode(text), content_of(request))
    with pytest.raises(InvalidSignature):
        public.verify(base64.b64decode(text), content_of(request) + b" ")


def test_WH_12_each_webhook_hears_of_the_types_that_it_names(admin, org, receiver):
    with Receiver() as other:
        register(admin, receiver.url, types=["group.*"])
        register(admin, other.url, types=["user.created", "user.deleted"])
        user = org.scim.new_user("ada")
        org.scim.new_group("Crew", [user["id"]])
        org.scim.delete(f"/Users/{user['id']}", expect=204)
        other.wait_for(2)
        receiver.wait_for(2)
        assert [event["type"] for event in events_of(other.requests)] == ["user.created", "user.deleted"]
        assert {event["type"].split(".")[0] for event in events_of(receiver.requests)} == {"group"}


def test_what_happened_before_it_was_registered_is_not_sent(admin, org, receiver):
    org.scim.new_user("before")
    admin.get("/v1/events?types=user.created", expect=200)  # everything has its number
    register(admin, receiver.url, types=["user.created"])
    org.scim.new_user("after")
    receiver.wait_for(1)
    assert names_of(receiver.requests) == ["after"]


def test_a_change_of_url_and_types_counts_from_then_on(admin, org, receiver):
    with Receiver() as other:
        webhook = register(admin, receiver.url, types=["user.created"])
        org.scim.new_user("one")
        receiver.wait_for(1)
        admin.patch(path_of(webhook), {"url": other.url, "types": ["user.*"]}, expect=200)
        user = org.scim.new_user("two")
        org.scim.delete(f"/Users/{user['id']}", expect=204)
        other.wait_for(2)
        assert [event["type"] for event in events_of(other.requests)] == ["user.created", "user.deleted"]
        assert names_of(receiver.requests) == ["one"]


# --- secrets ---


def test_WH_06_while_a_secret_is_replaced_both_sign(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"])
    rotated = admin.post(path_of(webhook, "/rotate-secret"), expect=200)
    assert rotated["secret"] != webhook["secret"] and rotated["previous_secret_until"] is not None
    org.scim.new_user("ada")
    (request,) = receiver.wait_for(1)
    assert len(signatures_of(request)) == 2
    assert signed_with(webhook["secret"], request) and signed_with(rotated["secret"], request)
    again = admin.post(path_of(webhook, "/rotate-secret"), {"overlap_seconds": 3600}, expect=200)
    org.scim.new_user("bob")
    request = receiver.wait_for(2)[1]
    assert [signed_with(each["secret"], request) for each in (webhook, rotated, again)] == [False, True, True]


def test_WH_06_without_overlap_the_old_secret_signs_no_more(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"])
    rotated = admin.post(path_of(webhook, "/rotate-secret"), {"overlap_seconds": 0}, expect=200)
    assert rotated["previous_secret_until"] is None
    org.scim.new_user("ada")
    (request,) = receiver.wait_for(1)
    assert len(signatures_of(request)) == 1 and signed_with(rotated["secret"], request)
    audit = admin.get("/v1/audit?action=webhook.rotate_secret", expect=200)
    assert "whsec_" not in audit.body.decode() and '"overlap_seconds":0' in audit.body.decode().replace(" ", "")


def test_WH_06_a_secret_is_replaced_by_one_of_the_other_kind(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"])
    rotated = admin.post(path_of(webhook, "/rotate-secret"), {"signature": "v1a"}, expect=200)
    assert rotated["secret"] is None and rotated["signature"] == "v1a" and rotated["public_key"].startswith("whpk_")
    org.scim.new_user("ada")
    (request,) = receiver.wait_for(1)
    assert [signature.split(",")[0] for signature in signatures_of(request)] == ["v1a", "v1"]
    assert signed_with(webhook["secret"], request)
    assert admin.post(path_of(webhook, "/rotate-secret"), expect=200)["signature"] == "v1a"


@pytest.mark.parametrize("body", [{"overlap_seconds": -1}, {"overlap_seconds": 86401}, {"overlap_seconds": "1"}, {"x": 1}])
def test_an_overlap_has_its_bounds(admin, body):
    webhook = register(admin, NOWHERE)
    admin.post(path_of(webhook, "/rotate-secret"), body, expect=422)


def test_a_secret_that_signs_no_more_is_not_kept(make_rollcall):
    rollcall = make_rollcall()
    webhook = register(rollcall.admin, NOWHERE)
    rollcall.admin.post(path_of(webhook, "/rotate-secret"), {"overlap_seconds": 3600}, expect=200)
    other = register(rollcall.admin, NOWHERE)
    rollcall.admin.post(path_of(other, "/rotate-secret"), {"overlap_seconds": 3600}, expect=200)
    rollcall.database.execute(
        "UPDATE webhook_endpoint SET previous_until_ms = 1 WHERE id = %s", id_bytes(webhook["id"])
    )
    rollcall.admin_process.stop()
    rollcall._start_admin()
    rollcall.admin.wire.close()
    kept = "SELECT id FROM webhook_endpoint WHERE previous_secret IS NOT NULL"
    until(lambda: [id for (id,) in rollcall.database.query(kept)] == [id_bytes(other["id"])], "it is dropped")
    assert rollcall.admin.get(path_of(webhook))["previous_secret_until"] is None


# --- pausing ---


def test_what_happens_while_it_is_paused_comes_in_order_when_it_is_active_again(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"], state="paused")
    for number in range(5):
        org.scim.new_user(f"user-{number}")
    with Receiver() as other:
        register(admin, other.url, types=["user.created"])
        org.scim.new_user("marker")
        other.wait_for(1)  # events are sent, but not to who is paused
        assert receiver.requests == []
    paused = admin.get(path_of(webhook), expect=200)
    assert paused["state"] == "paused"
    resumed = admin.patch(path_of(webhook), {"state": "active"}, expect=200)
    assert resumed["state"] == "active" and resumed["state_changed_at"] >= paused["state_changed_at"]
    receiver.wait_for(6)
    assert names_of(receiver.requests) == [f"user-{number}" for number in range(5)] + ["marker"]
    until(lambda: admin.get(path_of(webhook))["health"]["lag"] == 0, "nothing is to come")


def test_WH_08_one_that_is_gone_is_disabled_and_goes_on_once_it_is_active_again(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"])
    receiver.answer = status(410)
    org.scim.new_user("one")
    disabled = until(
        lambda: (found := admin.get(path_of(webhook), expect=200))["state"] == "disabled" and found, "it is disabled"
    )
    assert "410" in disabled["state_reason"]
    org.scim.new_user("two")
    receiver.answer = status(200)
    again = admin.patch(path_of(webhook), {"state": "active"}, expect=200)
    assert (again["state"], again["state_reason"]) == ("active", None)
    until(lambda: "two" in names_of(receiver.requests), "it goes on")


# --- pings and the log ---


def test_a_ping_is_sent_at_once_and_its_delivery_tells_what_came_of_it(admin, receiver):
    webhook = register(admin, receiver.url, types=["group.created"], state="paused")
    receiver.answer = status(202, "X-Answer: yes", body=b"thank you")
    ping = admin.post(path_of(webhook, "/ping"), expect=202)
    assert (ping["kind"], ping["type"]) == ("ping", "webhook.ping")
    (request,) = receiver.wait_for(1)
    assert signed_with(webhook["secret"], request)
    assert request.headers["webhook-id"] == ping["event_id"]
    event = json.loads(request.body)
    assert event["type"] == "webhook.ping" and event["data"] == {"webhook_id": webhook["id"]}
    wait_for_deliveries(admin, webhook, 1)
    whole = admin.get(ping.headers["location"], expect=200)
    assert (whole["state"], whole["status"], whole["attempts"]) == ("delivered", 202, 1)
    assert whole["request"]["body"].encode() == request.body
    assert f"webhook-id: {ping['event_id']}" in whole["request"]["headers"]
    assert whole["response"]["body"] == "thank you" and "X-Answer: yes" in whole["response"]["headers"]
    assert [attempt["status"] for attempt in whole["attempt_log"]] == [202]
    assert admin.get("/v1/events?types=webhook.ping", expect=200)["events"] == []


def test_a_ping_that_nobody_takes_is_told_as_failed(admin, receiver):
    webhook = register(admin, receiver.url)
    receiver.answer = status(500, body=b"no")
    admin.post(path_of(webhook, "/ping"), expect=202)
    (failed,) = wait_for_deliveries(admin, webhook, 1, "?state=failed")
    assert failed["status"] == 500 and failed["error"]


def test_WH_09_the_log_shows_what_was_sent_and_answered(admin, org, receiver):
    receiver.answer = status(200, b"X-Odd: \xe9".decode("latin-1"), body=b"caf\xe9 \xff\x00 ok")
    webhook = register(admin, receiver.url, types=["user.created"])
    org.scim.new_user("ada")
    (request,) = receiver.wait_for(1)
    (listed,) = wait_for_deliveries(admin, webhook, 1)
    assert (listed["kind"], listed["type"], listed["state"]) == ("event", "user.created", "delivered")
    assert (listed["organization_id"], listed["directory_id"]) == (org.id, org.directory_id)
    whole = admin.get(path_of(webhook, f"/deliveries/{listed['id']}"), expect=200)
    assert whole["request"]["body"].encode() == request.body
    assert whole["response"]["body"] == "caf\ufffd \ufffd\0 ok"
    health = admin.get(path_of(webhook))["health"]
    assert health["last_success_at"] and not health["failing_since"]


def test_the_log_is_read_by_pages_and_by_what_is_asked_for(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.*", "group.*"])
    for number in range(5):
        org.scim.new_user(f"user-{number}")
    org.scim.new_group("Crew")
    all_of_them = wait_for_deliveries(admin, webhook, 6, "")
    assert [each["id"] for each in all_of_them] == sorted((each["id"] for each in all_of_them), reverse=True)
    paged, cursor = [], ""
    while cursor is not None:
        page = admin.get(path_of(webhook, f"/deliveries?limit=4{cursor}"), expect=200)
        paged += page["deliveries"]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert [each["id"] for each in paged] == [each["id"] for each in all_of_them]
    wait_for_deliveries(admin, webhook, 6)
    assert len(deliveries_of(admin, webhook, "?types=user.*")) == 5
    assert len(deliveries_of(admin, webhook, "?types=group.created,token.*")) == 1
    assert deliveries_of(admin, webhook, "?state=failed") == []
    assert deliveries_of(admin, webhook, "?since=2100-01-01T00:00:00Z") == []
    assert len(deliveries_of(admin, webhook, "?since=2020-01-01T00:00:00Z")) == 6
    for query in ("state=gone", "types=nobody.*", "since=yesterday", "replay_id=wbh-1", "limit=0", "x=1"):
        admin.get(path_of(webhook, f"/deliveries?{query}"), expect=400)
    other = register(admin, NOWHERE, state="paused")
    page = admin.get(path_of(webhook, "/deliveries?limit=1"), expect=200)
    admin.get(path_of(other, f"/deliveries?cursor={page['next_cursor']}"), expect=400)
    admin.get(path_of(other, f"/deliveries/{all_of_them[0]['id']}"), expect=404)


# --- sending again ---


def test_one_delivery_is_sent_again_under_its_id(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"])
    org.scim.new_user("ada")
    (first,) = receiver.wait_for(1)
    (delivery,) = wait_for_deliveries(admin, webhook, 1)
    again = admin.post(path_of(webhook, f"/deliveries/{delivery['id']}/replay"), expect=202)
    assert again["id"] != delivery["id"] and again["event_id"] == delivery["event_id"] and again["kind"] == "replay"
    second = receiver.wait_for(2)[1]
    assert (second.headers["webhook-id"], second.body) == (first.headers["webhook-id"], first.body)
    until(lambda: admin.get(again.headers["location"], expect=200)["state"] == "delivered", "it is logged")


def test_a_ping_and_what_is_purged_are_not_sent_again(rollcall, admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"])
    ping = admin.post(path_of(webhook, "/ping"), expect=202)
    admin.post(path_of(webhook, f"/deliveries/{ping['id']}/replay"), expect=409)
    org.scim.new_user("ada")
    (delivery,) = wait_for_deliveries(admin, webhook, 1, "?types=user.created&state=delivered")
    environment = id_bytes(webhook["environment_id"])
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE feed_end SET purged_sequence = last_sequence WHERE environment_id = %s", (environment,))
        connection.commit()
    refused = admin.post(path_of(webhook, f"/deliveries/{delivery['id']}/replay"), expect=409)
    assert "snapshot" in refused["detail"]
    expired = admin.post(path_of(webhook, "/replay"), {"from_cursor": first_cursor(admin)}, expect=400)
    assert expired["type"] == "urn:rollcall:problem:expired-cursor" and "snapshot" in expired["detail"]
    assert admin.get(path_of(webhook, f"/deliveries/{delivery['id']}"), expect=200)["request"]["body"] is None


CURSORS = {}


def first_cursor(admin):
    return CURSORS.get(admin.key)


@pytest.fixture(autouse=True)
def remember_the_first_cursor(request):
    """Of environments in which nothing was purged yet."""
    if "admin" in request.fixturenames and "org" in request.fixturenames:
        admin = request.getfixturevalue("admin")
        request.getfixturevalue("org")
        CURSORS[admin.key] = admin.get("/v1/events?limit=1", expect=200)["events"][0]["cursor"]


def test_a_range_of_events_is_sent_again_in_order(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"])
    for number in range(6):
        org.scim.new_user(f"user-{number}")
    before = receiver.wait_for(6)
    events = admin.get("/v1/events?types=user.created", expect=200)["events"]
    body = {"from_cursor": events[0]["cursor"], "to_cursor": events[4]["cursor"]}
    replay = admin.post(path_of(webhook, "/replay"), body, expect=202)
    assert body["to_cursor"] == replay["to_cursor"] and replay["webhook_id"] == webhook["id"]
    after = receiver.wait_for(10)[6:]
    assert names_of(after) == [f"user-{number}" for number in range(1, 5)]
    assert [request.body for request in after] == [request.body for request in before[1:5]]
    sent = wait_for_deliveries(admin, webhook, 4, f"?replay_id={replay['id']}&state=delivered")
    assert {each["kind"] for each in sent} == {"replay"} and len(sent) == 4
    assert admin.get(replay.headers["location"], expect=200)["deliveries"]


def test_a_range_may_be_of_time(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"])
    for number in range(3):
        org.scim.new_user(f"user-{number}")
    receiver.wait_for(3)
    admin.post(path_of(webhook, "/replay"), {"from": "2020-01-01T00:00:00Z"}, expect=202)
    assert names_of(receiver.wait_for(6)[3:]) == [f"user-{number}" for number in range(3)]
    admin.post(path_of(webhook, "/replay"), {"from": "2020-01-01T00:00:00Z", "to": "2021-01-01T00:00:00Z"}, expect=202)
    admin.post(path_of(webhook, "/replay"), {"from": "2100-01-01T00:00:00Z"}, expect=202)
    org.scim.new_user("marker")
    assert names_of(receiver.wait_for(7)[6:]) == ["marker"]


def test_a_range_that_is_none_is_refused(admin, org, receiver):
    webhook = register(admin, receiver.url, state="paused")
    events = admin.get("/v1/events", expect=200)["events"]
    time_of = "2026-01-01T00:00:00Z"
    for body, pointer in (
        ({}, "#/from"),
        ({"to": time_of}, "#/from"),
        ({"from": "yesterday"}, "#/from"),
        ({"from": time_of, "from_cursor": events[0]["cursor"]}, "#/from"),
        ({"from_cursor": ""}, "#/from_cursor"),
        ({"from_cursor": events[1]["cursor"], "to_cursor": events[0]["cursor"]}, "#/to_cursor"),
        ({"from_cursor": events[1]["cursor"], "to": "2020-01-01T00:00:00Z"}, "#/to"),
        ({"from": time_of, "to": "2020-01-01T00:00:00Z"}, "#/to"),
    ):
        refused = admin.post(path_of(webhook, "/replay"), body, expect=422)
        assert [error["pointer"] for error in refused["errors"]] == [pointer], body
    forged = admin.post(path_of(webhook, "/replay"), {"from_cursor": events[0]["cursor"].swapcase()}, expect=400)
    assert forged["type"] == "urn:rollcall:problem:invalid-cursor"


def test_so_many_replays_are_under_way_at_a_time(admin, org, receiver):
    webhook = register(admin, receiver.url, types=["user.created"], state="paused")
    for _ in range(10):
        admin.post(path_of(webhook, "/replay"), {"from": "2020-01-01T00:00:00Z"}, expect=202)
    refused = admin.post(path_of(webhook, "/replay"), {"from": "2020-01-01T00:00:00Z"}, expect=409)
    assert "10" in refused["detail"]


# --- attempts ---


@pytest.fixture(scope="module")
def hasty(make_rollcall):
    """That waits milliseconds where others wait seconds."""
    return make_rollcall(admin_options=("--webhook-haste", "1000"))


def test_WH_05_a_retry_keeps_the_id_and_has_a_time_and_signature_of_its_own(hasty):
    def refuse_until_the_next_second(connection, request):
        until(lambda: int(time.time()) > int(request.headers["webhook-timestamp"]), "the second has passed")
        receiver.answer = status(204)
        return status(500, body=b"not yet")(connection, request)

    organization = hasty.new_organization()
    with Receiver(refuse_until_the_next_second) as receiver:
        webhook = register(hasty.admin, receiver.url, types=["user.created"])
        organization.scim.new_user("ada")
        first, second = receiver.wait_for(2)
        assert first.headers["webhook-id"] == second.headers["webhook-id"] and first.body == second.body
        assert int(first.headers["webhook-timestamp"]) < int(second.headers["webhook-timestamp"])
        assert signed_with(webhook["secret"], first) and signed_with(webhook["secret"], second)
        (delivery,) = wait_for_deliveries(hasty.admin, webhook, 1)
        whole = hasty.admin.get(path_of(webhook, f"/deliveries/{delivery['id']}"), expect=200)
        assert [attempt["status"] for attempt in whole["attempt_log"]] == [500, 204]
        assert whole["attempts"] == 2 and whole["ended_at"]
    organization.scim.close()


def test_what_fails_is_told_while_it_is_tried_again(hasty):
    organization = hasty.new_organization()
    with Receiver(hang_up) as receiver:
        webhook = register(hasty.admin, receiver.url, types=["user.created"])
        organization.scim.new_user("ada")
        (delivery,) = wait_for_deliveries(hasty.admin, webhook, 1, "?state=retrying")
        assert "without an answer" in delivery["error"] and delivery["status"] is None
        health = until(
            lambda: (found := hasty.admin.get(path_of(webhook))["health"])["failing_since"] and found, "it is told"
        )
        assert "without an answer" in health["last_failure"] and health["lag"] > 0 and health["behind_since"]
        whole = hasty.admin.get(path_of(webhook, f"/deliveries/{delivery['id']}"), expect=200)
        assert whole["response"] is None and whole["attempt_log"][0]["error"]
        receiver.answer = status(200)
        hasty.admin.patch(path_of(webhook), {"label": "mended"}, expect=200)
        wait_for_deliveries(hasty.admin, webhook, 1)
    organization.scim.close()
