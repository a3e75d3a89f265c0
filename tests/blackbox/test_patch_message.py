"""PATCH as a message: what is refused as a whole, that it is all or nothing, and what is answered."""

import threading

import pytest

from harness.scim import ENTERPRISE, GROUP, PATCH, USER, patch_of

STRICT = {"strict": True}


@pytest.fixture
def user(scim):
    return scim.new_user(title="T", emails=[{"value": "w@example.com", "type": "work"}])


def path_of(resource):
    kind = resource["meta"]["resourceType"]
    return f"/{kind}s/{resource['id']}"


def refused(scim, resource, *operations, scim_type, status=400, json=None):
    """The message is refused, and nothing has changed."""
    before = scim.get(path_of(resource), expect=200)
    answer = scim.patch(path_of(resource), json=json or patch_of(*operations), expect=status)
    assert answer.json.get("scimType") == scim_type, answer
    after = scim.get(path_of(resource), expect=200)
    assert after.json == before.json and after.headers["etag"] == before.headers["etag"]
    return answer


def test_P_01_patch_is_supported_and_says_so(scim, user):
    assert scim.get("/ServiceProviderConfig", expect=200)["patch"] == {"supported": True}
    assert scim.patch(path_of(user), {"op": "replace", "path": "title", "value": "U"}, expect=200)["title"] == "U"


def test_P_02_the_message_has_its_urn_and_operations_with_an_op_each(org, scim, user):
    good = {"op": "replace", "path": "title", "value": "U"}
    org.set_rules(policy=STRICT)
    for message in (
        {"Operations": [good]},
        {"schemas": [], "Operations": [good]},
        {"schemas": [USER], "Operations": [good]},
        {"schemas": PATCH, "Operations": [good]},
        {"schemas": [PATCH]},
        {"schemas": [PATCH], "Operations": []},
        {"schemas": [PATCH], "Operations": None},
        {"schemas": [PATCH], "Operations": good},
        {"schemas": [PATCH], "Operations": ["add"]},
        {"schemas": [PATCH], "Operations": [good, None]},
        {"schemas": [PATCH], "Operations": [{**good, "op": "move"}]},
        {"schemas": [PATCH], "Operations": [{**good, "op": ["add", "remove"]}]},
        {"schemas": [PATCH], "Operations": [{**good, "op": "Replace"}]},
        {"schemas": [PATCH], "Operations": [{"path": "title", "value": "U"}]},
        {"schemas": [PATCH], "Operations": [good, {"op": "test", "path": "title", "value": "U"}]},
    ):
        refused(scim, user, json=message, scim_type="invalidSyntax")
    assert scim.patch(path_of(user), good, expect=200)["title"] == "U"


def test_P_02_no_operations_are_no_change_unless_strict(scim, user):
    """A deployed validator sends this; only a strict directory insists on the letter."""
    answer = scim.patch(path_of(user), json=patch_of(), expect=200)
    assert answer.json == user.json


def test_P_03_operations_run_in_order_each_on_the_result_of_the_one_before(scim, user):
    answer = scim.patch(
        path_of(user),
        {"op": "add", "path": "nickName", "value": "N"},
        {"op": "remove", "path": "nickName"},
        {"op": "add", "path": "emails", "value": [{"value": "h@example.com", "type": "home"}]},
        {"op": "replace", "path": 'emails[type eq "home"].value', "value": "i@example.com"},
        {"op": "remove", "path": 'emails[value eq "w@example.com"]'},
        {"op": "replace", "path": "title", "value": "1"},
        {"op": "replace", "path": "title", "value": "2"},
        expect=200,
    )
    assert "nickName" not in answer.json and answer["title"] == "2"
    assert answer["emails"] == [{"value": "i@example.com", "type": "home"}]
    group, other = scim.new_group(members=[user["id"]]), scim.new_user()
    scim.patch(
        path_of(group),
        {"op": "add", "path": "members", "value": [{"value": other["id"]}]},
        {"op": "remove", "path": f'members[value eq "{user["id"]}"]'},
        {"op": "replace", "path": "displayName", "value": "after"},
        expect=204,
    )
    now = scim.get(path_of(group), expect=200)
    assert [m["value"] for m in now["members"]] == [other["id"]] and now["displayName"] == "after"


def test_P_04_one_failing_operation_undoes_all(scim, user):
    good = {"op": "replace", "path": "title", "value": "U"}
    for bad, scim_type in (
        ({"op": "replace", "path": "active", "value": "maybe"}, "invalidValue"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "replace", "path": "nope", "value": 1}, "invalidPath"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": 'emails[type sw "x"].value', "value": "x"}, "noTarget"),
        ({"op": "add", "path": 'emails[type foo "x"]', "value": {}}, "invalidFilter"),
    ):
        refused(scim, user, good, bad, scim_type=scim_type)
        refused(scim, user, bad, good, scim_type=scim_type)


