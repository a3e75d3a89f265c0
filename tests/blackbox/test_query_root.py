"""Queries at the root: every type of the directory at once (RFC 7644 section 3.4.2.1)."""

import pytest
from harness.walk import all_ids, back, by_cursor, by_index, ids, query, search
from test_query_search import CATALOG, DEVICE


@pytest.fixture(scope="module")
def mixed(shared_rollcall):
    org = shared_rollcall.new_organization()
    org.set_rules(catalog=CATALOG)
    scim = org.scim
    made = []
    for number in range(8):
        made.append(scim.new_group(f"A{number}", externalId=f"g{number}"))
        made.append(scim.new_user(f"u{number}", displayName=f"{'AB'[number % 2]}{number}", title="t"))
        made.append(scim.post("/Devices", {"schemas": [DEVICE], "serial": f"s{number}", "weight": number}, expect=201))
    yield scim, [resource.json for resource in made]
    scim.close()


def of(resources, *types):
    return [r["id"] for kind in types for r in resources if r["meta"]["resourceType"] == kind]


ORDER = ("User", "Group", "Device")


def test_R_09_the_root_lists_every_resource_of_every_type(mixed):
    scim, resources = mixed
    page = query(scim, "/")
    assert page["totalResults"] == 24 and ids(page) == of(resources, *ORDER)
    for resource in page["Resources"]:
        assert resource == scim.get(resource["meta"]["location"].split("/scim/v2")[1], expect=200).json


@pytest.mark.parametrize("count", [1, 5, 8, 100])
def test_R_10_R_12_the_root_is_paged_in_one_order(mixed, count):
    scim, resources = mixed
    wanted = of(resources, *ORDER)
    assert all_ids(by_index(scim, "/", count)) == wanted
    pages = by_cursor(scim, "/", count)
    assert all_ids(pages) == wanted and ["nextCursor" in page.json for page in pages].count(False) == 1
    returned = back(scim, "/", count, pages[-1])
    assert [ids(page) for page in returned] == [ids(page) for page in pages[-2::-1]]


@pytest.mark.parametrize(
    "filter, types",
    [
        ('meta.resourceType eq "User"', ("User",)),
        ("meta.resourceType eq User", ("User",)),
        ('meta.resourceType eq "Device" or meta.resourceType eq "Group"', ("Group", "Device")),
        ('not (meta.resourceType eq "Group")', ("User", "Device")),
        ('meta.resourceType ne "User" and meta.resourceType ne "Device"', ("Group",)),
        ('meta.resourceType eq "Nothing"', ()),
        ("meta.resourceType pr", ORDER),
        ('title eq "t"', ("User",)),
        ("weight ge 0", ("Device",)),
        ('not (title eq "t")', ("Group", "Device")),
        ("userName pr or serial pr", ("User", "Device")),
    ],
)
def test_R_09_a_filter_sees_what_each_type_has(mixed, filter, types):
    scim, resources = mixed
    wanted = of(resources, *types)
    assert ids(query(scim, "/", filter=filter)) == wanted
    assert ids(search(scim, "", filter=filter)) == wanted
    pages = by_cursor(scim, "/", 5, filter=filter)
    assert all_ids(pages) == wanted
    assert {page["totalResults"] for page in pages} == {len(wanted)}
    returned = back(scim, "/", 5, pages[-1], filter=filter)
    assert [ids(page) for page in returned] == [ids(page) for page in pages[-2::-1]]


def test_R_09_one_filter_finds_several_types(mixed):
    scim, resources = mixed
    found = query(scim, "/", filter='displayName sw "A"')["Resources"]
    assert {r["meta"]["resourceType"] for r in found} == {"User", "Group"}
    assert len(found) == 12 and all(r["displayName"].startswith("A") for r in found)


@pytest.mark.parametrize("by", ["displayName", "userName", "externalId", "id", "meta.created", "serial", "weight"])
@pytest.mark.parametrize("order", ["ascending", "descending"])
def test_S_05_the_types_are_merged_in_one_order(mixed, by, order):
    scim, resources = mixed

    def place(resource):
        key = resource["meta"]["created"] if by == "meta.created" else resource.get(by)
        key = key.lower() if isinstance(key, str) and by != "externalId" else key
        return (key is None, 0 if key is None else key, resource["id"])

    wanted = [r["id"] for r in sorted(resources, key=place, reverse=order == "descending")]
    parameters = {"sortBy": by, "sortOrder": order}
    assert ids(query(scim, "/", **parameters)) == wanted
    assert all_ids(by_index(scim, "/", 7, **parameters)) == wanted
    pages = by_cursor(scim, "/", 7, **parameters)
    assert all_ids(pages) == wanted
    returned = back(scim, "/", 7, pages[-1], **parameters)
    assert [ids(page) for page in returned] == [ids(page) for page in pages[-2::-1]]


