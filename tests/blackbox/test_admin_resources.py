"""The admin API: environments, keys, organizations, directories, tokens. Every answer is held against its OpenAPI
description."""

import threading
import uuid
from datetime import datetime, timedelta, timezone

import pytest

from harness.openapi import CheckedAdmin
from harness.scim import Scim

ID = "01jd8jm32ye008000000001ayd"
UNKNOWN = {kind: f"{kind}-{ID}" for kind in ("env", "org", "dir", "tok", "key")}


@pytest.fixture
def operator(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.operator.key)
    yield client
    client.wire.close()


@pytest.fixture
def environment(operator):
    return operator.post("/v1/environments", {"name": f"env {uuid.uuid4()}"}, expect=201).json


@pytest.fixture
def admin(operator, environment):
    key = operator.post(f"/v1/environments/{environment['id']}/keys", {"label": "tests"}, expect=201)
    client = operator.with_key(key["key"])
    yield client
    client.wire.close()


@pytest.fixture
def made(admin):
    return admin.post("/v1/organizations", {"display_name": "Acme", "external_id": "acme"}, expect=201).json


def pointers(answer):
    return {error["pointer"] for error in answer["errors"]}


def page_through(admin, path, name):
    found, cursor = [], None
    while True:
        page = admin.get(path + (f"&cursor={cursor}" if cursor else ""), expect=200)
        found.append([item["id"] for item in page[name]])
        cursor = page["next_cursor"]
        links = page.headers["link"].split(", ")
        assert links[0] == f'<{admin.url}{path}>; rel="first"'
        assert len(links) == 1 + (cursor is not None)
        if cursor is None:
            return found
        assert links[1] == f'<{admin.url}{path}&cursor={cursor}>; rel="next"'


# --- environments and keys ---


def test_AD_10_AD_13_an_environment_is_made_read_renamed_and_deleted(operator):
    name = f"env {uuid.uuid4()}"
    created = operator.post("/v1/environments", {"name": name}, expect=201)
    path = created.headers["location"]
    assert path == f"/v1/environments/{created['id']}"
    assert operator.get(path, expect=200).json == created.json
    renamed = operator.patch(path, {"name": name + " 2"}, expect=200)
    assert renamed["name"] == name + " 2"
    operator.delete(path, expect=204)
    operator.get(path, expect=404)
    operator.delete(path, expect=404)


def test_an_environments_name_is_unique(operator, environment):
    answer = operator.post("/v1/environments", {"name": environment["name"]}, expect=409)
    assert answer["type"] == "urn:rollcall:problem:uniqueness"


def test_an_environment_with_organizations_cannot_be_deleted(operator, environment, admin, made):
    operator.delete(f"/v1/environments/{environment['id']}", expect=409)
    admin.get(f"/v1/organizations/{made['organization']['id']}", expect=200)  # and its keys still work


def test_AD_12_AD_13_a_key_is_shown_once_listed_with_its_hint_and_dead_when_revoked(operator, environment):
    path = f"/v1/environments/{environment['id']}/keys"
    created = operator.post(path, {"label": "ci", "scopes": ["read"]}, expect=201)
    client = operator.with_key(created["key"])
    client.get("/v1/organizations", expect=200)

    listed = operator.get(path, expect=200)["keys"]
    assert [key["id"] for key in listed] == [created["id"]]
    assert "key" not in listed[0]
    assert created["key"][:-6].endswith(listed[0]["hint"])
    assert listed[0]["last_used_at"] is not None
    assert operator.get(created.headers["location"], expect=200).json == listed[0]

    operator.delete(f"{path}/{created['id']}", expect=204)
    client.get("/v1/organizations", expect=401)
    assert operator.get(f"{path}/{created['id']}", expect=200)["revoked_at"] is not None


