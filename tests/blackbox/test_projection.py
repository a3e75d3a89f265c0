"""attributes and excludedAttributes (section Q), on every operation that shows a resource."""

import pytest

from harness.scim import ENTERPRISE, USER, patch_of

ADA = {
    "schemas": [USER, ENTERPRISE],
    "userName": "ada@example.com",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "title": "Countess",
    "emails": [{"value": "ada@example.com", "type": "work"}, {"value": "ada@home.example", "type": "home"}],
    ENTERPRISE: {"department": "Mathematics", "costCenter": "c"},
}
BADGE = "urn:example:params:scim:schemas:extension:Badge"


@pytest.fixture
def ada(scim):
    return scim.post("/Users", ADA, expect=201)


def shown(scim, ada, query):
    """What each operation shows with this query: it must be the same."""
    path = f"/Users/{ada['id']}"
    read = scim.get(f"{path}?{query}", expect=200).json
    same = [
        scim.put(f"{path}?{query}", ADA, expect=200).json,
        scim.request("PATCH", f"{path}?{query}", json=patch_of({"op": "replace", "path": "title", "value": "Countess"}), expect=200).json,
        *scim.get(f"/Users?{query}", expect=200)["Resources"],
        *scim.find("/Users", 'userName eq "ada@example.com"', f"&{query}")["Resources"],
    ]
    for other in same:
        assert other == read, query
    return read


def names(resource):
    """What there is beside what is always there."""
    assert {"schemas", "id"} <= set(resource)
    return set(resource) - {"schemas", "id"}


def test_Q_01_attributes_and_excluded_attributes_work_on_every_operation(scim, ada):
    assert names(shown(scim, ada, "attributes=userName,title")) == {"userName", "title"}
    everything = names(ada.json)
    assert names(shown(scim, ada, "excludedAttributes=title,emails,meta")) == everything - {"title", "emails", "meta"}
    for query, wanted in (("attributes=userName", {"userName"}), ("excludedAttributes=meta,active", {"userName"})):
        body = {"schemas": [USER], "userName": f"{len(query)}@example.com"}
        assert names(scim.post(f"/Users?{query}", body, expect=201).json) == wanted


def test_Q_01_always_returned_attributes_are_never_excluded(scim, ada):
    left = shown(scim, ada, "excludedAttributes=id,schemas,userName")
    assert left["id"] == ada["id"] and USER in left["schemas"] and "userName" not in left


def test_Q_02_both_at_once_are_invalid_value(scim, ada):
    path = f"/Users/{ada['id']}"
    query = "attributes=userName&excludedAttributes=title"
    patch = patch_of({"op": "replace", "path": "title", "value": "x"})
    requests = [("GET", path, None), ("GET", "/Users", None), ("PUT", path, ADA), ("PATCH", path, patch)]
    requests.append(("POST", "/Users", {"schemas": [USER], "userName": "both"}))
    for method, target, body in requests:
        assert scim.request(method, f"{target}?{query}", json=body, expect=400)["scimType"] == "invalidValue"
    assert scim.get("/Users", expect=200)["Resources"] == [ada.json]


@pytest.mark.parametrize(
    "name, wanted",
    [
        ("title", {"title": "Countess"}),
        ("TITLE", {"title": "Countess"}),
        ("name.givenName", {"name": {"givenName": "Ada"}}),
        ("NAME.GIVENNAME", {"name": {"givenName": "Ada"}}),
        (f"{USER}:name.givenName", {"name": {"givenName": "Ada"}}),
        (f"{USER.upper()}:title", {"title": "Countess"}),
        (f"{ENTERPRISE}:department", {ENTERPRISE: {"department": "Mathematics"}}),
        (f"{ENTERPRISE.lower()}:DEPARTMENT", {ENTERPRISE: {"department": "Mathematics"}}),
        (" title , name.givenName ", {"title": "Countess", "name": {"givenName": "Ada"}}),
        ("emails.value", {"emails": [{"value": "ada@example.com"}, {"value": "ada@home.example"}]}),
    ],
)
def test_Q_03_names_are_plain_deep_or_qualified_in_any_case(scim, ada, name, wanted):
    read = shown(scim, ada, f"attributes={name.replace(' ', '%20')}")
    assert {key: value for key, value in read.items() if key not in ("schemas", "id")} == wanted


def test_Q_03_qualified_names_are_excluded_too(scim, ada):
    read = shown(scim, ada, f"excludedAttributes={ENTERPRISE}:department,{USER}:name.familyName,emails.type")
    assert read[ENTERPRISE] == {"costCenter": "c"} and read["name"] == {"givenName": "Ada"}
    assert read["emails"] == [{"value": "ada@example.com"}, {"value": "ada@home.example"}]


