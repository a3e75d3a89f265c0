"""Idempotency-Key: the same request again is answered as before, and nothing is done twice."""

import threading
import uuid

import pytest

from harness.openapi import CheckedAdmin
from harness.scim import Scim
from harness.wait import until

PATH = "/v1/organizations"


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
    yield client
    client.wire.close()


def key(text=None):
    return [("Idempotency-Key", text or str(uuid.uuid4()))]


def names(admin):
    return [organization["display_name"] for organization in admin.get(PATH, expect=200)["organizations"]]


def rows(rollcall, sql, *parameters):
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def test_AD_11_the_same_again_is_answered_alike_and_done_once(admin):
    headers, body = key(), {"display_name": "A", "external_id": "a"}
    first = admin.post(PATH, body, headers=headers, expect=201)
    again = admin.post(PATH, body, headers=headers, expect=201)
    assert again.body == first.body  # the token that is shown once included
    for name in ("location", "etag", "content-type", "cache-control"):
        assert again.headers[name] == first.headers[name]
    assert "idempotency-replayed" not in first.headers and again.headers["idempotency-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert names(admin) == ["A"]
    Scim(first["connector_url"], again["token"]).get("/Users", expect=200)


def test_without_a_key_everything_is_done_again(admin):
    for _ in range(2):
        admin.post(PATH, {"display_name": "A"}, expect=201)
    assert names(admin) == ["A", "A"]


def test_AD_11_another_request_under_the_same_key_is_refused(admin):
    headers, body = key(), {"display_name": "A"}
    made = admin.post(PATH, body, headers=headers, expect=201)
    others = [
        (PATH, {"display_name": "B"}),
        (f"{PATH}?environment_id={made['organization']['environment_id']}", body),
        (f"{made.headers['location']}/directories", {"name": "A"}),
    ]
    for path, other in others:
        refused = admin.post(path, other, headers=headers, expect=422)
        assert refused["type"] == "urn:rollcall:problem:idempotency-key-reuse"
    assert names(admin) == ["A"]
    assert len(admin.get(f"{made.headers['location']}/directories")["directories"]) == 1


def test_a_refusal_is_not_kept(admin):
    headers = key()
    admin.post(PATH, {"display_name": ""}, headers=headers, expect=422)
    admin.post(PATH, {"display_name": "A", "external_id": "a"}, expect=201)
    admin.post(PATH, {"display_name": "B", "external_id": "a"}, headers=headers, expect=409)
    made = admin.post(PATH, {"display_name": "B", "external_id": "b"}, headers=headers, expect=201)
    assert "idempotency-replayed" not in made.headers
    assert names(admin) == ["A", "B"]


def test_keys_are_of_the_credential_that_sent_them(rollcall, admin):
    headers, body = key(), {"display_name": "A"}
    first = admin.post(PATH, body, headers=headers, expect=201)
    other = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
    second = other.post(PATH, body, headers=headers, expect=201)
    assert first["organization"]["id"] != second["organization"]["id"]


@pytest.mark.parametrize("text", ["", '""', " ", "a b", "a,b", '"a', 'a"b', '"a\\b"', "x" * 256, "é".encode().decode("latin-1")])
def test_a_key_that_is_none_is_refused(admin, text):
    admin.post(PATH, {"display_name": "A"}, headers=[("Idempotency-Key", text)], expect=400)
    assert names(admin) == []


def test_a_key_is_the_same_with_quotes_and_without(admin):
    for first, again in (("abc", '"abc"'), ('"a b"', '"a b"'), ('"a\\"b"', '"a\\"b"'), ("x" * 255, '"' + "x" * 255 + '"')):
        made = admin.post(PATH, {"display_name": "A"}, headers=key(first), expect=201)
        assert admin.post(PATH, {"display_name": "A"}, headers=key(again), expect=201).body == made.body


def test_two_keys_in_one_request_are_refused(admin):
    sent = [("Authorization", f"Bearer {admin.key}"), ("Content-Type", "application/json"), *key("a"), *key("b")]
    answer = admin.wire.exchange("POST", PATH, sent, b'{"display_name": "A"}')
    assert answer.status == 400 and names(admin) == []


def test_other_methods_take_no_notice_of_a_key(admin):
    headers = key()
    path = admin.post(PATH, {"display_name": "A"}, headers=headers, expect=201).headers["location"]
    for name in ("B", "C"):
        assert admin.patch(path, {"display_name": name}, headers=headers, expect=200)["display_name"] == name
    admin.get(path, headers=headers, expect=200)


def test_of_many_at_a_time_one_is_done_and_the_others_hear_the_same(admin):
    for _ in range(5):
        headers, body, answers = key(), {"display_name": str(uuid.uuid4()), "external_id": str(uuid.uuid4())}, []

        def create():
            mine = admin.with_key(admin.key)
            answers.append(mine.post(PATH, body, headers=headers))
            mine.wire.close()

        threads = [threading.Thread(target=create) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made = [answer for answer in answers if answer.status == 201]
        assert made and len({answer.body for answer in made}) == 1
        assert len([answer for answer in made if "idempotency-replayed" not in answer.headers]) == 1
        for answer in answers:
            if answer.status != 201:
                assert answer.status == 409 and answer.headers["retry-after"] == "1"
                assert answer["type"] == "urn:rollcall:problem:idempotency-key-in-use"
        assert len(admin.get(f"{PATH}?external_id={body['external_id']}")["organizations"]) == 1


def test_one_that_is_being_answered_is_told_so(rollcall, admin):
    headers, body = key(), {"display_name": "A"}
    admin.post(PATH, body, headers=headers, expect=201)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        connection.begin()
        cursor.execute("SELECT 1 FROM idempotency FOR UPDATE")  # as a request does while it is answered
        refused = admin.post(PATH, body, headers=headers, expect=409)
        connection.rollback()
    assert refused["type"] == "urn:rollcall:problem:idempotency-key-in-use"
    assert refused.headers["retry-after"] == "1"
    assert "idempotency-replayed" in admin.post(PATH, body, headers=headers, expect=201).headers


def test_what_is_kept_tells_nothing_to_who_reads_the_database(rollcall, admin):
    secret_name = str(uuid.uuid4())
    made = admin.post(PATH, {"display_name": secret_name}, headers=key("the key itself"), expect=400)
    made = admin.post(PATH, {"display_name": secret_name}, headers=key("the-key-itself"), expect=201)
    kept = rows(rollcall, "SELECT * FROM idempotency ORDER BY created_ms DESC LIMIT 1")[0]
    text = b"".join(value for value in kept if isinstance(value, bytes))
    assert len(text) > len(made.body)
    for secret in (made["token"], secret_name, "the-key-itself", "location"):
        assert secret.encode() not in text


def test_a_kept_answer_is_bound_to_its_row(rollcall, admin):
    """Who can write into the database makes nobody see another's answer."""
    body = {"display_name": "A"}
    admin.post(PATH, body, headers=key("first"), expect=201)
    admin.post(PATH, body, headers=key("second"), expect=201)
    actor = rows(rollcall, "SELECT principal_id FROM idempotency ORDER BY created_ms DESC LIMIT 1")[0][0]
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT key_hash, reply FROM idempotency WHERE principal_id = %s", (actor,))
        (one, first), (other, second) = cursor.fetchall()
        for hashed, reply in ((one, second), (other, first)):
            cursor.execute(
                "UPDATE idempotency SET reply = %s WHERE principal_id = %s AND key_hash = %s", (reply, actor, hashed)
            )
        connection.commit()
    for name in ("first", "second"):
        assert admin.post(PATH, body, headers=key(name), expect=422)["type"].endswith(":idempotency-key-reuse")


def test_after_a_day_a_key_is_a_new_one(rollcall, admin):
    headers, body = key(), {"display_name": "A"}
    first = admin.post(PATH, body, headers=headers, expect=201)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE idempotency SET created_ms = created_ms - %s", (24 * 3600 * 1000 + 1,))
        connection.commit()
    second = admin.post(PATH, body, headers=headers, expect=201)
    assert second["organization"]["id"] != first["organization"]["id"]
    assert admin.post(PATH, body, headers=headers, expect=201).body == second.body


def test_a_replay_leaves_no_second_audit_row_and_needs_a_live_key(rollcall, admin):
    headers, body = key(), {"display_name": "A"}
    admin.post(PATH, body, headers=headers, expect=201)
    admin.post(PATH, body, headers=headers, expect=201)
    actor = "key-" + admin.key.split("_")[1]
    assert rows(rollcall, "SELECT COUNT(*) FROM audit WHERE actor = %s", actor)[0][0] == 1
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE api_key SET revoked_ms = 1 WHERE id = (SELECT principal_id FROM idempotency "
                       "ORDER BY created_ms DESC LIMIT 1)")
        connection.commit()
    admin.post(PATH, body, headers=headers, expect=401)


def test_what_is_kept_is_dropped_after_a_day(own_rollcall):
    admin = own_rollcall.new_environment()
    admin.post(PATH, {"display_name": "A"}, headers=key(), expect=201)
    with own_rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO idempotency (principal_id, key_hash, reply, created_ms)"
            " SELECT REPEAT('a', 16), LPAD(seq, 32, '0'), 'x', (UNIX_TIMESTAMP() - 86400 - 60) * 1000 FROM seq_1_to_2500"
        )
        connection.commit()
    own_rollcall.admin_process.stop()
    own_rollcall._start_admin()
    until(lambda: rows(own_rollcall, "SELECT COUNT(*) FROM idempotency")[0][0] == 1, "old keys are dropped")
