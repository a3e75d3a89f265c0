"""Event streams that are pushed (RFC 8935), to real receivers."""

import json

import pytest

from harness.openapi import CheckedAdmin
from harness.receiver import Receiver, hang_up, status
from harness.sets import EVENT, claims_in, keys_of, uris, verify
from harness.wait import until

PROV = EVENT + "prov:"


@pytest.fixture(scope="module")
def hasty(make_rollcall):
    """In which nobody waits long for another attempt."""
    return make_rollcall(admin_options=("--webhook-haste", "1000"))


@pytest.fixture
def admin(hasty):
    hasty.ensure_running()
    vendor = hasty.new_environment()
    client = CheckedAdmin(hasty.admin_url, vendor.key)
    yield client
    client.wire.close()


@pytest.fixture
def scim(hasty, admin):
    organization = hasty.new_organization(admin)
    yield organization.scim
    organization.scim.close()


def refuse(code, description="because"):
    body = json.dumps({"err": code, "description": description}).encode()
    return status(400, "Content-Type: application/json", "Content-Language: en-US", body=body)


@pytest.fixture
def receiver():
    with Receiver(status(202)) as receiver:
        yield receiver


def push(admin, receiver, **attributes):
    body = {"label": "pushed", "delivery": "push", "url": receiver.url, **attributes}
    return admin.post("/v1/streams", body, expect=201).json


def tokens(receiver):
    return [request.body.decode() for request in receiver.requests]


def health(admin, stream):
    return admin.get(f"/v1/streams/{stream['id']}", expect=200)["health"]


def test_EV_10_a_token_is_the_body_of_a_request(admin, scim, receiver):
    stream = push(admin, receiver, audience="https://warehouse.example.com")
    user = scim.new_user("ada")
    (request,) = receiver.wait_for(1)
    assert request.method == "POST" and request.path == "/hook"
    assert request.headers["content-type"] == "application/secevent+jwt"
    assert request.headers["accept"] == "application/json" and "authorization" not in request.headers
    header, claims = verify(request.body.decode(), keys_of(admin, stream))
    assert header["typ"] == "secevent+jwt" and claims["aud"] == "https://warehouse.example.com"
    assert claims["sub_id"]["uri"] == f"/Users/{user['id']}" and uris(claims) == ["prov:create:full"]
    until(lambda: health(admin, stream)["last_success_at"], "the success is noted")


def test_EV_10_the_receivers_bearer_token_is_sent_and_shown_nowhere(hasty, admin, scim, receiver):
    stream = push(admin, receiver, bearer_token="secret-of-the-receiver")
    assert stream["has_bearer_token"] is True and "secret-of-the-receiver" not in json.dumps(stream)
    scim.new_user()
    receiver.wait_for(1)
    assert receiver.requests[0].headers["authorization"] == "Bearer secret-of-the-receiver"
    for table in ("webhook_endpoint", "webhook_delivery", "audit", "event"):
        for row in hasty.database.query(f"SELECT * FROM {table}"):
            assert "secret-of-the-receiver" not in repr(row)
    admin.patch(f"/v1/streams/{stream['id']}", {"bearer_token": None}, expect=200)
    scim.new_user()
    receiver.wait_for(2)
    assert "authorization" not in receiver.requests[1].headers


def test_EV_10_a_receiver_that_is_down_gets_everything_in_order_when_it_is_back(admin, scim, receiver):
    stream = push(admin, receiver)
    receiver.answer = hang_up
    users = [scim.new_user()["id"] for _ in range(5)]
    receiver.wait_for(2)
    receiver.answer = status(202)
    until(lambda: claims_in(tokens(receiver)[-1])["sub_id"]["id"] == users[-1], "the last one came")
    seen = list(dict.fromkeys(claims_in(token)["sub_id"]["id"] for token in tokens(receiver)))
    assert seen == users
    assert health(admin, stream)["last_failure_at"]


def test_EV_04_EV_10_a_token_that_is_sent_again_is_the_same_token(admin, scim, receiver):
    push(admin, receiver)
    receiver.answer = status(500)
    scim.new_user()
    receiver.wait_for(2)
    receiver.answer = status(202)
    first, second = (claims_in(token) for token in tokens(receiver)[:2])
    assert first == second


@pytest.mark.parametrize("code", ["invalid_key", "invalid_issuer", "invalid_audience", "authentication_failed", "access_denied"])
def test_EV_10_what_people_can_mend_is_tried_again(admin, scim, receiver, code):
    stream = push(admin, receiver)
    receiver.answer = refuse(code, "not known here")
    scim.new_user()
    receiver.wait_for(2)
    failure = until(lambda: health(admin, stream)["last_failure"], "the failure is noted")
    assert code in failure and "not known here" in failure
    receiver.answer = status(202)
    until(lambda: health(admin, stream)["last_success_at"], "it was taken")


def test_EV_10_a_token_that_cannot_be_read_is_given_up_and_the_next_one_sent(admin, scim, receiver):
    stream = push(admin, receiver)
    receiver.answer = refuse("invalid_request")
    first = scim.new_user()["id"]
    receiver.wait_for(1)
    receiver.answer = status(202)
    second = scim.new_user()["id"]
    receiver.wait_for(2)
    assert [claims_in(token)["sub_id"]["id"] for token in tokens(receiver)] == [first, second]
    path = f"/v1/streams/{stream['id']}/deliveries"
    until(lambda: len(admin.get(path)["deliveries"]) == 2, "both are in the log")
    taken, given_up = admin.get(path, expect=200)["deliveries"]
    assert admin.get(f"{path}?state=failed", expect=200)["deliveries"] == [given_up]
    assert given_up["state"] == "failed" and given_up["status"] == 400 and "invalid_request" in given_up["error"]
    assert taken["state"] == "delivered" and taken["status"] == 202 and taken["type"] == "user.created"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"err": 7}', b"\xff\xfe", b"x" * 10000])
