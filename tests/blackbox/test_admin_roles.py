"""The vendor's roles, and the groups that stand for them."""

import uuid

import pytest

from harness.openapi import CheckedAdmin

UNKNOWN = "rol-01jd8jm32ye008000000001ayd"


@pytest.fixture
def admin(rollcall):
    vendor = rollcall.new_environment()
    client = CheckedAdmin(rollcall.admin_url, vendor.key)
    yield client
    client.wire.close()


@pytest.fixture
def org(rollcall, admin):
    return rollcall.new_organization(admin)


@pytest.fixture
def scim(org):
    return org.scim


@pytest.fixture
def mappings(org):
    return f"/v1/directories/{org.directory_id}/role-mappings"


def pointers(answer):
    return [error["pointer"] for error in answer["errors"]]


def make(admin, *names):
    return [admin.post("/v1/roles", {"name": name}, expect=201)["id"] for name in names]


def roles_of(admin, org, user):
    shown = admin.get(f"/v1/organizations/{org.id}/users/{user['id']}", expect=200)
    listed = admin.get(f"/v1/directories/{org.directory_id}/users?limit=1000&view=profile", expect=200)["users"]
    assert [u["roles"] for u in listed if u["id"] == user["id"]] == [shown["roles"]]
    assert shown["role"] == (shown["roles"][0] if shown["roles"] else None)
    return shown["roles"]


# --- roles ---


def test_a_role_is_made_read_changed_and_deleted(admin):
    made = admin.post("/v1/roles", {"name": "admin", "description": "May do all."}, expect=201)
    assert made["display_name"] == "admin" and made["mapped"] is False
    path = made.headers["location"]
    assert admin.get(path, expect=200).json == made.json
    changed = admin.patch(path, {"display_name": "Administrators"}, expect=200)
    assert changed["display_name"] == "Administrators" and changed["description"] == "May do all."
    assert admin.get("/v1/roles", expect=200)["roles"] == [changed.json]
    assert admin.get("/v1/roles?name=nobody", expect=200)["roles"] == []
    assert len(admin.get("/v1/roles?name=admin", expect=200)["roles"]) == 1
    admin.delete(path, expect=204)
    admin.get(path, expect=404)
    admin.delete(path, expect=404)


def test_a_roles_name_is_unique_in_its_environment(rollcall, admin):
    first, _ = make(admin, "a", "b")
    assert admin.post("/v1/roles", {"name": "a"}, expect=409)["type"] == "urn:rollcall:problem:uniqueness"
    admin.patch(f"/v1/roles/{first}", {"name": "b"}, expect=409)
    rollcall.new_environment().post("/v1/roles", {"name": "a"}, expect=201)


@pytest.mark.parametrize("name", ["", " ", "a b", "é", "x" * 65, 1, None, "a/b", 'a"'])
def test_a_bad_name_is_refused(admin, name):
    assert pointers(admin.post("/v1/roles", {"name": name}, expect=422)) == ["#/name"]


def test_an_environment_has_two_hundred_roles_at_most(admin):
    make(admin, *(f"r{i}" for i in range(200)))
    assert admin.post("/v1/roles", {"name": "one-more"}, expect=409)["type"] == "urn:rollcall:problem:conflict"
    assert len(admin.get("/v1/roles?limit=1000", expect=200)["roles"]) == 200


# --- rules ---


def test_without_rules_nobody_has_a_role(admin, org, scim, mappings):
    make(admin, "admin")
    shown = admin.get(mappings, expect=200)
    assert (shown["rules"], shown["default_role"], shown["updated_at"]) == ([], None, None)
    assert shown["unmapped_roles"] == ["admin"]
    assert roles_of(admin, org, scim.new_user("u")) == []


def test_groups_give_roles_directly_and_through_other_groups(admin, org, scim, mappings):
    make(admin, "admin", "developer", "member", "unused")
    people = [scim.new_user(f"u{i}") for i in range(4)]
    inner = scim.new_group("Inner", [people[0]["id"]])
    scim.new_group("Engineering", [inner["id"], people[1]["id"]])
    scim.new_group("app-users", [person["id"] for person in people[:3]])
    rules = [
        {"group_prefix": "APP-", "role": "member"},
        {"group_name": "engineering", "role": "developer", "priority": 10},
        {"group_id": inner["id"], "role": "admin", "priority": 20},
        {"group_name": "Nowhere", "role": "unused"},
    ]
    put = admin.put(mappings, {"rules": rules, "default_role": None}, expect=200)
    assert [rule["status"] for rule in put["rules"]] == ["active", "active", "active", "group_missing"]
    assert put["unmapped_roles"] == ["unused"] and put["updated_at"]
    assert admin.get(mappings, expect=200).json == put.json
    assert [roles_of(admin, org, person) for person in people] == [
        ["admin", "developer", "member"],
        ["developer", "member"],
        ["member"],
        [],
    ]
    admin.put(mappings, {"rules": put["rules"], "default_role": "unused"}, expect=200)  # what was read can be sent back
    assert roles_of(admin, org, people[3]) == ["unused"]
    assert admin.get(mappings, expect=200)["unmapped_roles"] == []
    assert {role["name"]: role["mapped"] for role in admin.get("/v1/roles")["roles"]} == {
        name: True for name in ("admin", "developer", "member", "unused")
    }


