"""Every route with every scope, and with every tenant's ids: a matrix that fails when a route is added without it."""

import itertools
import uuid

import pytest

from harness.routes import CATALOG, REFUSED, ROUTES, device, in_source
from harness.scim import Scim
from test_scim_tokens import mint

SCOPES = ("users:read", "users:write", "groups:read", "groups:write")
SETS = [scopes for count in range(1, len(SCOPES) + 1) for scopes in itertools.combinations(SCOPES, count)]
MARK = f"mark{uuid.uuid4().hex}"


class Tenant:
    def __init__(self, rollcall, mark):
        self.organization = rollcall.new_organization()
        self.organization.set_rules(catalog=CATALOG)
        self.scim = self.organization.scim
        self.mark = mark
        self.ids = self.fresh()

    def fresh(self):
        user = self.scim.new_user(f"{self.mark}-{uuid.uuid4()}@example.com", externalId=self.mark, title=self.mark)
        group = self.scim.new_group(f"{self.mark} {uuid.uuid4()}", [user["id"]], externalId=self.mark)
        thing = self.scim.post("/Devices", device(displayName=self.mark, externalId=self.mark), expect=201)
        return {"user": user["id"], "group": group["id"], "device": thing["id"]}

    def contents(self):
        lists = [self.scim.get(f"{path}?count=1000", expect=200).json for path in ("/Users", "/Groups", "/Devices")]
        return [sorted(page["Resources"], key=lambda resource: resource["id"]) for page in lists]


@pytest.fixture(scope="module")
def tenants(shared_rollcall):
    shared_rollcall.ensure_running()
    return Tenant(shared_rollcall, "ours"), Tenant(shared_rollcall, MARK)


@pytest.fixture(scope="module")
def tokens(tenants):
    """A client for each set of scopes."""
    organization = tenants[0].organization
    return {scopes: Scim(organization.connector_url, mint(organization, scopes=list(scopes))["token"]) for scopes in SETS}


def test_SEC_02_the_matrix_has_every_route_of_the_server():
    assert {(route.method, route.pattern) for route in ROUTES} | REFUSED == in_source()


def ask(client, route, ids, **options):
    return client.request(route.method, route.path(**ids), json=route.body(), **options)


@pytest.mark.parametrize("route", ROUTES, ids=repr)
def test_SEC_02_O_23_F_24_a_token_may_do_what_its_scopes_say_and_nothing_else(tenants, tokens, route):
    ours, _ = tenants
    for scopes, client in tokens.items():
        permitted = route.permits(scopes)
        before = None if permitted else ours.contents()
        answer = ask(client, route, ours.fresh() if permitted else ours.ids)
        assert (answer.status != 403) == permitted, f"{scopes}: {answer}"
        if permitted:
            assert answer.status in (200, 201, 204, 404, 501), answer  # 404: a schema without a name, 501: no user
        else:
            assert ours.contents() == before, "refused, and done all the same"
            assert answer.headers["www-authenticate"] == 'Bearer realm="scim", error="insufficient_scope"'


@pytest.mark.parametrize("route", ROUTES, ids=repr)
def test_SEC_01_SEC_02_without_a_token_only_discovery_is_answered(tenants, route):
    ours, _ = tenants
    answer = ask(ours.scim, route, ours.ids, authorization="")
    assert (answer.status != 401) == (route.scopes is None)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.names_resource], ids=repr)
def test_MT_02_E_06_every_route_answers_anothers_id_as_an_unknown_one(tenants, route):
    ours, theirs = tenants
    before, unknown = theirs.contents(), str(uuid.uuid4())
    foreign = ask(ours.scim, route, theirs.ids)
    missing = ask(ours.scim, route, dict.fromkeys(theirs.ids, unknown))
    assert foreign.status == missing.status == 404
    assert foreign.body == missing.body
    assert theirs.contents() == before


@pytest.mark.parametrize("route", [route for route in ROUTES if route.scopes is not None], ids=repr)
def test_MT_01_MT_02_every_route_refuses_the_token_of_another_organization(tenants, route):
    ours, theirs = tenants
    before = theirs.contents()
    intruder = Scim(theirs.organization.connector_url, ours.organization.token)
    answer = ask(intruder, route, theirs.ids)
    stranger = ask(intruder, route, theirs.ids, authorization="Bearer nonsense")
    assert answer.status == stranger.status == 401
    assert answer.body == stranger.body and answer.headers["www-authenticate"] == stranger.headers["www-authenticate"]
    assert theirs.contents() == before


@pytest.mark.parametrize("route", ROUTES, ids=repr)
def test_MT_02_no_route_shows_anything_of_another_tenant(tenants, route):
    ours, _ = tenants
    assert MARK.encode() not in ask(ours.scim, route, ours.fresh()).body


