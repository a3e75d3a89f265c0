"""No tenant learns of another's, whatever it sends: every route, with every kind of thing that belongs to another."""

import json
import uuid

import pytest

from harness.scim import ENTERPRISE, GROUP, USER, Scim

UNKNOWN = "01890000-0000-7000-8000-000000000000"
MARK = f"mark{uuid.uuid4().hex}"

COLLECTIONS = ("/Users", "/Groups")


class Tenant:
    def __init__(self, organization, mark):
        self.organization = organization
        self.scim = organization.scim
        self.mark = mark
        self.user = self.scim.new_user(
            f"{mark}@example.com", externalId=f"{mark}-ext", emails=[{"value": f"{mark}@work.example", "type": "work"}]
        )
        self.group = self.scim.new_group(f"{mark} group", [self.user["id"]], externalId=f"{mark}-ext")
        self.ids = {"/Users": self.user["id"], "/Groups": self.group["id"]}

    def contents(self):
        lists = [self.scim.get(f"{collection}?count=1000", expect=200).json for collection in COLLECTIONS]
        return lists + [self.scim.get(f"{path}/{identifier}", expect=200).json for path, identifier in self.ids.items()]


@pytest.fixture(scope="module")
def tenants(shared_rollcall):
    shared_rollcall.ensure_running()
    return Tenant(shared_rollcall.new_organization(), "ours"), Tenant(shared_rollcall.new_organization(), MARK)


@pytest.fixture
def ours(tenants):
    """We act; the other must stay as it was, and nothing of it may be in an answer."""
    mine, theirs = tenants
    before = theirs.contents()
    seen = []
    check = mine.scim.check

    def check_and_keep(method, answer):
        check(method, answer)
        seen.append(answer)

    mine.scim.check = check_and_keep
    yield mine
    mine.scim.check = check
    assert theirs.contents() == before
    for answer in seen:
        assert MARK.encode() not in answer.body, answer


@pytest.fixture
def theirs(tenants):
    return tenants[1]


def same_but_for_the_id(first, first_id, second, second_id):
    assert first.status == second.status
    assert first.body.replace(first_id.encode(), b"ID") == second.body.replace(second_id.encode(), b"ID")
    names = {name.lower() for name in first.headers} - {"x-request-id", "date"}
    for name in names:
        ours = first.headers[name].replace(first_id, "ID")
        assert ours == second.headers[name].replace(second_id, "ID"), name


def bodies(collection):
    whole = {"schemas": [USER if collection == "/Users" else GROUP], "userName": "x", "displayName": "x"}
    return {
        "GET": None,
        "HEAD": None,
        "PUT": whole,
        "PATCH": {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "value": {"displayName": "x"}}],
        },
        "DELETE": None,
    }


@pytest.mark.parametrize("collection", COLLECTIONS)
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("header", [None, ("If-Match", "*"), ("If-None-Match", "*"), ("If-Match", "theirs")])
def test_E_06_MT_02_another_tenants_id_in_the_path_is_an_unknown_id(ours, theirs, collection, method, header):
    headers = []
    if header is not None:
        name, value = header
        headers = [(name, value if value == "*" else theirs.user.headers["etag"])]
    body = bodies(collection)[method]
    identifier = theirs.ids[collection]
    foreign = ours.scim.request(method, f"{collection}/{identifier}", json=body, headers=headers)
    unknown = ours.scim.request(method, f"{collection}/{UNKNOWN}", json=body, headers=headers)
    assert foreign.status == 404
    same_but_for_the_id(foreign, identifier, unknown, UNKNOWN)


@pytest.mark.parametrize("query", ["", "?attributes=userName", "?filter=active+eq+true"])
def test_E_06_MT_02_a_query_on_another_tenants_id_is_an_unknown_id(ours, theirs, query):
    foreign = ours.scim.get(f"/Users/{theirs.user['id']}{query}")
    same_but_for_the_id(foreign, theirs.user["id"], ours.scim.get(f"/Users/{UNKNOWN}{query}"), UNKNOWN)


MEMBER_WRITES = {
    "POST": lambda scim, group, member: scim.post(
        "/Groups", {"schemas": [GROUP], "displayName": "new", "members": [{"value": member}]}
    ),
    "PUT": lambda scim, group, member: scim.put(
        f"/Groups/{group}", {"schemas": [GROUP], "displayName": "ours", "members": [{"value": member}]}
    ),
    "PATCH add": lambda scim, group, member: scim.patch(
        f"/Groups/{group}", {"op": "add", "path": "members", "value": [{"value": member}]}
    ),
    "PATCH replace": lambda scim, group, member: scim.patch(
        f"/Groups/{group}", {"op": "replace", "path": "members", "value": [{"value": member}]}
    ),
    "PATCH pathless": lambda scim, group, member: scim.patch(
        f"/Groups/{group}", {"op": "add", "value": {"members": [{"value": member, "type": "User"}]}}
    ),
    "PATCH remove": lambda scim, group, member: scim.patch(
        f"/Groups/{group}", {"op": "remove", "path": "members", "value": [{"value": member}]}
    ),
    "PATCH remove by path": lambda scim, group, member: scim.patch(
        f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{member}"]'}
    ),
}


@pytest.mark.parametrize("write", MEMBER_WRITES.values(), ids=MEMBER_WRITES.keys())
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_A_35_MT_02_another_tenants_id_as_a_member_is_an_unknown_member(ours, theirs, write, collection):
    group, members = ours.group["id"], ours.scim.members(ours.group["id"])
    identifier = theirs.ids[collection]
    foreign = write(ours.scim, group, identifier)
    unknown = write(ours.scim, group, UNKNOWN)
    same_but_for_the_id(foreign, identifier, unknown, UNKNOWN)
    assert ours.scim.members(group) == members