def test_F_04_at_the_root_an_attribute_is_unknown_when_no_type_has_it(org):
    org.set_rules(policy={"unknown_attributes": "reject"})
    user, group = org.scim.new_user("a"), org.scim.new_group("g")
    assert ids(query(org.scim, "/", filter='userName eq "a"')) == [user["id"]]
    assert ids(query(org.scim, "/", filter="members.value pr")) == []
    assert ids(query(org.scim, "/", filter="not (userName pr)")) == [group["id"]]
    for path in ("/", "/Users"):
        assert org.scim.get(f"{path}?filter=shoeSize%20pr", expect=400)["scimType"] == "invalidFilter"
    assert org.scim.get("/Groups?filter=userName%20pr", expect=400)["scimType"] == "invalidFilter"
    assert org.scim.get("/?sortBy=shoeSize", expect=400)["scimType"] == "invalidValue"


@pytest.mark.parametrize(
    "scopes, types", [(1, {"User"}), (4, {"Group"}), (5, {"User", "Group", "Device"}), (2, None), (8, None)]
)
def test_F_24_the_root_shows_what_the_token_may_read(rollcall, org, scopes, types):
    org.set_rules(catalog=CATALOG)
    user = org.scim.new_user("a", displayName="same")
    org.scim.new_group("same", [user["id"]])
    org.scim.post("/Devices", {"schemas": [DEVICE], "serial": "same"}, expect=201)
    directory = rollcall.id_bytes(org.directory_id)
    rollcall.database.execute("UPDATE scim_token SET scopes = %s WHERE directory_id = %s", scopes, directory)
    for parameters in ({}, {"filter": "id pr"}, {"filter": 'displayName eq "same"'}, {"sortBy": "displayName"}):
        for cursor in ({}, {"cursor": ""}):
            if types is None:
                org.scim.post("/.search", {"schemas": ["x"]}, expect=403)
                org.scim.get("/", expect=403)
                continue
            page = query(org.scim, "/", **parameters, **cursor)
            wanted = types - {"Device"} if parameters.get("filter", "").startswith("display") else types
            assert {r["meta"]["resourceType"] for r in page["Resources"]} == wanted
            assert page["totalResults"] == len(wanted)


def test_R_02_R_04_an_empty_directory_answers_an_empty_list(org):
    for path in ("/", "/Users", "/Groups"):
        for parameters in ({}, {"filter": "id pr"}, {"sortBy": "id"}, {"sortBy": "displayName"}, {"sortBy": "meta.created"}):
            page = query(org.scim, path, **parameters)
            assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (0, 1, 0)
            assert page["Resources"] == []
            walk = query(org.scim, path, cursor="", **parameters)
            assert walk["totalResults"] == 0 and "nextCursor" not in walk.json
        assert search(org.scim, path.rstrip("/"))["Resources"] == []


def test_MT_02_nothing_of_another_tenant_is_found(rollcall, org, mixed):
    mine = org.scim.new_user("mine")["id"]
    for parameters in ({}, {"filter": "id pr"}, {"sortBy": "displayName"}, {"sortBy": "title"}):
        assert ids(query(org.scim, "/", **parameters)) == [mine]


def test_Q_01_projection_at_the_root(mixed):
    scim, _ = mixed
    for resource in query(scim, "/", attributes="displayName,userName")["Resources"]:
        assert set(resource) <= {"schemas", "id", "displayName", "userName"}
    for resource in search(scim, "", excludedAttributes=["meta", "members", "groups"])["Resources"]:
        assert "meta" not in resource and "id" in resource


def test_H_10_H_20_the_root_is_read_only(scim):
    assert scim.get("?count=1", expect=200)["Resources"] == []
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = scim.request(method, "/", body=b"{}")
        assert answer.status == 405 and "GET" in answer.headers["allow"]