def test_Q_04_a_complex_attribute_is_shown_whole_and_a_sub_attribute_alone(scim, ada):
    assert shown(scim, ada, "attributes=name,emails")["name"] == ADA["name"]
    assert shown(scim, ada, "attributes=emails")["emails"] == ADA["emails"]
    assert shown(scim, ada, "attributes=name.familyName")["name"] == {"familyName": "Lovelace"}
    assert shown(scim, ada, "attributes=name.familyName,name")["name"] == ADA["name"]
    assert "name" not in shown(scim, ada, "attributes=name.middleName")
    assert shown(scim, ada, f"attributes={ENTERPRISE}:manager.displayName").get(ENTERPRISE) is None


def test_Q_05_id_and_schemas_are_always_there_and_meta_when_it_is_named(scim, ada):
    assert set(shown(scim, ada, "attributes=userName")) == {"schemas", "id", "userName"}
    assert set(shown(scim, ada, "attributes=meta")) == {"schemas", "id", "meta"}
    assert set(shown(scim, ada, "attributes=meta.version")["meta"]) == {"version"}
    assert "meta" in shown(scim, ada, "excludedAttributes=title")
    assert "meta" not in shown(scim, ada, "excludedAttributes=meta")


def test_Q_05_schemas_lists_what_has_data_in_this_representation(scim, ada):
    assert shown(scim, ada, "attributes=userName")["schemas"] == [USER]
    assert shown(scim, ada, f"attributes={ENTERPRISE}:department")["schemas"] == [USER, ENTERPRISE]
    assert shown(scim, ada, f"excludedAttributes={ENTERPRISE}")["schemas"] == [USER]
    assert shown(scim, ada, "excludedAttributes=userName")["schemas"] == [USER, ENTERPRISE]


def test_Q_06_unknown_names_are_ignored_a_urn_is_a_whole_extension_and_empty_is_absent(scim, ada):
    assert shown(scim, ada, "attributes=userName,nonsense,name.nonsense,urn:example:x:y") == shown(scim, ada, "attributes=userName")
    assert shown(scim, ada, "excludedAttributes=nonsense") == ada.json
    assert set(shown(scim, ada, "attributes=nonsense")) == {"schemas", "id"}
    assert shown(scim, ada, f"attributes={ENTERPRISE}")[ENTERPRISE] == ADA[ENTERPRISE]
    assert ENTERPRISE not in shown(scim, ada, f"excludedAttributes={ENTERPRISE}")
    for query in ("attributes=", "excludedAttributes=", "attributes=&excludedAttributes=title"):
        assert ("title" in shown(scim, ada, query)) == ("title" not in query)


def test_Q_07_what_is_never_returned_stays_hidden_and_what_is_on_request_comes_when_named(org, scim):
    attributes = [
        {"name": name, "type": "string", "description": "Something.", "returned": returned}
        for name, returned in (("hidden", "never"), ("asked", "request"), ("plain", "default"), ("sticky", "always"))
    ]
    schema = {"id": BADGE, "name": "Badge", "description": "A badge.", "attributes": attributes}
    types = [{"name": "User", "schemaExtensions": [{"schema": BADGE, "required": False}]}]
    org.set_rules(catalog={"schemas": [schema], "resource_types": types})
    values = {"hidden": "h", "asked": "a", "plain": "p", "sticky": "s"}
    user = scim.new_user(**{"schemas": [USER, BADGE], BADGE: values, "password": "never shown"})
    path = f"/Users/{user['id']}"

    def badge(query=""):
        read, listed = scim.get(path + query, expect=200), scim.get("/Users" + query, expect=200)["Resources"][0]
        assert listed == read.json and "password" not in read and b'"h"' not in read.body
        return read.get(BADGE)

    assert badge() == {"plain": "p", "sticky": "s"}
    assert badge(f"?attributes={BADGE}:asked,{BADGE}:hidden,password") == {"asked": "a", "sticky": "s"}
    assert badge("?attributes=userName") == {"sticky": "s"}
    assert badge(f"?excludedAttributes={BADGE}:plain,{BADGE}:sticky") == {"sticky": "s"}


def test_Q_08_projection_does_not_change_the_version(scim, ada):
    path = f"/Users/{ada['id']}"
    for query in ("attributes=userName", "excludedAttributes=emails", "attributes=meta.version"):
        read = scim.get(f"{path}?{query}", expect=200)
        assert read.headers["etag"] == ada.headers["etag"]
        assert read.get("meta", {}).get("version", ada.headers["etag"]) == ada.headers["etag"]
        put = scim.put(f"{path}?{query}", ADA, headers=[("If-Match", read.headers["etag"])], expect=200)
        assert put.headers["etag"] == ada.headers["etag"]