def test_A_38_MT_02_another_tenants_user_as_manager_is_a_word_like_any_other(ours, theirs):
    subordinate = ours.scim.new_user()

    def manager_of(identifier):
        value = {ENTERPRISE: {"manager": {"value": identifier}}}
        answer = ours.scim.patch(f"/Users/{subordinate['id']}", {"op": "replace", "value": value}, expect=200)
        return answer[ENTERPRISE]["manager"]

    def shape(manager, identifier):
        return json.dumps(manager, sort_keys=True).replace(identifier, "ID")

    foreign, unknown = manager_of(theirs.user["id"]), manager_of(UNKNOWN)
    assert shape(foreign, theirs.user["id"]) == shape(unknown, UNKNOWN)
    assert "displayName" not in foreign
    ours.scim.delete(f"/Users/{subordinate['id']}", expect=204)


FILTERS = [
    ("/Users", 'id eq "{user}"'),
    ("/Users", 'userName eq "{mark}@example.com"'),
    ("/Users", 'userName sw "{mark}"'),
    ("/Users", 'userName co "{mark}"'),
    ("/Users", 'externalId eq "{mark}-ext"'),
    ("/Users", 'emails[type eq "work"].value eq "{mark}@work.example"'),
    ("/Users", 'emails.value eq "{mark}@work.example"'),
    ("/Users", 'groups.value eq "{group}"'),
    ("/Users", 'meta.location co "{user}"'),
    ("/Users", 'userName eq "{mark}@example.com" or userName eq "nobody"'),
    ("/Groups", 'id eq "{group}"'),
    ("/Groups", 'displayName eq "{mark} group"'),
    ("/Groups", 'externalId eq "{mark}-ext"'),
    ("/Groups", 'members.value eq "{user}"'),
    ("/Groups", 'members eq "{user}"'),
    ("/Groups", 'members[value eq "{user}"]'),
]


@pytest.mark.parametrize("collection, filter", FILTERS)
def test_F_24_MT_02_filters_find_nothing_of_another_tenant(ours, theirs, collection, filter):
    wanted = filter.format(user=theirs.user["id"], group=theirs.group["id"], mark=theirs.mark)
    assert theirs.scim.find(collection, wanted)["totalResults"] == 1, "the filter finds it for its owner"
    assert ours.scim.find(collection, wanted)["totalResults"] == 0


def test_MT_02_lists_and_counts_hold_our_own_alone(ours, theirs):
    for collection in COLLECTIONS:
        whole = ours.scim.get(f"{collection}?count=1000", expect=200)
        assert theirs.ids[collection] not in [resource["id"] for resource in whole["Resources"]]


def test_MT_02_MT_03_both_tenants_may_use_the_same_names(ours, theirs):
    twin = ours.scim.new_user(theirs.user["userName"].replace(MARK, "twin"))
    assert twin["id"] != theirs.user["id"]
    other = theirs.scim.new_user(twin["userName"])
    theirs.scim.delete(f"/Users/{other['id']}", expect=204)
    ours.scim.delete(f"/Users/{twin['id']}", expect=204)


ROUTES = [
    ("GET", "/Users"),
    ("POST", "/Users"),
    ("GET", "/Users/{user}"),
    ("HEAD", "/Users/{user}"),
    ("PUT", "/Users/{user}"),
    ("PATCH", "/Users/{user}"),
    ("DELETE", "/Users/{user}"),
    ("GET", "/Groups"),
    ("POST", "/Groups"),
    ("GET", "/Groups/{group}"),
    ("PUT", "/Groups/{group}"),
    ("PATCH", "/Groups/{group}"),
    ("DELETE", "/Groups/{group}"),
    ("GET", "/ServiceProviderConfig"),
    ("GET", "/ResourceTypes"),
    ("GET", "/Schemas"),
]


@pytest.mark.parametrize("method, pattern", ROUTES)
def test_MT_01_our_token_under_another_organizations_url_is_an_unknown_token(tenants, method, pattern):
    mine, other = tenants
    path = pattern.format(user=other.user["id"], group=other.group["id"])
    body = bodies("/Users").get(method) or ({"schemas": [USER], "userName": "x"} if method == "POST" else None)
    before = other.contents()

    def knock(url, token):
        return Scim(url, token).request(method, path, json=body)

    ours_there = knock(other.organization.connector_url, mine.organization.token)
    unknown_url = knock(elsewhere(other.organization.connector_url), mine.organization.token)
    mangled = knock(other.organization.connector_url, mine.organization.token[:-1] + "0")
    assert ours_there.status == 401
    for other_refusal in (unknown_url, mangled):
        same_but_for_the_id(ours_there, "-", other_refusal, "-")
    assert other.contents() == before


def elsewhere(connector_url):
    """The URL of an organization that does not exist."""
    head, _, tail = connector_url.partition("/orgs/org-")
    identifier, _, rest = tail.partition("/")
    return f"{head}/orgs/org-{identifier[:-1]}{'0' if identifier[-1] != '0' else '1'}/{rest}"


def test_AD_01_keys_of_the_admin_api_are_no_tokens_and_the_other_way_round(rollcall, ours, theirs):
    for key in (rollcall.admin.key, rollcall.operator.key):
        ours.scim.get("/Users", authorization=f"Bearer {key}", expect=401)
    rollcall.admin.with_key(theirs.organization.token).get("/v1/organizations", expect=401)