def test_an_expired_key_is_refused(rollcall, operator, environment):
    path = f"/v1/environments/{environment['id']}/keys"
    created = operator.post(path, {"label": str(uuid.uuid4()), "expires_at": "2099-01-01T00:00:00Z"}, expect=201)
    client = operator.with_key(created["key"])
    client.get("/v1/organizations", expect=200)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        assert cursor.execute("UPDATE api_key SET expires_ms = 1000 WHERE label = %s", (created["label"],)) == 1
    client.get("/v1/organizations", expect=401)


def test_credentials_that_are_no_live_key_are_refused_alike(rollcall, operator, admin, org):
    typo = admin.key[:-1] + ("0" if admin.key[-1] != "0" else "1")
    answers = [
        admin.get("/v1/organizations", authorization=text)
        for text in ("x", "Bearer x", f"Bearer {typo}", f"Bearer {org.token}", f"Basic {admin.key}", admin.key + "x")
    ]
    for answer in answers:
        assert answer.status == 401
        assert answer["detail"] == answers[0]["detail"]
        assert answer.headers["www-authenticate"] == 'Bearer realm="rollcall-admin", error="invalid_token"'
    none = admin.get("/v1/organizations", authorization="", expect=401)
    assert none.headers["www-authenticate"] == 'Bearer realm="rollcall-admin"'


def test_a_key_is_accepted_raw_and_behind_bearer_in_any_case(admin):
    for text in (admin.key, f"bearer {admin.key}", f"BEARER   {admin.key}"):
        admin.get("/v1/organizations", authorization=text, expect=200)


def test_AD_01_an_admin_key_is_no_scim_token(org, admin):
    org.scim.get("/Users", authorization=f"Bearer {admin.key}", expect=401)


# --- organizations ---


def test_AD_10_AD_13_one_call_makes_all_that_an_it_admin_needs(rollcall, admin):
    wanted = {"display_name": "Acme", "external_id": "acme 1/é", "domains": ["Acme.Example"], "idp": "okta"}
    made = admin.post("/v1/organizations", wanted, expect=201)
    organization, directory = made["organization"], made["directory"]
    assert organization["external_id"] == "acme 1/é"
    assert organization["domains"] == ["acme.example"]
    assert organization["primary_directory_id"] == directory["id"]
    assert directory["primary"] is True and directory["idp"] == "okta" and directory["state"] == "active"
    assert made["connector_url"] == f"{rollcall.server.url}/orgs/{organization['id']}/scim/v2"
    assert "_" not in made["connector_url"]
    Scim(made["connector_url"], made["token"]).get("/Users", expect=200)
    assert admin.get(made.headers["location"], expect=200).json == organization


def test_an_organization_is_found_by_the_vendors_own_id(admin):
    made = admin.post("/v1/organizations", {"display_name": "A", "external_id": "acme 1/é"}, expect=201)
    for name in ("external_id:acme%201%2F%C3%A9", "external_id%3Aacme%201%2F%C3%A9"):
        assert admin.get(f"/v1/organizations/{name}", expect=200).json == made["organization"]
    for other in ("external_id:ACME%201%2F%C3%A9", "external_id:acme%201%2Fe", "external_id:acme", "external_id:"):
        admin.get(f"/v1/organizations/{other}", expect=404)


def test_operators_name_the_environment(operator, environment, admin, made):
    path, where = "/v1/organizations/external_id:acme", f"?environment_id={environment['id']}"
    operator.get(path, expect=400)
    assert operator.get(path + where, expect=200).json == made["organization"]
    operator.get(f"/v1/organizations?environment_id={UNKNOWN['env']}", expect=404)
    assert len(operator.get(f"/v1/organizations{where}", expect=200)["organizations"]) == 1
    body = {"display_name": "B", "environment_id": environment["id"]}
    second = operator.post("/v1/organizations", body, expect=201)
    assert second["organization"]["environment_id"] == environment["id"]


