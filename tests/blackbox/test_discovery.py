"""Discovery (section D): what the service says of itself, and that it is true."""

import re
from urllib.parse import quote

import pytest

from harness.scim import ENTERPRISE, GROUP, LIST, USER

PATHS = ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas")
CORE = "urn:ietf:params:scim:schemas:core:2.0:"
UNKNOWN_ORGANIZATION = "org-01m87afwafev1s4qvr8mqw4f8r"


@pytest.fixture
def config(scim):
    return scim.get("/ServiceProviderConfig", expect=200)


def test_D_01_the_config_is_one_object_of_its_schema(config):
    assert config["schemas"] == [CORE + "ServiceProviderConfig"]
    assert "Resources" not in config and "totalResults" not in config
    assert config["meta"]["resourceType"] == "ServiceProviderConfig"


def test_D_02_the_config_has_every_required_member_in_its_type(config):
    for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag"):
        assert type(config[name]["supported"]) is bool, name
    for name, member in (("bulk", "maxOperations"), ("bulk", "maxPayloadSize"), ("filter", "maxResults")):
        assert type(config[name][member]) is int and config[name][member] >= 0, member
    assert config["authenticationSchemes"]
    for scheme in config["authenticationSchemes"]:
        assert all(isinstance(scheme[name], str) and scheme[name] for name in ("type", "name", "description"))
        assert type(scheme.get("primary", False)) is bool


def test_D_03_the_most_results_are_what_a_page_holds(org, config):
    server = org.rollcall.another_server("--max-page", "7", "--default-page", "3")
    small = org.client(server=server)
    for number in range(9):
        small.new_user(f"u{number}")
    said = small.get("/ServiceProviderConfig", expect=200)
    assert said["filter"]["maxResults"] == 7
    for query in ("count=8", "count=1000000", f"count=8&filter={quote('userName pr')}"):
        page = small.get(f"/Users?{query}", expect=200)
        assert page["itemsPerPage"] == 7 and page["totalResults"] == 9
    assert small.get("/Users", expect=200)["itemsPerPage"] == said["pagination"]["defaultPageSize"] == 3
    assert said["pagination"]["maxPageSize"] == 7
    server.stop()


def test_D_03_what_is_supported_works_and_the_rest_is_refused(scim, config):
    user = scim.new_user("ada@example.com", title="Countess")
    other = scim.new_user("zoe@example.com")
    path = f"/Users/{user['id']}"
    assert config["patch"]["supported"] is True
    assert scim.patch(path, {"op": "replace", "path": "title", "value": "Lady"}, expect=200)["title"] == "Lady"
    assert config["filter"]["supported"] is True
    assert scim.find("/Users", 'title eq "Lady"')["totalResults"] == 1
    assert config["etag"]["supported"] is True
    scim.get(path, headers=[("If-None-Match", scim.get(path).headers["etag"])], expect=304)
    assert config["sort"]["supported"] is True
    backwards = scim.get("/Users?sortBy=userName&sortOrder=descending", expect=200)["Resources"]
    assert [found["id"] for found in backwards] == [other["id"], user["id"]]
    assert config["changePassword"]["supported"] is False


def test_D_03_bulk_takes_as_many_operations_and_bytes_as_advertised(scim, config):
    bulk = config["bulk"]
    assert bulk["supported"] is True

    def request(operations, **more):
        return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations, **more}

    delete = {"method": "DELETE", "path": "/Users/01890000-0000-7000-8000-000000000000"}
    most = scim.post("/Bulk", request([delete] * bulk["maxOperations"]), expect=200)
    assert len(most["Operations"]) == bulk["maxOperations"]
    refused = scim.post("/Bulk", request([delete] * (bulk["maxOperations"] + 1)), expect=413)
    assert str(bulk["maxOperations"]) in refused["detail"]
    padding = b'{"x":"' + b"x" * (bulk["maxPayloadSize"] - 8)
    assert scim.request("POST", "/Bulk", body=padding + b'"}', expect=400)["scimType"] == "invalidSyntax"
    refused = scim.request("POST", "/Bulk", body=padding + b'x"}', expect=413)
    assert str(bulk["maxPayloadSize"]) in refused["detail"]