@pytest.mark.parametrize("scope, mine, others", [("users:read", "User", "Group"), ("groups:read", "Group", "User")])
def test_SEC_02_F_24_R_09_a_query_of_all_types_shows_those_that_the_token_may_read(tenants, tokens, scope, mine, others):
    """Whatever it asks for: a filter, a count, a name of the other type."""
    ours, _ = tenants
    client = tokens[(scope,)]
    queries = ["", "?count=0", "?filter=id%20pr", f"?filter=displayName%20co%20%22{ours.mark}%22", "?sortBy=id", "?cursor="]
    for query in queries:
        answer = client.get(query, expect=200)
        types = {resource["meta"]["resourceType"] for resource in answer["Resources"]}
        assert types <= {mine}, f"{query}: {types}"
        assert answer["totalResults"] <= client.get(f"/{mine}s?count=0", expect=200)["totalResults"], query
    found = client.get(f'?filter=id%20eq%20%22{ours.ids[others.lower()]}%22', expect=200)
    assert found["totalResults"] == 0 and found["Resources"] == []


def test_MT_02_CU_08_SEC_02_a_cursor_is_good_for_its_own_token_and_tenant_alone(tenants, tokens):
    ours, theirs = tenants
    ours.fresh()
    for path in ("", "/Users", "/Groups"):
        cursor = ours.scim.get(f"{path}?cursor=&count=1", expect=200)["nextCursor"]
        ours.scim.get(f"{path}?cursor={cursor}&count=1", expect=200)
        for other in (theirs.scim, tokens[("users:read", "groups:read")]):
            answer = other.get(f"{path}?cursor={cursor}&count=1", expect=400)
            assert answer["scimType"] == "invalidCursor"


def test_MT_02_own_types_are_looked_up_in_the_own_directory(tenants, rollcall):
    """A tenant that has no devices has no such endpoint, whatever others have."""
    ours, theirs = tenants
    plain = rollcall.new_organization()
    plain.scim.get("/Devices", expect=404)
    plain.scim.get(f"/Devices/{theirs.ids['device']}", expect=404)
    assert "Device" not in [resource["name"] for resource in plain.scim.get("/ResourceTypes", expect=200)["Resources"]]


def test_MT_02_a_value_that_another_tenant_has_taken_is_free(tenants):
    ours, theirs = tenants
    names = {"/Users": ("userName", "user"), "/Groups": ("displayName", "group"), "/Devices": ("serial", "device")}
    for path, (attribute, kind) in names.items():
        taken = theirs.scim.get(f"{path}/{theirs.ids[kind]}", expect=200)
        twin = {"schemas": taken["schemas"], attribute: taken[attribute]}
        theirs.scim.post(path, twin, expect=409)
        made = ours.scim.post(path, twin, expect=201)
        assert made["id"] != taken["id"]
        ours.scim.delete(f"{path}/{made['id']}", expect=204)


def test_MT_02_SEC_02_an_operation_of_a_bulk_request_is_checked_like_any_other(tenants, tokens):
    ours, theirs = tenants
    before = theirs.contents()
    operations = [
        {"method": "DELETE", "path": f"/Users/{theirs.ids['user']}"},
        {"method": "DELETE", "path": f"/Groups/{theirs.ids['group']}"},
        {"method": "DELETE", "path": f"/Devices/{theirs.ids['device']}"},
        {"method": "DELETE", "path": f"/../../{theirs.organization.id}/scim/v2/Users/{theirs.ids['user']}"},
        {"method": "DELETE", "path": f"/orgs/{theirs.organization.id}/scim/v2/Users/{theirs.ids['user']}"},
        {"method": "DELETE", "path": f"{theirs.organization.connector_url}/Users/{theirs.ids['user']}"},
    ]
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
    results = ours.scim.post("/Bulk", message, expect=200)["Operations"]
    assert all(result["status"] in ("400", "404") for result in results), results
    assert theirs.contents() == before
    mine = {"method": "DELETE", "path": f"/Users/{ours.ids['user']}"}
    reader = tokens[("users:read", "groups:read")]
    [result] = reader.post("/Bulk", {**message, "Operations": [mine]}, expect=200)["Operations"]
    assert result["status"] == "403" and result["response"]["status"] == "403"
    ours.scim.get(f"/Users/{ours.ids['user']}", expect=200)


def test_MT_03_MT_04_ids_are_random_and_say_nothing_of_the_same_person_elsewhere(tenants):
    ours, theirs = tenants
    pairs = [(ours.scim.new_user(name)["id"], theirs.scim.new_user(name)["id"]) for name in map(str, range(5))]
    for ours_id, theirs_id in pairs:
        assert uuid.UUID(ours_id).version == uuid.UUID(theirs_id).version == 7
        assert ours_id[19:] != theirs_id[19:], "the random part"
    flat = [identifier for pair in pairs for identifier in pair]
    assert len(set(flat)) == len(flat)
