"""Entity tags and conditional requests of the admin API."""

import threading
import uuid

import pytest

from harness.openapi import CheckedAdmin
from harness.scim import Scim


@pytest.fixture
def operator(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.operator.key)
    yield client
    client.wire.close()


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
    yield client
    client.wire.close()


@pytest.fixture
def made(admin):
    return admin.post("/v1/organizations", {"display_name": "Acme", "external_id": "acme"}, expect=201)


@pytest.fixture
def directory(made):
    return f"/v1/directories/{made['directory']['id']}"


def match(tag):
    return [("If-Match", tag)]


def tag_of(client, path):
    return client.get(path, expect=200).headers["etag"]


def test_what_is_made_changed_and_read_has_the_same_tag_for_the_same_thing(operator, admin, made, directory):
    location = made.headers["location"]
    assert made.headers["etag"] == tag_of(admin, location)
    changed = admin.patch(location, {"display_name": "B"}, expect=200)
    assert changed.headers["etag"] == tag_of(admin, location) != made.headers["etag"]

    for path, body in ((f"{directory}/tokens", {"label": "a"}), (f"{directory}/tokens/rotate", {})):
        minted = admin.post(path, body, expect=201)
        assert minted.headers["etag"] == tag_of(admin, minted.headers["location"])
    environment = operator.post("/v1/environments", {"name": str(uuid.uuid4())}, expect=201)
    key = operator.post(f"{environment.headers['location']}/keys", {"label": "a"}, expect=201)
    for thing in (environment, key):
        assert thing.headers["etag"] == tag_of(operator, thing.headers["location"])


def test_lists_have_no_tag(admin, made):
    assert "etag" not in admin.get("/v1/organizations", expect=200).headers
    assert "etag" not in admin.get(f"{made.headers['location']}/users", expect=200).headers


def test_AD_06_a_change_is_made_only_to_what_was_read(admin, made):
    path, tag = made.headers["location"], made.headers["etag"]
    newer = admin.patch(path, {"display_name": "B"}, headers=match(tag), expect=200).headers["etag"]
    refused = admin.patch(path, {"display_name": "C"}, headers=match(tag), expect=412)
    assert refused["type"] == "urn:rollcall:problem:precondition" and newer in refused["detail"]
    admin.delete(path, headers=match(tag), expect=412)
    assert admin.get(path, expect=200)["display_name"] == "B"
    admin.patch(path, {"display_name": "C"}, headers=match(f'"x", {newer}'), expect=200)
    admin.patch(path, {"display_name": "D"}, headers=match("*"), expect=200)
    admin.delete(path, headers=match(tag_of(admin, path)), expect=204)


def test_AD_06_weak_tags_and_others_match_nothing(admin, made):
    path, tag = made.headers["location"], made.headers["etag"]
    for other in (f"W/{tag}", '""', '"x"', tag[:-2] + '"', f'"{tag[1:-1].upper()}"'):
        admin.patch(path, {"display_name": "B"}, headers=match(other), expect=412)


@pytest.mark.parametrize("header", ["", " ", ",", "x", '"x', 'W/x', '"a" "b"', '*, "a"', '"a" , b'])
def test_a_malformed_condition_is_refused(admin, made, header):
    path = made.headers["location"]
    admin.patch(path, {"display_name": "B"}, headers=match(header), expect=400)
    admin.get(path, headers=[("If-None-Match", header)], expect=400)
    assert admin.get(path, expect=200)["display_name"] == "Acme"


def test_AD_06_what_is_not_there_is_not_found_whatever_the_condition(admin):
    for path in ("/v1/organizations/org-01jd8jm32ye008000000001ayd", "/v1/organizations/external_id:nobody"):
        for condition in ('"x"', "*"):
            admin.patch(path, {"display_name": "B"}, headers=match(condition), expect=404)