def test_groups_that_go_change_roles_of_people_and_never_the_list_of_roles(admin, org, scim, mappings):
    make(admin, "admin", "member")
    user = scim.new_user("u")
    staff, chiefs = (scim.new_group(name, [user["id"]]) for name in ("Staff", "Chiefs"))
    rules = [{"group_name": "Staff", "role": "member"}, {"group_id": chiefs["id"], "role": "admin", "priority": 1}]
    admin.put(mappings, {"rules": rules}, expect=200)
    assert roles_of(admin, org, user) == ["admin", "member"]

    scim.patch(f"/Groups/{staff['id']}", {"op": "replace", "path": "displayName", "value": "Crew"}, expect=204)
    assert roles_of(admin, org, user) == ["admin"]
    scim.delete(f"/Groups/{chiefs['id']}", expect=204)
    assert roles_of(admin, org, user) == []
    shown = admin.get(mappings, expect=200)
    assert [rule["status"] for rule in shown["rules"]] == ["group_missing"] * 2
    assert shown["unmapped_roles"] == ["admin", "member"]
    assert [role["name"] for role in admin.get("/v1/roles")["roles"]] == ["admin", "member"]

    scim.patch(f"/Groups/{staff['id']}", {"op": "replace", "path": "displayName", "value": "staff"}, expect=204)
    assert roles_of(admin, org, user) == ["member"]


def test_a_role_that_is_in_use_is_deleted_by_force_alone(admin, org, scim, mappings):
    first, second = make(admin, "admin", "member")
    user = scim.new_user("u")
    scim.new_group("G", [user["id"]])
    rules = [{"group_name": "G", "role": "admin"}, {"group_name": "G", "role": "member"}]
    admin.put(mappings, {"rules": rules, "default_role": "admin"}, expect=200)
    for role in (first, second):
        admin.delete(f"/v1/roles/{role}", expect=409)
        admin.delete(f"/v1/roles/{role}?force=false", expect=409)
    assert roles_of(admin, org, user) == ["admin", "member"]
    admin.delete(f"/v1/roles/{first}?force=true", expect=204)
    assert roles_of(admin, org, user) == ["member"]
    shown = admin.get(mappings, expect=200)
    assert [rule["role"] for rule in shown["rules"]] == ["member"] and shown["default_role"] is None


def test_a_renamed_role_is_shown_by_its_new_name(admin, org, scim, mappings):
    (role,) = make(admin, "admin")
    user = scim.new_user("u")
    scim.new_group("G", [user["id"]])
    admin.put(mappings, {"rules": [{"group_name": "G", "role": "admin"}]}, expect=200)
    admin.patch(f"/v1/roles/{role}", {"name": "owner"}, expect=200)
    assert roles_of(admin, org, user) == ["owner"]


@pytest.mark.parametrize(
    "rule, pointer",
    [
        ({"group_name": "G"}, "#/rules/1/role"),
        ({"group_name": "G", "role": "nobody"}, "#/rules/1/role"),
        ({"group_name": "G", "role": 1}, "#/rules/1/role"),
        ({"role": "admin"}, "#/rules/1"),
        ({"role": "admin", "group_name": "G", "group_id": str(uuid.uuid4())}, "#/rules/1"),
        ({"role": "admin", "group_id": "x"}, "#/rules/1/group_id"),
        ({"role": "admin", "group_name": ""}, "#/rules/1/group_name"),
        ({"role": "admin", "group_prefix": "x" * 256}, "#/rules/1/group_prefix"),
        ({"role": "admin", "group_name": "G", "priority": 1.5}, "#/rules/1/priority"),
        ({"role": "admin", "group_name": "G", "priority": 1000001}, "#/rules/1/priority"),
        ({"role": "admin", "group_name": "G", "weight": 1}, "#/rules/1/weight"),
        ("G", "#/rules/1"),
    ],
)
def test_a_bad_rule_is_pointed_at_and_nothing_changes(admin, mappings, rule, pointer):
    make(admin, "admin")
    good = {"group_name": "G", "role": "admin"}
    before = admin.put(mappings, {"rules": [good]}, expect=200).json
    assert pointers(admin.put(mappings, {"rules": [good, rule]}, expect=422)) == [pointer]
    assert admin.get(mappings, expect=200).json == before


