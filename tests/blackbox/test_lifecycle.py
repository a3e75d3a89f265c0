"""Creating, reading, replacing and deleting (sections C, R by id, U and X)."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.scim import ENTERPRISE, GROUP, USER

UNKNOWN = "01890000-0000-7000-8000-000000000000"
PASS = "urn:example:params:scim:schemas:extension:Pass"

FULL = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "e-1",
    "userName": "ada@example.com",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "title": "Countess",
    "active": False,
    "emails": [{"value": "ada@example.com", "type": "work", "primary": True}],
    ENTERPRISE: {"department": "Mathematics"},
}


def minimal(**attributes):
    return {"schemas": [USER], "userName": "ada@example.com", **attributes}


@pytest.fixture
def user(scim):
    return scim.post("/Users", FULL, expect=201)


@pytest.fixture
def passes(org):
    """Users with an extension that has an attribute of every mutability."""

    def attribute(name, **keywords):
        return {"name": name, "type": "string", "description": f"The {name}.", **keywords}

    attributes = [
        attribute("note"),
        attribute("chip", mutability="immutable"),
        attribute("pin", mutability="writeOnly", returned="never"),
        attribute("checked", mutability="readOnly"),
        attribute("owner", required=True),
    ]
    schema = {"id": PASS, "name": "Pass", "description": "What opens doors.", "attributes": attributes}
    types = [{"name": "User", "schemaExtensions": [{"schema": PASS, "required": False}]}]
    org.set_rules(catalog={"schemas": [schema], "resource_types": types})
    return org.scim


def stored(org, resource_id):
    """What the database has of the resource, hidden values included."""
    statement = "SELECT document FROM resource WHERE id = %s"
    rows = org.rollcall.database.query(statement, uuid.UUID(resource_id).bytes)
    return rows[0][0] if isinstance(rows[0][0], bytes) else rows[0][0].encode()


# --- create ---


def test_C_01_creating_answers_201_with_everything_there_is(scim):
    created = scim.post("/Users", FULL, expect=201)
    assert created.json == FULL | {"id": created["id"], "meta": created["meta"]}
    assert created.headers["location"] == created["meta"]["location"] == f"{scim.connector_url}/Users/{created['id']}"
    assert created.headers["etag"] == created["meta"]["version"]
    read = scim.get(f"/Users/{created['id']}", expect=200)
    assert read.json == created.json and read.headers["etag"] == created.headers["etag"]


def test_C_02_of_twenty_identical_posts_one_is_stored(scim):
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: scim.post("/Users", FULL), range(20)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 19
    assert {answer["scimType"] for answer in answers if answer.status == 409} == {"uniqueness"}
    assert scim.get("/Users", expect=200)["totalResults"] == 1


def test_C_02_a_conflict_stores_nothing(scim, user):
    for body in (FULL, minimal(userName="ADA@EXAMPLE.COM", title="other")):
        assert scim.post("/Users", body, expect=409)["scimType"] == "uniqueness"
    listed = scim.get("/Users", expect=200)
    assert [found["title"] for found in listed["Resources"]] == ["Countess"]


def test_C_03_active_is_true_unless_the_client_says_otherwise(scim):
    assert scim.post("/Users", minimal(userName="a"), expect=201)["active"] is True
    assert scim.post("/Users", minimal(userName="b", active=False), expect=201)["active"] is False
    for number, nothing in enumerate((None, [])):
        created = scim.post("/Users", minimal(userName=f"c{number}", active=nothing), expect=201)
        assert "active" not in created and "active" not in scim.get(f"/Users/{created['id']}", expect=200)


def test_C_03_F_18_a_default_is_filtered_as_it_is_shown(scim):
    defaulted = scim.post("/Users", minimal(userName="a"), expect=201)
    scim.post("/Users", minimal(userName="b", active=False), expect=201)
    unassigned = scim.post("/Users", minimal(userName="c", active=None), expect=201)
    for filter, wanted in (("active eq true", defaulted), ("not (active pr)", unassigned)):
        assert [found["id"] for found in scim.find("/Users", filter)["Resources"]] == [wanted["id"]]


@pytest.mark.parametrize(
    "path, body, scim_type",
    [
        ("/Users", {"schemas": [USER]}, "invalidValue"),
        ("/Users", {"schemas": [USER], "userName": None}, "invalidValue"),
        ("/Groups", {"schemas": [GROUP]}, "invalidValue"),
        ("/Groups", {"schemas": [GROUP], "displayName": ""}, "invalidValue"),
        ("/Users", {"userName": "x"}, "invalidSyntax"),
        ("/Users", {"schemas": [GROUP], "userName": "x"}, "invalidSyntax"),
        ("/Groups", {"displayName": "x"}, "invalidSyntax"),
        ("/Groups", {"schemas": [USER], "displayName": "x"}, "invalidSyntax"),
        ("/Groups", {"schemas": [ENTERPRISE], "displayName": "x"}, "invalidSyntax"),
    ],
)
def test_C_04_what_is_required_must_be_there(scim, path, body, scim_type):
    assert scim.post(path, body, expect=400)["scimType"] == scim_type
    assert scim.get(path, expect=200)["totalResults"] == 0


def test_C_05_a_post_never_updates_and_chooses_the_id_itself(scim, user):
    second = scim.post("/Users", minimal(userName="zoe@example.com", id=user["id"]), expect=201)
    assert second["id"] != user["id"]
    scim.post("/Users", {**FULL, "id": user["id"], "title": "other"}, expect=409)
    assert scim.get(f"/Users/{user['id']}", expect=200).json == user.json
    assert scim.get("/Users", expect=200)["totalResults"] == 2
    scim.request("POST", f"/Users/{user['id']}", json=FULL, expect=405)


def test_C_06_a_group_is_created_with_its_members_or_not_at_all(scim, user):
    inner = scim.new_group("Inner")
    created = scim.new_group("Outer", [user["id"], inner["id"]])
    assert {member["value"] for member in created["members"]} == {user["id"], inner["id"]}
    for bad in (UNKNOWN, "no id"):
        members = [{"value": user["id"]}, {"value": bad}]
        refused = scim.post("/Groups", {"schemas": [GROUP], "displayName": "Bad", "members": members}, expect=400)
        assert refused["scimType"] == "invalidValue"
    assert scim.get("/Groups", expect=200)["totalResults"] == 2
    assert scim.find("/Groups", 'displayName eq "Bad"')["totalResults"] == 0


# --- read ---


def test_R_01_a_resource_is_read_by_its_id_with_its_tag_and_location(rollcall, scim, user):
    read = scim.get(f"/Users/{user['id']}", expect=200)
    assert read.json == user.json and read.headers["etag"] == user["meta"]["version"]
    assert read.headers["location"] == user["meta"]["location"]
    deleted, foreign = scim.new_user(), rollcall.new_organization().scim.new_user()
    scim.delete(f"/Users/{deleted['id']}", expect=204)
    for id in (UNKNOWN, deleted["id"], foreign["id"], "nonsense"):
        scim.get(f"/Users/{id}", expect=404)


@pytest.mark.parametrize("collection", ["/Users", "/Groups"])
def test_R_02_a_query_without_matches_is_an_empty_list(scim, user, collection):
    for filter in ('externalId eq "nobody"', f'id eq "{UNKNOWN}"', 'displayName sw "x" and displayName sw "y"'):
        found = scim.find(collection, filter)
        assert found["totalResults"] == 0 and found["Resources"] == [] and found["itemsPerPage"] == 0


# --- replace ---


def test_U_01_a_put_replaces_and_never_creates(scim, user):
    path = f"/Users/{user['id']}"
    replaced = scim.put(path, minimal(nickName="Enchantress"), expect=200)
    assert set(replaced.json) == {"schemas", "id", "userName", "nickName", "active", "meta"}
    assert replaced.headers["etag"] == replaced["meta"]["version"] != user["meta"]["version"]
    assert scim.get(path, expect=200).json == replaced.json
    scim.put(f"/Users/{UNKNOWN}", minimal(userName="new@example.com"), expect=404)
    assert scim.get("/Users", expect=200)["totalResults"] == 1


def test_U_02_U_03_each_mutability_is_replaced_in_its_own_way(org, passes):
    def body(**attributes):
        return {"schemas": [USER, PASS], "userName": "ada@example.com", PASS: {"owner": "o", **attributes}}

    created = passes.post("/Users", body(note="n", chip="c", pin="canary-pin", checked="mine"), expect=201)
    path = f"/Users/{created['id']}"
    assert created[PASS] == {"owner": "o", "note": "n", "chip": "c"}
    assert b"canary-pin" in stored(org, created["id"])

    # readWrite is replaced, readOnly ignored, immutable accepted when it is the same.
    replaced = passes.put(path, body(note="m", chip="c", checked="mine"), expect=200)
    assert replaced[PASS] == {"owner": "o", "note": "m", "chip": "c"}
    # Left out: readWrite is cleared, immutable and writeOnly are kept.
    replaced = passes.put(path, body(), expect=200)
    assert replaced[PASS] == {"owner": "o", "chip": "c"} and b"canary-pin" in stored(org, created["id"])
    # writeOnly is replaced.
    passes.put(path, body(pin="canary-new"), expect=200)
    assert b"canary-new" in stored(org, created["id"]) and b"canary-pin" not in stored(org, created["id"])
    # Another immutable value, and a required one that is missing.
    before = passes.get(path, expect=200).json
    assert passes.put(path, body(chip="other"), expect=400)["scimType"] == "mutability"
    missing = {**body(), PASS: {"note": "n"}}
    assert passes.put(path, missing, expect=400)["scimType"] == "invalidValue"
    assert passes.put(path, {"schemas": [USER]}, expect=400)["scimType"] == "invalidValue"
    assert passes.get(path, expect=200).json == before


def test_U_02_an_immutable_attribute_that_is_unset_can_be_set(passes):
    created = passes.new_user("ada@example.com")
    body = {"schemas": [USER, PASS], "userName": "ada@example.com", PASS: {"owner": "o", "chip": "first"}}
    assert passes.put(f"/Users/{created['id']}", body, expect=200)[PASS]["chip"] == "first"
    body[PASS]["chip"] = "second"
    assert passes.put(f"/Users/{created['id']}", body, expect=400)["scimType"] == "mutability"


def test_U_03_what_a_put_leaves_out_is_cleared_and_active_is_true_again(scim, user):
    replaced = scim.put(f"/Users/{user['id']}", minimal(), expect=200)
    assert set(replaced.json) == {"schemas", "id", "userName", "active", "meta"}
    assert replaced["active"] is True and replaced["schemas"] == [USER]
    assert scim.find("/Users", f"{ENTERPRISE}:department pr or title pr or emails pr")["totalResults"] == 0


def test_U_04_another_id_in_the_body_is_ignored(scim, user):
    replaced = scim.put(f"/Users/{user['id']}", {**FULL, "id": UNKNOWN, "title": "Lady"}, expect=200)
    assert replaced["id"] == user["id"] and replaced["title"] == "Lady"


def test_U_05_a_put_to_a_taken_name_changes_nothing(scim, user):
    other = scim.new_user("zoe@example.com")
    group, taken = scim.new_group("Free"), scim.new_group("Taken")
    refused = scim.put(f"/Users/{user['id']}", {**FULL, "userName": "ZOE@example.com", "title": "x"}, expect=409)
    assert refused["scimType"] == "uniqueness"
    refused = scim.put(f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": "TAKEN"}, expect=409)
    assert refused["scimType"] == "uniqueness"
    for path, before in ((f"/Users/{user['id']}", user), (f"/Users/{other['id']}", other), (f"/Groups/{group['id']}", group)):
        assert scim.get(path, expect=200).json == before.json
    scim.put(f"/Groups/{taken['id']}", {"schemas": [GROUP], "displayName": "taken"}, expect=200)


def test_U_06_a_put_that_changes_nothing_keeps_version_and_date(org, scim, user):
    group = scim.new_group("Group", [user["id"]])
    count = "SELECT count(*) FROM `change`"
    for path in (f"/Users/{user['id']}", f"/Groups/{group['id']}"):
        before = scim.get(path, expect=200)
        changes = org.rollcall.database.query(count)
        for body in (before.json, {name: before[name] for name in reversed(before.json) if name not in ("id", "meta")}):
            assert scim.put(path, body, expect=200).json == before.json
        assert scim.get(path, expect=200).headers["etag"] == before.headers["etag"]
        assert org.rollcall.database.query(count) == changes


def test_U_07_a_put_of_a_group_replaces_its_members(scim):
    first, second, third = (scim.new_user()["id"] for _ in range(3))
    group = scim.new_group("Group", [first, second])
    path = f"/Groups/{group['id']}"

    def put(*ids):
        members = [{"value": id, "type": "User", "$ref": "ignored", "display": "ignored"} for id in ids]
        return scim.put(path, {"schemas": [GROUP], "displayName": "Group", "members": members}, expect=200)

    assert {member["value"] for member in put(second, third)["members"]} == {second, third}
    assert scim.members(group["id"]) == {second, third}
    assert "groups" not in scim.get(f"/Users/{first}", expect=200)
    assert "members" not in put()
    scim.put(path, {"schemas": [GROUP], "displayName": "Group", "members": [{"value": first}]}, expect=200)
    scim.put(path, {"schemas": [GROUP], "displayName": "Group"}, expect=200)
    assert scim.members(group["id"]) == set()


# --- delete ---


@pytest.mark.parametrize("collection", ["/Users", "/Groups"])
def test_X_01_what_is_deleted_is_gone_for_every_operation(scim, collection):
    resource = scim.new_user() if collection == "/Users" else scim.new_group()
    path = f"{collection}/{resource['id']}"
    body = {name: resource[name] for name in resource.json if name not in ("id", "meta")}
    assert scim.delete(path, expect=204).body == b""
    for _ in range(2):
        scim.get(path, expect=404)
        scim.request("HEAD", path, expect=404)
        scim.put(path, body, expect=404)
        scim.patch(path, {"op": "replace", "value": {"displayName": "x"}}, expect=404)
        scim.delete(path, expect=404)
    assert scim.get(collection, expect=200)["totalResults"] == 0
    for filter in (f'id eq "{resource["id"]}"', "meta.created pr", "displayName pr or id pr"):
        assert scim.find(collection, filter)["totalResults"] == 0


def test_X_01_a_deleted_user_cannot_become_a_member(scim, user):
    scim.delete(f"/Users/{user['id']}", expect=204)
    body = {"schemas": [GROUP], "displayName": "Group", "members": [{"value": user["id"]}]}
    scim.post("/Groups", body, expect=400)


def test_X_02_a_deleted_resource_frees_its_names(scim, user):
    group = scim.new_group("Group")
    scim.delete(f"/Users/{user['id']}", expect=204)
    scim.delete(f"/Groups/{group['id']}", expect=204)
    again, group_again = scim.post("/Users", FULL, expect=201), scim.new_group("GROUP")
    assert again["id"] != user["id"] and group_again["id"] != group["id"]
    assert scim.find("/Users", 'userName eq "ada@example.com"')["totalResults"] == 1


def test_X_03_a_stale_if_match_keeps_the_resource(scim, user):
    path = f"/Users/{user['id']}"
    scim.patch(path, {"op": "replace", "path": "title", "value": "Lady"}, expect=200)
    current = scim.get(path, expect=200)
    for stale in (user.headers["etag"], '"other"', 'W/"0", W/"999"'):
        scim.delete(path, headers=[("If-Match", stale)], expect=412)
    assert scim.get(path, expect=200).json == current.json
    scim.delete(path, headers=[("If-Match", current.headers["etag"])], expect=204)
    scim.delete(path, headers=[("If-Match", current.headers["etag"])], expect=404)


# --- and what is asked for later ---


@pytest.mark.parametrize("prefer", ["respond-async", "respond-async, wait=10", "return=minimal", "handling=strict"])
def test_AS_05_preferences_are_ignored(scim, user, prefer):
    headers = [("Prefer", prefer)]
    path = f"/Users/{user['id']}"
    created = scim.post("/Users", minimal(userName="zoe@example.com"), headers=headers, expect=201)
    answers = [
        created,
        scim.put(path, FULL, headers=headers, expect=200),
        scim.patch(path, {"op": "replace", "path": "title", "value": "x"}, headers=headers, expect=200),
        scim.delete(f"/Users/{created['id']}", headers=headers, expect=204),
    ]
    for answer in answers:
        assert "preference-applied" not in answer.headers and "set-txn" not in answer.headers
    assert created["userName"] == "zoe@example.com"
    assert scim.get("/ServiceProviderConfig", expect=200)["securityEvents"]["asyncRequest"] == "none"