def test_EV_10_a_refusal_that_says_nothing_is_tried_again(admin, scim, receiver, body):
    push(admin, receiver)
    receiver.answer = status(400, body=body)
    scim.new_user()
    receiver.wait_for(2)
    receiver.answer = status(202)


def test_EV_04_two_receivers_share_the_transaction(admin, scim, receiver):
    with Receiver(status(202)) as other:
        push(admin, receiver)
        push(admin, other)
        scim.new_user()
        receiver.wait_for(1)
        other.wait_for(1)
        one, two = claims_in(tokens(receiver)[0]), claims_in(tokens(other)[0])
    assert one["txn"] == two["txn"] and one["jti"] != two["jti"] and one["aud"] != two["aud"]


def test_only_what_is_wanted_is_pushed(hasty, admin, scim, receiver):
    another = hasty.new_organization(admin)
    push(admin, receiver, organization_ids=[another.id], events=[PROV + "delete"])
    scim.delete(f"/Users/{scim.new_user()['id']}", expect=204)
    user = another.scim.new_user()
    another.scim.delete(f"/Users/{user['id']}", expect=204)
    (request,) = receiver.wait_for(1)
    assert claims_in(request.body.decode())["sub_id"]["id"] == user["id"]
    another.scim.close()


def test_a_new_key_signs_what_is_pushed_once_its_time_has_come(admin, scim, receiver):
    stream = push(admin, receiver)
    scim.new_user()
    receiver.wait_for(1)
    (old,) = keys_of(admin, stream)
    new = admin.post("/v1/event-keys/rotate", {"sign_after_seconds": 0}, expect=201)

    def signed_by_the_new_one():
        scim.new_user()
        receiver.wait_for(len(receiver.requests) + 1)
        return verify(tokens(receiver)[-1], keys_of(admin, stream))[0]["kid"] == new["id"]

    until(signed_by_the_new_one, "the new key signs")
    assert verify(tokens(receiver)[0], keys_of(admin, stream))[0]["kid"] == old["kid"]


def test_a_paused_stream_is_not_pushed_and_goes_on_where_it_was(admin, scim, receiver):
    stream = push(admin, receiver)
    admin.patch(f"/v1/streams/{stream['id']}", {"state": "paused"}, expect=200)
    first = scim.new_user()["id"]
    changed = admin.patch(f"/v1/streams/{stream['id']}", {"state": "active"}, expect=200)
    assert changed["state"] == "active"
    (request,) = receiver.wait_for(1)
    assert claims_in(request.body.decode())["sub_id"]["id"] == first


def test_what_the_feed_has_dropped_before_it_was_pushed_is_told(hasty, admin, scim, receiver):
    stream = push(admin, receiver)
    path = f"/v1/streams/{stream['id']}"
    admin.patch(path, {"state": "paused"}, expect=200)
    scim.new_user()
    until(lambda: health(admin, stream)["lag"] == 1, "it has its number")
    assert health(admin, stream)["expired_events"] == 0
    environment = hasty.id_bytes(stream["environment_id"])
    hasty.database.execute("DELETE FROM feed WHERE environment_id = %s", environment)
    hasty.database.execute("UPDATE feed_end SET purged_sequence = last_sequence WHERE environment_id = %s", environment)
    admin.patch(path, {"state": "active"}, expect=200)
    until(lambda: health(admin, stream)["expired_events"] == 1, "it is told")
    (told,) = admin.get(f"{path}/deliveries", expect=200)["deliveries"]
    assert told["kind"] == "expired" and told["stream_id"] == stream["id"] and "snapshot" in told["error"]
    user = scim.new_user()["id"]
    (request,) = receiver.wait_for(1)
    assert claims_in(request.body.decode())["sub_id"]["id"] == user


def test_EV_10_a_receiver_that_is_gone_ends_the_stream_with_an_event(admin, scim, receiver):
    stream = push(admin, receiver)
    receiver.answer = status(410)
    scim.new_user()
    path = f"/v1/streams/{stream['id']}"
    until(lambda: admin.get(path)["state"] == "disabled", "the stream is disabled")
    gone = admin.get(path)
    assert gone["state_reason"] and gone["state_changed_at"] > gone["created_at"] and gone["health"]["failing_since"]
    events = [event for event in admin.get("/v1/events?types=stream.disabled")["events"]]
    assert events[0]["data"]["stream_id"] == stream["id"]
    receiver.answer = status(202)
    admin.patch(path, {"state": "active"}, expect=200)
    user = scim.new_user()["id"]
    until(lambda: claims_in(tokens(receiver)[-1])["sub_id"]["id"] == user, "it is pushed again")


def test_a_stream_that_is_pushed_cannot_be_polled_and_ends_when_it_is_deleted(hasty, admin, scim, receiver):
    stream = push(admin, receiver)
    path = f"/v1/streams/{stream['id']}"
    admin.post(f"{path}/poll", {}, expect=409)
    admin.delete(path, expect=204)
    assert admin.get(path).status == 404
    assert hasty.database.query("SELECT COUNT(*) FROM webhook_endpoint WHERE id = %s", hasty.id_bytes(stream["id"]))[0][0] == 0


def test_streams_are_not_among_the_webhooks(admin, receiver):
    stream = push(admin, receiver)
    assert admin.get("/v1/webhooks", expect=200)["webhooks"] == []
    assert admin.get(f"/v1/webhooks/wbh-{stream['id'][4:]}").status == 404