def test_an_external_id_is_unique_in_its_environment_even_in_a_race(rollcall, operator, admin, made):
    answers = []

    def create():
        client = admin.with_key(admin.key)
        answers.append(client.post("/v1/organizations", {"display_name": "Race", "external_id": "race"}))
        client.wire.close()

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    refused = next(answer for answer in answers if answer.status == 409)
    assert refused["type"] == "urn:rollcall:problem:uniqueness" and "external_id" in refused["detail"]

    other = rollcall.new_environment()
    other.post("/v1/organizations", {"display_name": "Race", "external_id": "race"}, expect=201)


def test_an_organization_is_changed_member_by_member(admin, made):
    path = f"/v1/organizations/{made['organization']['id']}"
    changed = admin.patch(path, {"display_name": "Acme Ltd"}, expect=200)
    assert changed["display_name"] == "Acme Ltd" and changed["external_id"] == "acme"
    changed = admin.patch(path, {"external_id": None, "domains": ["x.example"]}, expect=200)
    assert changed["external_id"] is None and changed["domains"] == ["x.example"]
    assert admin.patch(path, {}, expect=200)["display_name"] == "Acme Ltd"
    admin.post("/v1/organizations", {"display_name": "B", "external_id": "b"}, expect=201)
    admin.patch(path, {"external_id": "b"}, expect=409)


def test_organizations_are_searched(admin):
    for name in ("Acme", "acme 100%", "Beta"):
        admin.post("/v1/organizations", {"display_name": name, "external_id": name.lower()}, expect=201)

    def found(query):
        return [item["display_name"] for item in admin.get(f"/v1/organizations?{query}", expect=200)["organizations"]]

    assert found("") == ["Acme", "acme 100%", "Beta"]
    assert found("name=ACM") == ["Acme", "acme 100%"]
    assert found("name=acme+100%25") == ["acme 100%"]
    assert found("name=%25") == found("name=_cme") == found("name=%5C") == []
    assert found("external_id=beta") == ["Beta"]
    assert found("external_id=Beta") == found("external_id=") == []


def test_AD_08_lists_are_paged_in_order_of_creation(admin):
    ids = [
        admin.post("/v1/organizations", {"display_name": f"O{i}"}, expect=201)["organization"]["id"] for i in range(5)
    ]
    assert page_through(admin, "/v1/organizations?limit=2", "organizations") == [ids[:2], ids[2:4], ids[4:]]
    assert page_through(admin, "/v1/organizations?limit=5", "organizations") == [ids]


def test_a_cursor_of_another_list_or_environment_is_refused(rollcall, admin):
    for i in range(2):
        admin.post("/v1/organizations", {"display_name": f"O{i}"}, expect=201)
    cursor = admin.get("/v1/organizations?limit=1", expect=200)["next_cursor"]
    other = rollcall.new_environment()
    for client, path in ((other, "/v1/organizations"), (admin, "/v1/organizations")):
        bad = cursor if client is other else cursor[:-2] + "AA"
        assert client.get(f"{path}?cursor={bad}", expect=400)["type"] == "urn:rollcall:problem:invalid-cursor"
    for bad in ("", "x", "0" * 46, "%F0%9F%98%80"):
        admin.get(f"/v1/organizations?cursor={bad}", expect=400)


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "1.5", "99999999999999999999"])
def test_a_limit_out_of_range_is_refused(admin, limit):
    admin.get(f"/v1/organizations?limit={limit}", expect=400)


# --- directories and the primary ---