def test_P_04_members_and_attributes_are_one_whole(org, scim, user):
    scim.new_group("taken")
    group = scim.new_group("mine")
    join = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    rename = {"op": "replace", "path": "displayName", "value": "taken"}
    stranger = {"op": "add", "path": "members", "value": [{"value": "01890a5d-ac96-774b-bcce-b302099a8057"}]}
    refused(scim, group, join, rename, scim_type="uniqueness", status=409)
    refused(scim, group, {**rename, "value": "free"}, join, stranger, scim_type="invalidValue")
    where = f"directory_id = X'{org.rollcall.id_bytes(org.directory_id).hex()}'"
    written = org.rollcall.database.query(f"SELECT COUNT(*) FROM `change` WHERE kind IN (2, 4) AND {where}")
    assert written[0][0] == 0, "refused operations leave no trace"


def test_P_05_users_are_answered_200_groups_204(scim, user):
    change = {"op": "add", "path": "externalId", "value": "x"}
    assert scim.patch(path_of(user), change, expect=200)["externalId"] == "x"
    group = scim.new_group(members=[user["id"]])
    assert scim.patch(path_of(group), change, expect=204).body == b""
    for query, shown in (
        ("?attributes=displayName", {"schemas", "id", "displayName"}),
        ("?attributes=members", {"schemas", "id", "members"}),
        ("?excludedAttributes=members", {"schemas", "id", "displayName", "externalId", "meta"}),
    ):
        answer = scim.patch(path_of(group) + query, {**change, "value": query}, expect=200)
        assert set(answer.json) == shown, query
    assert set(scim.patch(path_of(user) + "?attributes=externalId", change, expect=200).json) == {
        "schemas",
        "id",
        "externalId",
    }


def test_P_06_204_carries_the_tag_and_no_location(scim):
    group = scim.new_group()
    answer = scim.patch(path_of(group), {"op": "add", "path": "externalId", "value": "x"}, expect=204)
    assert answer.headers["etag"] == scim.get(path_of(group), expect=200)["meta"]["version"]
    assert answer.headers["etag"] != group["meta"]["version"]
    for name in ("location", "authorization", "content-type"):
        assert name not in answer.headers, name


def test_P_07_paths_in_every_form(scim, user):
    boss = scim.new_user()
    for path, value, shown in (
        ("title", "A", lambda u: u["title"]),
        ("name.familyName", "A", lambda u: u["name"]["familyName"]),
        ('emails[type eq "work"]', {"value": "a@example.com", "type": "work"}, lambda u: u["emails"][0]),
        ('emails[type eq "work"].value', "b@example.com", lambda u: u["emails"][0]["value"]),
        ('emails[type eq "work" and value co "@"].display', "D", lambda u: u["emails"][0]["display"]),
        (f"{USER}:title", "B", lambda u: u["title"]),
        (f"{USER}:name.givenName", "B", lambda u: u["name"]["givenName"]),
        (f'{USER}:emails[type eq "work"].value', "c@example.com", lambda u: u["emails"][0]["value"]),
        (f"{ENTERPRISE}:employeeNumber", "7", lambda u: u[ENTERPRISE]["employeeNumber"]),
        (f"{ENTERPRISE}:manager.value", boss["id"], lambda u: u[ENTERPRISE]["manager"]["value"]),
        ("schemas", [USER, ENTERPRISE], lambda u: u["schemas"]),
    ):
        assert shown(scim.patch(path_of(user), {"op": "replace", "path": path, "value": value}, expect=200)) == value, path
    for path in ("emails.0", "emails/0", "/title", "$.title"):
        refused(scim, user, {"op": "replace", "path": path, "value": "x"}, scim_type="invalidPath")


def test_P_08_malformed_paths_and_filters_in_them(scim, user):
    for path in (
        " ", "name.", ".name", "na me", 'emails[type eq "work"', 'emails[type eq "work"]value',
        'emails[type eq "work"].', "name.givenName.x", "nope", "name.nope", "emails.nope", "urn:x:nope", f"{USER}:", f"{ENTERPRISE}:",
        'title[value eq "x"]', 'name[givenName eq "x"]', "title.value", 'active[value eq "x"].y', "members",
    ):
        refused(scim, user, {"op": "replace", "path": path, "value": "x"}, scim_type="invalidPath")
    for path in ("emails[", "emails[0].value", "emails[]", "emails[type]", 'emails[type foo "x"]', "emails[type eq ]", 'emails[(type eq "x"]'):
        refused(scim, user, {"op": "replace", "path": path, "value": "x"}, scim_type="invalidFilter")
    refused(scim, user, {"op": "replace", "path": 7, "value": "x"}, scim_type="invalidPath")