def test_AD_06_a_read_of_what_is_known_already_has_no_body(admin, made):
    path, tag = made.headers["location"], made.headers["etag"]
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = admin.get(path, headers=[("If-None-Match", known)], expect=304)
        assert answer.headers["etag"] == tag and answer.body == b""
    admin.get(path, headers=[("If-None-Match", '"x"')], expect=200)
    admin.get(path, headers=match('"x"'), expect=412)
    admin.get(path, headers=match(tag), expect=200)
    admin.patch(path, {"display_name": "B"}, headers=[("If-None-Match", "*")], expect=412)


def test_what_changes_by_itself_is_seen_by_readers_and_stops_no_change(admin, made, directory):
    before = tag_of(admin, directory)
    Scim(made["connector_url"], made["token"]).new_user("a@example.com")
    after = tag_of(admin, directory)
    assert after != before and after.split(".")[0] == before.split(".")[0]
    admin.get(directory, headers=[("If-None-Match", before)], expect=200)
    admin.get(directory, headers=[("If-None-Match", after)], expect=304)
    admin.patch(directory, {"name": "Renamed"}, headers=match(before), expect=200)
    admin.patch(directory, {"name": "Again"}, headers=match(after), expect=412)


def test_the_primary_is_set_under_the_tag_of_the_organization(admin, made):
    path, tag = made.headers["location"], made.headers["etag"]
    second = admin.post(f"{path}/directories", {"name": "Second"}, expect=201)["id"]
    moved = admin.put(f"{path}/primary", {"directory_id": second}, headers=match(tag), expect=200)
    assert moved.headers["etag"] == tag_of(admin, path) != tag
    back = {"directory_id": made["directory"]["id"]}
    admin.put(f"{path}/primary", back, headers=match(tag), expect=412)
    admin.put(f"{path}/primary", back, headers=match(moved.headers["etag"]), expect=200)


def test_a_user_and_a_group_have_tags(admin, made):
    scim = Scim(made["connector_url"], made["token"])
    user = scim.new_user("a@example.com")
    group = scim.new_group("G", [user["id"]])
    path = f"{made.headers['location']}/users/{user['id']}"
    tag = tag_of(admin, path)
    admin.get(path, headers=[("If-None-Match", tag)], expect=304)
    renamed = {"op": "replace", "path": "displayName", "value": "H"}
    scim.patch(f"/Groups/{group['id']}", renamed, expect=204)
    admin.get(path, headers=[("If-None-Match", tag)], expect=200)  # the group's name is part of the user


@pytest.mark.parametrize("kind", ["environment", "organization", "directory"])
def test_of_many_changes_to_the_same_version_one_is_made(operator, admin, made, directory, kind):
    environment = f"/v1/environments/{made['organization']['environment_id']}"
    client, path, name = {
        "environment": (operator, environment, "name"),
        "organization": (admin, made.headers["location"], "display_name"),
        "directory": (admin, directory, "name"),
    }[kind]
    for _ in range(4):
        headers, statuses = match(tag_of(client, path)), []

        def change(number):
            mine = client.with_key(client.key)
            body = {name: f"{uuid.uuid4()} {number}"}
            statuses.append(mine.patch(path, body, headers=headers).status)
            mine.wire.close()

        threads = [threading.Thread(target=change, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(statuses) == [200] + [412] * 5


def test_AD_07_a_process_can_be_told_to_insist(make_rollcall):
    rollcall = make_rollcall(admin_options=["--require-if-match", "1"])
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    path = admin.post("/v1/organizations", {"display_name": "A"}, expect=201).headers["location"]
    second = {"directory_id": admin.post(f"{path}/directories", {"name": "Second"}, expect=201)["id"]}
    for refused in (admin.patch(path, {"display_name": "B"}), admin.put(f"{path}/primary", second), admin.delete(path)):
        assert refused.status == 428 and refused["type"] == "urn:rollcall:problem:precondition-required"
    admin.patch(path, {"display_name": "B"}, headers=match(tag_of(admin, path)), expect=200)
    admin.put(f"{path}/primary", second, headers=match(tag_of(admin, path)), expect=200)
    admin.delete(path, headers=match("*"), expect=204)