def test_a_second_directory_takes_over(rollcall, admin, made):
    organization = f"/v1/organizations/{made['organization']['id']}"
    second = admin.post(f"{organization}/directories", {"name": "Entra", "idp": "entra"}, expect=201)
    assert second["primary"] is False
    assert [d["id"] for d in admin.get(f"{organization}/directories")["directories"]] == [
        made["directory"]["id"],
        second["id"],
    ]
    token = admin.post(f"/v1/directories/{second['id']}/tokens", {"label": "entra"}, expect=201)["token"]
    old, new = Scim(made["connector_url"], made["token"]), Scim(made["connector_url"], token)
    old.new_user("old@example.com")
    new.new_user("new@example.com")
    names = lambda: [user["userName"] for user in admin.get(f"{organization}/users", expect=200)["users"]]  # noqa: E731
    assert names() == ["old@example.com"]

    promoted = admin.put(f"{organization}/primary", {"directory_id": second["id"]}, expect=200)
    assert promoted["primary_directory_id"] == second["id"]
    assert names() == ["new@example.com"]
    assert promoted["connector_url"] == made["connector_url"]
    assert admin.get(f"/v1/directories/{made['directory']['id']}", expect=200)["primary"] is False


def test_a_foreign_directory_cannot_become_primary(rollcall, admin, made):
    path = f"/v1/organizations/{made['organization']['id']}/primary"
    other = admin.post("/v1/organizations", {"display_name": "B"}, expect=201)["directory"]["id"]
    answers = [admin.put(path, {"directory_id": foreign}, expect=422) for foreign in (other, UNKNOWN["dir"])]
    assert answers[0]["errors"] == answers[1]["errors"]
    assert admin.get(path.removesuffix("/primary"))["primary_directory_id"] == made["directory"]["id"]


def test_the_primary_directory_goes_only_with_a_successor(admin, made):
    organization = f"/v1/organizations/{made['organization']['id']}"
    first = made["directory"]["id"]
    second = admin.post(f"{organization}/directories", {"name": "Second"}, expect=201)["id"]
    other = admin.post("/v1/organizations", {"display_name": "B"}, expect=201)["directory"]["id"]
    admin.delete(f"/v1/directories/{first}", expect=409)
    for bad in (first, other, UNKNOWN["dir"], "x", ""):
        admin.delete(f"/v1/directories/{first}?successor={bad}", expect=409)
    assert admin.get(organization)["primary_directory_id"] == first

    admin.delete(f"/v1/directories/{first}?successor={second}", expect=204)
    assert admin.get(organization)["primary_directory_id"] == second
    admin.get(f"/v1/directories/{first}", expect=404)
    assert [d["id"] for d in admin.get(f"{organization}/directories")["directories"]] == [second]