def test_P_09_names_in_any_case(scim, user):
    answer = scim.patch(
        path_of(user),
        {"op": "add", "path": "NAME.FAMILYNAME", "value": "F"},
        {"op": "add", "path": 'EMAILS[TYPE EQ "work"].DISPLAY', "value": "D"},
        {"op": "add", "path": f"{ENTERPRISE.upper()}:EMPLOYEENUMBER", "value": "7"},
        {"op": "add", "value": {"NICKNAME": "N"}},
        expect=200,
    )
    assert answer["name"] == {"familyName": "F"} and answer["nickName"] == "N"
    assert answer["emails"][0]["display"] == "D" and answer[ENTERPRISE] == {"employeeNumber": "7"}


def test_P_35_media_types_are_those_of_scim(scim, user):
    change = {"op": "replace", "path": "title", "value": "U"}
    for good in ("application/scim+json", "application/json", "Application/JSON; charset=UTF-8"):
        scim.patch(path_of(user), change, headers=[("Content-Type", good)], expect=200)
    for bad in ("application/json-patch+json", "application/merge-patch+json", "text/plain"):
        answer = scim.patch(path_of(user), change, headers=[("Content-Type", bad)], expect=415)
        assert "application/scim+json" in answer.headers["accept"]


def test_P_36_fifty_parallel_additions_are_fifty_members(org, scim):
    users = [scim.new_user()["id"] for _ in range(50)]
    group = scim.new_group()
    statuses = []

    def add(member):
        client = org.client()
        change = {"op": "add", "path": "members", "value": [{"value": member}]}
        statuses.append(client.patch(path_of(group), change).status)
        client.close()

    threads = [threading.Thread(target=add, args=(member,)) for member in users]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [204] * 50
    now = scim.get(path_of(group), expect=200)
    assert {m["value"] for m in now["members"]} == set(users)
    assert now.headers["etag"] == 'W/"51"', "each addition is a version"


def test_P_37_a_hundred_operations_in_one_request(scim, user):
    operations = [{"op": "add", "path": "phoneNumbers", "value": [{"value": f"+{i}", "type": f"t{i}"}]} for i in range(50)]
    operations += [{"op": "replace", "path": f'phoneNumbers[type eq "t{i}"].value', "value": f"-{i}"} for i in range(50)]
    answer = scim.patch(path_of(user), *operations, expect=200)
    assert [number["value"] for number in answer["phoneNumbers"]] == [f"-{i}" for i in range(50)]


def test_P_37_limits_of_operations_and_paths(scim, user):
    nothing = {"op": "remove", "path": "nickName"}
    scim.patch(path_of(user), *[nothing] * 1000, expect=200)
    refused(scim, user, *[nothing] * 1001, scim_type="invalidSyntax")
    answer = refused(scim, user, {"op": "remove", "path": "x" * 100_000}, scim_type="invalidPath")
    assert len(answer.body) < 2000
    big = scim.patch(path_of(user), {"op": "add", "path": "title", "value": "x" * 3_000_000}, expect=413)
    assert "bytes" in big["detail"]


@pytest.fixture(scope="module")
def many(shared_rollcall):
    """An organization with 1,200 users, put there by SCIM in bulk."""
    org = shared_rollcall.new_organization()
    ids = []
    for start in range(0, 1200, 400):
        operations = [
            {"method": "POST", "path": "/Users", "bulkId": str(i), "data": {"schemas": [USER], "userName": f"u{i}"}}
            for i in range(start, start + 400)
        ]
        body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
        answer = org.scim.post("/Bulk", body, expect=200)
        ids += [operation["location"].rsplit("/", 1)[1] for operation in answer["Operations"]]
    yield org.scim, ids
    org.scim.close()


def test_P_37_over_a_thousand_members_in_one_operation(many):
    scim, ids = many
    group = scim.new_group()
    value = [{"value": user} for user in ids]
    scim.patch(path_of(group), {"op": "add", "path": "members", "value": value}, expect=204)
    assert {m["value"] for m in scim.get(path_of(group), expect=200)["members"]} == set(ids)
    again = scim.patch(path_of(group), {"op": "add", "path": "members", "value": value}, expect=204)
    assert again.headers["etag"] == 'W/"2"', "all were there"
    scim.patch(path_of(group), {"op": "Remove", "path": "members", "value": value[:1100]}, expect=204)
    assert {m["value"] for m in scim.get(path_of(group), expect=200)["members"]} == set(ids[1100:])
    scim.patch(path_of(group), {"op": "replace", "path": "members", "value": value[:1150]}, expect=204)
    assert {m["value"] for m in scim.get(path_of(group), expect=200)["members"]} == set(ids[:1150])
    bad = value[:600] + [{"value": group["id"][:-4] + "0000"}] + value[600:]
    refused(scim, group, {"op": "replace", "path": "members", "value": bad}, scim_type="invalidValue")


def test_U_07_put_of_a_large_group_writes_the_difference(many):
    scim, ids = many
    group = scim.new_group(members=ids[:1000])
    wanted = ids[5:1005]
    body = {"schemas": [GROUP], "displayName": group["displayName"], "members": [{"value": user} for user in wanted]}
    answer = scim.put(path_of(group), body, expect=200)
    assert {m["value"] for m in answer["members"]} == set(wanted)