def test_D_04_authentication_schemes_are_registered_and_the_token_of_the_first_works(config):
    types = [scheme["type"] for scheme in config["authenticationSchemes"]]
    assert types == ["oauthbearertoken"]
    assert sum(scheme.get("primary", False) for scheme in config["authenticationSchemes"]) <= 1


def test_D_05_open_discovery_tells_nothing_of_who_exists(org):
    other = org.client()
    other.base = org.scim.base.replace(org.id, UNKNOWN_ORGANIZATION)
    for path in (*PATHS, "/ResourceTypes/Group", f"/Schemas/{ENTERPRISE}"):
        here = org.scim.get(path, authorization="", expect=200)
        there = other.get(path, authorization="", expect=200)
        assert strip(there, UNKNOWN_ORGANIZATION) == strip(here, org.id)
        refused = other.get(path, authorization="Bearer wrong", expect=401)
        assert refused.body == org.scim.get(path, authorization="Bearer wrong", expect=401).body


def strip(answer, organization):
    """The body without what names the URL: the organization and the checksums over it."""
    return re.sub(rb'"version":"[^,}]*"', b"", answer.body).replace(organization.encode(), b"ORG")


def test_D_06_pagination_says_how_pages_are_walked(scim, config):
    for number in range(5):
        scim.new_user(f"u{number}")
    said = config["pagination"]
    assert said["index"] is True and said["defaultPaginationMethod"] == "index"
    for name in ("defaultPageSize", "maxPageSize"):
        assert type(said[name]) is int and said[name] > 0
    assert said["maxPageSize"] == config["filter"]["maxResults"]
    by_default = scim.get("/Users?count=2", expect=200)
    assert by_default["startIndex"] == 1 and "nextCursor" not in by_default
    assert said["cursor"] is True and said["cursorTimeout"] > 0
    assert scim.get("/Users?count=2&cursor=", expect=200)["nextCursor"]


def test_D_07_security_events_are_told_of_and_asynchronous_requests_are_not(config):
    said = config["securityEvents"]
    assert set(said) == {"asyncRequest", "eventUris"} and said["asyncRequest"] == "none"
    uris = {uri.removeprefix("urn:ietf:params:scim:event:") for uri in said["eventUris"]}
    assert {"feed:add", "feed:remove", "prov:delete", "prov:activate", "prov:deactivate"} <= uris
    assert {f"prov:{verb}:{form}" for verb in ("create", "patch", "put") for form in ("full", "notice")} <= uris
    assert len(said["eventUris"]) == 11


def test_H_22_single_documents_say_where_they_are(scim):
    for path in ("/ServiceProviderConfig", "/ResourceTypes/User", f"/Schemas/{USER}", f"/Schemas/{USER.lower()}"):
        document = scim.get(path, expect=200)
        assert document.headers["content-location"] == document["meta"]["location"]
    for path in ("/ResourceTypes", "/Schemas"):
        assert "content-location" not in scim.get(path, expect=200).headers


@pytest.mark.parametrize("path, ids", [("/ResourceTypes", ["User", "Group"]), ("/Schemas", None)])
def test_D_08_lists_hold_everything_and_an_id_one_object(scim, path, ids):
    whole = scim.get(path, expect=200)
    assert whole["schemas"] == [LIST] and whole["totalResults"] == whole["itemsPerPage"] == len(whole["Resources"])
    assert ids is None or [entry["id"] for entry in whole["Resources"]] == ids
    for entry in whole["Resources"]:
        one = scim.get(f"{path}/{entry['id']}", expect=200)
        assert one.json == entry and one["schemas"] != [LIST]


QUERIES = ["count=1", "startIndex=2", "count=0", "sortBy=name&sortOrder=descending", "count=x", "startIndex=-1", "cursor="]