def test_there_is_always_exactly_one_primary_under_a_race(admin, made):
    organization = f"/v1/organizations/{made['organization']['id']}"
    ids = [made["directory"]["id"]]
    ids += [admin.post(f"{organization}/directories", {"name": f"D{i}"}, expect=201)["id"] for i in range(3)]
    statuses = []

    def act(mine, next_one):
        client = admin.with_key(admin.key)
        for _ in range(4):
            statuses.append(client.put(f"{organization}/primary", {"directory_id": mine}).status)
            statuses.append(client.delete(f"/v1/directories/{mine}?successor={next_one}").status)
        client.wire.close()

    threads = [threading.Thread(target=act, args=(ids[i], ids[(i + 1) % 4])) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(statuses) <= {200, 204, 404, 409, 422}, statuses
    left = admin.get(f"{organization}/directories", expect=200)["directories"]
    assert [d["id"] for d in left if d["primary"]] == [admin.get(organization, expect=200)["primary_directory_id"]]


def test_a_paused_directory_is_answered_later_and_can_still_be_read(admin, made):
    path = f"/v1/directories/{made['directory']['id']}"
    scim = Scim(made["connector_url"], made["token"])
    user = scim.new_user("a@example.com")
    assert admin.patch(path, {"state": "paused"}, expect=200)["state"] == "paused"
    scim.get(f"/Users/{user['id']}", expect=503)
    assert len(admin.get(f"/v1/organizations/{made['organization']['id']}/users")["users"]) == 1
    admin.patch(path, {"state": "active"}, expect=200)
    scim.get(f"/Users/{user['id']}", expect=200)


def test_a_policy_is_checked_kept_and_obeyed(admin, made):
    path = f"/v1/directories/{made['directory']['id']}"
    bad = admin.patch(path, {"policy": {"strikt": True}}, expect=422)
    assert pointers(bad) == {"#/policy"} and "strikt" in bad["errors"][0]["detail"]
    assert admin.patch(path, {"policy": {"unknown_attributes": "reject"}}, expect=200)["policy"] == {
        "unknown_attributes": "reject"
    }
    scim = Scim(made["connector_url"], made["token"])
    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a", "shoeSize": 43}
    scim.post("/Users", user, expect=400)


def test_counts_follow_the_directory(admin, made):
    scim = Scim(made["connector_url"], made["token"])
    users = [scim.new_user(f"u{i}@example.com") for i in range(3)]
    scim.new_group("G")
    scim.delete(f"/Users/{users[0]['id']}", expect=204)
    directory = admin.get(f"/v1/directories/{made['directory']['id']}", expect=200)
    assert directory["counts"] == {"users": 2, "groups": 1}


# --- tokens ---


def test_AD_12_AD_13_a_token_is_shown_once_and_listed_by_its_hint(admin, made):
    path = f"/v1/directories/{made['directory']['id']}/tokens"
    minted = admin.post(path, {"label": "second"}, expect=201)
    listed = admin.get(path, expect=200)["tokens"]
    assert [token["label"] for token in listed] == ["first token", "second"]
    assert all("token" not in token for token in listed)
    assert minted["token"][:-6].endswith(listed[1]["hint"])
    assert admin.get(minted.headers["location"], expect=200).json == listed[1]
    assert made["token"].encode() not in admin.get(path).body


def test_a_tokens_scopes_are_enforced(admin, made):
    path = f"/v1/directories/{made['directory']['id']}/tokens"
    minted = admin.post(path, {"label": "reader", "scopes": ["users:read"]}, expect=201)
    assert minted["scopes"] == ["users:read"]
    client = Scim(made["connector_url"], minted["token"])
    client.get("/Users", expect=200)
    client.get("/Groups", expect=403)
    client.post("/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a"}, expect=403)


def test_rotation_ends_the_old_tokens_and_gives_a_new_one(admin, made):
    path = f"/v1/directories/{made['directory']['id']}/tokens"
    another = admin.post(path, {"label": "another"}, expect=201)["token"]
    rotated = admin.post(f"{path}/rotate", expect=201)
    for old in (made["token"], another):
        Scim(made["connector_url"], old).get("/Users", expect=401)
    Scim(made["connector_url"], rotated["token"]).get("/Users", expect=200)
    assert [token["revoked_at"] is None for token in admin.get(path)["tokens"]] == [False, False, True]


def test_rotation_with_overlap_leaves_the_old_tokens_a_while(admin, made):
    path = f"/v1/directories/{made['directory']['id']}/tokens"
    soon = (datetime.now(timezone.utc) + timedelta(seconds=1800)).isoformat()
    admin.post(path, {"label": "ends sooner", "expires_at": soon}, expect=201)
    rotated = admin.post(f"{path}/rotate", {"overlap_seconds": 3600, "label": "new"}, expect=201)
    for live in (made["token"], rotated["token"]):
        Scim(made["connector_url"], live).get("/Users", expect=200)
    first, sooner, new = admin.get(path, expect=200)["tokens"]
    assert first["expires_at"] > sooner["expires_at"] and new["expires_at"] is None and new["label"] == "new"
    for bad in (-1, 86401, 1.5, "1", None):
        assert pointers(admin.post(f"{path}/rotate", {"overlap_seconds": bad}, expect=422)) == {"#/overlap_seconds"}


