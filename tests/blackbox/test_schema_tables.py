"""The schemas, row by row (section T): /Schemas against tests/vectors/scim/schemas.tsv, a table that the service does not
read. It is RFC 7643 section 8.7 with its errata."""

import csv
from pathlib import Path

import pytest

from harness.scim import ENTERPRISE, GROUP, USER, patch_of

TABLE = Path(__file__).resolve().parents[1] / "vectors" / "scim" / "schemas.tsv"
CORE = "urn:ietf:params:scim:schemas:core:2.0:"
BOOLEANS = ("multiValued", "required", "caseExact")
LISTS = ("canonicalValues", "referenceTypes")


def rows():
    with open(TABLE, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def expected(urn):
    return {row["path"]: characteristics_of_row(row) for row in rows() if row["schema"] == urn}


def characteristics_of_row(row):
    found = {}
    for name, text in row.items():
        if name in ("schema", "path") or not text:
            continue
        found[name] = text == "true" if name in BOOLEANS else text.split("|") if name in LISTS else text
    return found


def shown(attributes, prefix=""):
    """path -> characteristics, of what /Schemas shows."""
    found = {}
    for attribute in attributes:
        path = prefix + attribute["name"]
        assert attribute["description"]
        hidden = ("name", "description", "subAttributes")
        found[path] = {name: value for name, value in attribute.items() if name not in hidden}
        found.update(shown(attribute.get("subAttributes", []), f"{path}."))
    return found


def check_schema(scim, urn, name):
    schema = scim.get(f"/Schemas/{urn}", expect=200)
    assert schema["id"] == urn and schema["name"] == name and schema["description"]
    found, wanted = shown(schema["attributes"]), expected(urn)
    assert list(found) == list(wanted)
    for path in wanted:
        assert found[path] == wanted[path], path


def test_T_02_the_user_schema_row_by_row(scim):
    check_schema(scim, USER, "User")


def test_T_03_the_enterprise_schema_row_by_row(scim):
    check_schema(scim, ENTERPRISE, "EnterpriseUser")


def test_T_04_the_group_schema_row_by_row(scim):
    check_schema(scim, GROUP, "Group")


def test_T_05_the_service_provider_config_schema_row_by_row(scim):
    check_schema(scim, CORE + "ServiceProviderConfig", "ServiceProviderConfig")


def test_T_06_the_resource_type_schema_row_by_row(scim):
    check_schema(scim, CORE + "ResourceType", "ResourceType")


def test_T_07_the_schema_schema_row_by_row(scim):
    check_schema(scim, CORE + "Schema", "Schema")


@pytest.mark.parametrize("path", ["/ServiceProviderConfig", "/ResourceTypes/User", f"/Schemas/{USER}"])
def test_T_05_T_06_T_07_documents_hold_only_what_their_schema_has(scim, path):
    document = scim.get(path, expect=200).json
    allowed = expected(document["schemas"][0])

    def check(value, prefix):
        for name, part in value.items():
            here = prefix + name
            assert here in allowed or here == "attributes.subAttributes.subAttributes", here
            for entry in part if isinstance(part, list) else [part]:
                if isinstance(entry, dict):
                    check(entry, f"{here}.")
        for here, row in allowed.items():
            parent, _, name = here.rpartition(".")
            if row["required"] and parent == prefix.rstrip("."):
                assert name in value, here

    check({name: part for name, part in document.items() if name not in ("schemas", "meta")} | id_of(document, allowed), "")


def id_of(document, allowed):
    return {"id": document["id"]} if "id" in allowed and "id" in document else {}


# The common attributes stand in no schema: what their row says shows in how they behave.


def test_T_01_schemas_and_id_are_always_returned_and_meta_and_external_id_by_default(scim):
    assert {row["path"] for row in rows() if row["schema"] == "common" and row["returned"] == "always"} == {"schemas", "id"}
    user = scim.new_user(externalId="E-1")
    path = f"/Users/{user['id']}"
    assert set(scim.get(path, expect=200).json) >= {"schemas", "id", "externalId", "meta"}
    least = scim.get(f"{path}?excludedAttributes=schemas,id,externalId,meta", expect=200)
    assert {"schemas", "id"} <= set(least.json) and not {"externalId", "meta"} & set(least.json)
    assert set(scim.get(f"{path}?attributes=externalId", expect=200).json) == {"schemas", "id", "externalId"}
    assert set(scim.get(f"{path}?attributes=meta.created", expect=200)["meta"]) == {"created"}


def test_T_01_id_and_meta_are_read_only(scim):
    user = scim.new_user()
    path = f"/Users/{user['id']}"
    for attribute in ("id", "meta", "meta.resourceType", "meta.created", "meta.lastModified", "meta.location", "meta.version"):
        for operation in ({"op": "replace", "value": "x"}, {"op": "remove"}):
            refused = scim.request("PATCH", path, json=patch_of({"path": attribute, **operation}), expect=400)
            assert refused["scimType"] == "mutability", attribute
    body = {"schemas": [USER], "userName": user["userName"], "id": "x", "meta": {"created": "2001-01-01T00:00:00Z"}}
    assert scim.put(path, body, expect=200).json == user.json


def test_T_01_common_attributes_are_compared_as_their_case_says(scim):
    user = scim.new_user(externalId="CaseExact")

    def finds(filter):
        return scim.find("/Users", filter)["totalResults"]

    assert finds('externalId eq "CaseExact"') == 1 and finds('externalId eq "caseexact"') == 0
    assert finds(f'id eq "{user["id"]}"') == 1
    assert finds('meta.resourceType eq "User"') == 1 and finds('meta.resourceType eq "user"') == 0
    assert finds(f'meta.location eq "{user["meta"]["location"]}"') == 1
    assert finds(f'schemas eq "{USER.upper()}"') == 1


def test_T_01_meta_has_its_types(scim):
    meta = scim.new_user()["meta"]
    assert set(meta) == {row["path"][5:] for row in rows() if row["path"].startswith("meta.")}
    assert all(isinstance(value, str) and value for value in meta.values())