@pytest.mark.parametrize("query", QUERIES)
def test_D_09_sorting_and_paging_are_ignored(scim, query):
    for path in (*PATHS, "/ResourceTypes/User", f"/Schemas/{USER}"):
        assert scim.get(f"{path}?{query}", expect=200).json == scim.get(path, expect=200).json


def test_D_10_a_filter_is_403_without_a_scim_type_on_lists_and_single_objects(scim):
    for path in (*PATHS, "/ResourceTypes/User", f"/Schemas/{USER}"):
        for filter in ("name pr", 'id eq "User"', "nonsense"):
            assert "scimType" not in scim.get(f"{path}?filter={quote(filter)}", expect=403)
            scim.get(f"{path}?filter={quote(filter)}", authorization="", expect=403)


def test_D_11_resource_types_lead_to_schemas_and_endpoints(scim):
    for kind in scim.get("/ResourceTypes", expect=200)["Resources"]:
        assert kind["id"] == kind["name"]
        assert scim.get(kind["endpoint"], expect=200)["schemas"] == [LIST]
        for urn in [kind["schema"], *(extension["schema"] for extension in kind.get("schemaExtensions", []))]:
            assert scim.get(f"/Schemas/{urn}", expect=200)["id"] == urn


def test_D_12_the_enterprise_extension_is_not_required(scim):
    extensions = scim.get("/ResourceTypes/User", expect=200)["schemaExtensions"]
    assert {"schema": ENTERPRISE, "required": False} in extensions
    assert scim.new_user()["schemas"] == [USER]


def test_D_13_every_schema_of_a_resource_is_listed_and_no_message(scim):
    listed = [schema["id"] for schema in scim.get("/Schemas", expect=200)["Resources"]]
    core = [CORE + name for name in ("ServiceProviderConfig", "ResourceType", "Schema")]
    assert sorted(listed) == sorted([USER, GROUP, ENTERPRISE, *core])
    for message in ("ListResponse", "Error", "PatchOp", "SearchRequest", "BulkRequest", "BulkResponse"):
        scim.get(f"/Schemas/urn:ietf:params:scim:api:messages:2.0:{message}", expect=404)


def test_D_14_every_entry_has_schemas_and_meta(scim):
    for path, kind in (("/ResourceTypes", "ResourceType"), ("/Schemas", "Schema")):
        for entry in scim.get(path, expect=200)["Resources"]:
            assert entry["schemas"] == [CORE + kind] and entry["meta"]["resourceType"] == kind
            location = entry["meta"]["location"]
            assert location.startswith(scim.connector_url + path + "/")
            assert scim.get(location.removeprefix(scim.connector_url), expect=200).json == entry


def test_D_15_a_schema_is_found_encoded_and_in_any_case_and_nothing_else_is(scim):
    for urn in (USER, GROUP, ENTERPRISE):
        for spelling in (urn, quote(urn, safe=""), quote(urn, safe="").lower(), urn.upper(), urn.lower()):
            assert scim.get(f"/Schemas/{spelling}", expect=200)["id"] == urn
    for unknown in (USER + "x", USER[:-1], "User", "%20", "urn"):
        scim.get(f"/Schemas/{unknown}", expect=404)


def test_D_18_documents_have_a_stable_version(scim):
    for path in (*PATHS, "/ResourceTypes/User", f"/Schemas/{USER}"):
        first = scim.get(path, expect=200)
        tag = first.headers["etag"]
        assert scim.get(path, expect=200).headers["etag"] == tag
        for spelling in (tag, "*", f'"other", {tag}'):
            scim.get(path, headers=[("If-None-Match", spelling)], expect=304)
            scim.get(path, headers=[("If-None-Match", spelling)], authorization="", expect=304)
        scim.get(path, headers=[("If-None-Match", 'W/"other"')], expect=200)
        if "meta" in first:
            assert first["meta"]["version"] == tag
