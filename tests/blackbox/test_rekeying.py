"""A policy that tells resources apart by something else gives all of them new keys, or is refused (docs/policies.md)."""

import threading
import uuid

import pytest

from harness.scim import GROUP, USER
from harness.wait import until


def body(user_name, email=None):
    emails = {"emails": [{"value": email, "primary": True}]} if email else {}
    return {"schemas": [USER], "userName": user_name, **emails}


def save(rollcall, org, policy, expect):
    return rollcall.admin.patch(f"/v1/directories/{org.directory_id}", {"policy": policy}, expect=expect)


def names(scim, filter):
    return {user["userName"] for user in scim.find("/Users", filter)["Resources"]}


def test_L_22_group_names_become_unique_or_the_colliding_groups_are_named(rollcall, org, scim):
    save(rollcall, org, {"unique_group_names": False}, 200)
    one, two = scim.new_group("Twins"), scim.new_group("TWINS")
    other = scim.new_group("Other")
    refused = save(rollcall, org, {"unique_group_names": True}, 409)
    (error,) = refused["errors"]
    assert error["pointer"] == "#/policy/unique_group_names"
    assert one["id"] in error["detail"] and two["id"] in error["detail"] and other["id"] not in error["detail"]
    scim.new_group("twins")
    assert rollcall.admin.get(f"/v1/directories/{org.directory_id}", expect=200)["policy"] == {"unique_group_names": False}

    for group in scim.find("/Groups", 'displayName eq "twins"')["Resources"][1:]:
        scim.delete(f"/Groups/{group['id']}", expect=204)
    save(rollcall, org, {"unique_group_names": True}, 200)
    scim.post("/Groups", {"schemas": [GROUP], "displayName": "tWINS"}, expect=409)
    assert scim.find("/Groups", 'displayName eq "OTHER"')["totalResults"] == 1
    scim.patch(f"/Groups/{other['id']}", {"op": "replace", "path": "displayName", "value": "Twins"}, expect=409)
    save(rollcall, org, {}, 200)
    save(rollcall, org, {"unique_group_names": False}, 200)
    scim.post("/Groups", {"schemas": [GROUP], "displayName": "tWINS"}, expect=201)


def test_users_become_unique_by_email_and_by_name_again(rollcall, org, scim):
    # the new key of each is the old key of the other
    first = scim.post("/Users", body("a@example.com", "B@example.com"), expect=201)
    second = scim.post("/Users", body("b@example.com", "a@example.com"), expect=201)
    save(rollcall, org, {"unique_identifier": "email"}, 200)
    assert names(scim, 'userName eq "A@EXAMPLE.COM"') == {"a@example.com"}
    assert names(scim, 'emails.value eq "a@example.com"') == {"b@example.com"}
    scim.post("/Users", body("a@example.com", "c@example.com"), expect=201)
    assert scim.post("/Users", body("d", "A@example.com"), expect=409)["scimType"] == "uniqueness"
    assert names(scim, 'userName eq "a@example.com"') == {"a@example.com"}
    assert scim.find("/Users", 'userName eq "a@example.com"')["totalResults"] == 2

    refused = save(rollcall, org, {"unique_identifier": "userName"}, 409)
    assert first["id"] in refused["errors"][0]["detail"]
    third = scim.find("/Users", 'emails.value eq "c@example.com"')["Resources"][0]
    scim.delete(f"/Users/{third['id']}", expect=204)
    save(rollcall, org, {}, 200)
    assert scim.post("/Users", body("A@example.com"), expect=409)["scimType"] == "uniqueness"
    for user in (first, second):
        changed = scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "t"}, expect=200)
        assert names(scim, f'userName eq "{user["userName"]}"') == {user["userName"]}
        scim.delete(f"/Users/{user['id']}", headers=[("If-Match", changed["meta"]["version"])], expect=204)
    scim.post("/Users", body("a@example.com"), expect=201)


def test_users_without_an_email_are_named(rollcall, org, scim):
    scim.post("/Users", body("with", "with@example.com"), expect=201)
    lacking = [scim.post("/Users", body(f"without-{n}"), expect=201)["id"] for n in range(20)]
    refused = save(rollcall, org, {"unique_identifier": "email"}, 409)
    assert "20" in refused["detail"] and len(refused["errors"]) == 16
    for error in refused["errors"]:
        assert error["detail"].split()[1].rstrip(":") in lacking and "e-mail" in error["detail"]
    scim.post("/Users", body("another"), expect=201)


def test_more_rows_than_one_page(rollcall, org, scim):
    users = [scim.post("/Users", body(f"u{n}@example.com", f"e{n}@example.com"), expect=201) for n in range(1203)]
    save(rollcall, org, {"unique_identifier": "email"}, 200)
    for n in (0, 499, 500, 501, 1000, 1202):
        assert scim.post("/Users", body("x", f"E{n}@example.com"), expect=409)["scimType"] == "uniqueness"
        assert names(scim, f'userName eq "U{n}@example.com"') == {f"u{n}@example.com"}
    assert scim.get("/Users?count=0", expect=200)["totalResults"] == len(users)


def writer(org, stop, accepted, failures):
    """Creates users without a pause, of whom userName and e-mail are different keys."""
    client = org.client()
    try:
        while not stop.is_set():
            word = uuid.uuid4().hex
            answer = client.post("/Users", body(f"{word}@example.com", f"{word}@example.org"))
            if answer.status == 201:
                accepted.append(word)
            elif answer.status != 503:
                failures.append(answer)
    finally:
        client.close()


@pytest.mark.slow
def test_what_is_written_meanwhile_has_the_right_key(rollcall, org, scim):
    stop, accepted, failures = threading.Event(), [], []
    threads = [threading.Thread(target=writer, args=(org, stop, accepted, failures)) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(6):
            count = len(accepted)
            until(lambda count=count: len(accepted) > count + 20 or failures)
            save(rollcall, org, {"unique_identifier": "email"} if number % 2 == 0 else {}, 200)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[0]
    rows = rollcall.database.query(
        "SELECT COUNT(*), CAST(SUM(unique_key LIKE %s) AS SIGNED) FROM resource WHERE directory_id = %s AND type = 1",
        "%@example.com",
        rollcall.id_bytes(org.directory_id),
    )
    assert rows == ((len(accepted), len(accepted)),), "all keys are made of userName, as the policy now says"
    assert scim.get("/Users?count=0", expect=200)["totalResults"] == len(accepted)


@pytest.mark.parametrize(
    "policy, named",
    [
        ({"required_attributes": ["name.givenNmae"]}, "givenNmae"),
        ({"value_rules": {"contry": {"list": "iso-3166-1"}}}, "contry"),
        ({"value_rules": {"title": {"pattern": "("}}}, "title"),
        ({"leniencies": {"L-99": True}}, "L-99"),
        ({"domains": "sometimes"}, "domains"),
        ({"unknown_atributes": "keep"}, "unknown_atributes"),
    ],
)
def test_mistakes_in_a_policy_are_named(rollcall, org, policy, named):
    refused = save(rollcall, org, policy, 422)
    assert named in refused["errors"][0]["detail"] and refused["errors"][0]["pointer"] == "#/policy"
    path = f"/v1/organizations/{org.id}/directories"
    refused = rollcall.admin.post(path, {"name": "Second", "policy": policy}, expect=422)
    assert named in refused["errors"][0]["detail"] and refused["errors"][0]["pointer"] == "#/policy"