def test_of_two_rotations_at_a_time_one_token_is_left(admin, made):
    path = f"/v1/directories/{made['directory']['id']}/tokens"
    tokens = []

    def rotate():
        client = admin.with_key(admin.key)
        tokens.append(client.post(f"{path}/rotate", expect=201)["token"])
        client.wire.close()

    threads = [threading.Thread(target=rotate) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    live = [token for token in tokens if Scim(made["connector_url"], token).get("/Users").status == 200]
    assert len(tokens) == 6 and len(live) == 1


# --- bad input ---


@pytest.mark.parametrize(
    "body, status, expected",
    [
        ({}, 422, {"#/display_name"}),
        ({"display_name": ""}, 422, {"#/display_name"}),
        ({"display_name": None}, 422, {"#/display_name"}),
        ({"display_name": "x" * 256}, 422, {"#/display_name"}),
        ({"display_name": "A", "externalId": "a"}, 422, {"#/externalId"}),
        ({"display_name": 1, "domains": "x", "idp": "", "policy": []}, 422,
         {"#/display_name", "#/domains", "#/idp", "#/policy"}),
        ({"display_name": "A", "external_id": "a\u0001"}, 422, {"#/external_id"}),
        ({"display_name": "A", "environment_id": "org-x"}, 422, {"#/environment_id"}),
    ],
)
def test_AD_04_a_body_with_errors_is_refused_with_all_of_them(admin, body, status, expected):
    answer = admin.post("/v1/organizations", body, expect=status)
    assert pointers(answer) == expected
    assert admin.get("/v1/organizations")["organizations"] == []


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"{}x", b'{"a":1,"a":2}', b"\xff", b'{"a":"\\u0000"}', b"[" * 100 + b"]" * 100],
)
def test_a_body_that_is_no_json_object_is_refused(admin, body):
    assert admin.post("/v1/organizations", body=body, expect=400)["type"] == "urn:rollcall:problem:invalid-syntax"


def test_AD_01_AD_06_another_content_type_is_refused(admin):
    for content_type in (None, "text/plain", "application/x-www-form-urlencoded", "application/scim+json", "json"):
        answer = admin.post("/v1/organizations", {"display_name": "A"}, headers=[("Content-Type", content_type)])
        assert answer.status == 415 and answer.headers["accept"] == "application/json"
    for content_type in ("application/json; charset=utf-8", "APPLICATION/JSON"):
        admin.post("/v1/organizations", {"display_name": "A"}, headers=[("Content-Type", content_type)], expect=201)


def test_an_oversized_body_is_refused(admin):
    admin.post("/v1/organizations", {"display_name": "x" * 70000}, expect=413)
    admin.get("/v1/organizations", expect=200)


def test_unknown_query_parameters_are_refused(admin, made):
    for path in ("/v1/organizations?extrenal_id=x", f"/v1/organizations/{made['organization']['id']}?limit=1"):
        assert admin.get(path, expect=400)["type"] == "urn:rollcall:problem:bad-request"


def test_AD_06_unknown_paths_and_methods_are_problems(admin):
    admin.get("/v1/nothing", expect=404)
    admin.get("/", expect=404)
    assert "GET" in admin.put("/v1/organizations", {}, expect=405).headers["allow"]


def test_every_change_is_audited_without_secrets(rollcall, admin, made):
    admin.patch(f"/v1/organizations/{made['organization']['id']}", {"display_name": "B"}, expect=200)
    rotated = admin.post(f"/v1/directories/{made['directory']['id']}/tokens/rotate", expect=201)
    admin.patch(f"/v1/organizations/{made['organization']['id']}", {"display_name": ""}, expect=422)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT actor, action, detail, request_id FROM audit ORDER BY id")
        rows = [row for row in cursor.fetchall() if row[0] == rows_actor(admin)]
    assert [row[1] for row in rows] == ["organization.create", "organization.update", "token.rotate"]
    text = repr(rows)
    for secret in (made["token"], rotated["token"], admin.key):
        assert secret.rsplit("_", 1)[1] not in text
    assert all(row[3] for row in rows)


def rows_actor(admin):
    return "key-" + admin.key.split("_")[1]