def test_other_bad_mappings_are_refused(rollcall, admin, mappings):
    make(admin, "admin")
    assert pointers(admin.put(mappings, {"rules": [], "default_role": "nobody"}, expect=422)) == ["#/default_role"]
    assert pointers(admin.put(mappings, {}, expect=422)) == ["#/rules"]
    rule = {"group_name": "G", "role": "admin"}
    assert len(admin.put(mappings, {"rules": [rule] * 1000}, expect=200)["rules"]) == 1000
    assert pointers(admin.put(mappings, {"rules": [rule] * 1001}, expect=422)) == ["#/rules"]
    other = rollcall.new_environment()
    other.post("/v1/roles", {"name": "foreign"}, expect=201)
    assert pointers(admin.put(mappings, {"rules": [{**rule, "role": "foreign"}]}, expect=422)) == ["#/rules/0/role"]


def test_another_directorys_group_is_as_good_as_none(rollcall, admin, mappings):
    make(admin, "admin")
    theirs = rollcall.new_organization(rollcall.new_environment()).scim.new_group("Theirs")["id"]
    for group in (theirs, "01890000-0000-7000-8000-000000000000"):
        put = admin.put(mappings, {"rules": [{"group_id": group, "role": "admin"}]}, expect=200)
        assert put["rules"][0]["status"] == "group_missing" and put["unmapped_roles"] == ["admin"]


def test_an_environment_takes_its_roles_with_it(rollcall):
    operator = CheckedAdmin(rollcall.admin_url, rollcall.operator.key)
    environment = operator.post("/v1/environments", {"name": f"roles {uuid.uuid4()}"}, expect=201)["id"]
    role = operator.post("/v1/roles", {"name": "a", "environment_id": environment}, expect=201)["id"]
    assert len(operator.get(f"/v1/roles?environment_id={environment}", expect=200)["roles"]) == 1
    operator.delete(f"/v1/environments/{environment}", expect=204)
    operator.get(f"/v1/roles/{role}", expect=404)
    operator.wire.close()


def test_a_mapping_is_put_only_if_it_is_still_the_one_that_was_read(admin, mappings):
    make(admin, "admin")
    tag = admin.get(mappings, expect=200).headers["etag"]
    rules = {"rules": [{"group_name": "G", "role": "admin"}]}
    admin.put(mappings, rules, headers=[("If-Match", tag)], expect=200)
    admin.put(mappings, {"rules": []}, headers=[("If-Match", tag)], expect=412)
    assert len(admin.get(mappings, expect=200)["rules"]) == 1


def test_who_put_which_rules_stands_in_the_audit_log(admin, mappings):
    make(admin, "admin")
    rule = {"group_name": "G", "role": "admin", "priority": 0}
    admin.put(mappings, {"rules": [rule], "default_role": "admin"}, expect=200)
    admin.put(mappings, {"rules": [rule] * 1000, "default_role": "admin"}, expect=200)
    records = admin.get("/v1/audit?limit=1000&action=role_mapping.replace", expect=200)["records"]
    first, second = sorted((record for record in records), key=lambda record: record["position"])
    assert first["detail"]["before"] == {"default_role": None, "rules": []}
    assert first["detail"]["after"] == {"default_role": "admin", "rules": [rule]}
    assert second["detail"]["before"] == {"rules": [rule]} and second["detail"]["after"] == {"rules": 1000}


def test_many_rules_cost_no_statement_for_each_user(admin, org, scim, mappings):
    make(admin, *(f"r{i}" for i in range(20)))
    users = [scim.new_user(f"u{i}")["id"] for i in range(60)]
    for i in range(20):
        scim.new_group(f"G{i}", users[i : i + 40])
    rules = [{"group_name": f"g{i}", "role": f"r{i}", "priority": i} for i in range(20)]
    admin.put(mappings, {"rules": rules}, expect=200)
    listed = admin.get(f"/v1/directories/{org.directory_id}/users?limit=1000", expect=200)["users"]
    for n, user in enumerate(listed):
        expected = [f"r{i}" for i in range(20) if i <= n < i + 40]
        assert user["roles"] == expected[::-1]
