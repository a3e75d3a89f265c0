"""What a client can learn about the service: ServiceProviderConfig, ResourceTypes, Schemas."""

import pytest

from harness.scim import ENTERPRISE, GROUP, USER


def test_D_01_D_04_service_provider_config_has_its_shape(scim):
    config = scim.get("/ServiceProviderConfig", expect=200)
    assert config["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]
    assert config["patch"]["supported"] is True and config["filter"]["supported"] is True
    assert config["etag"]["supported"] is True and config["changePassword"]["supported"] is False
    assert config["meta"]["resourceType"] == "ServiceProviderConfig"
    for scheme in config["authenticationSchemes"]:
        assert scheme["type"] in ("oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest")
        assert scheme["name"] and scheme["description"]
    assert sum(scheme.get("primary", False) for scheme in config["authenticationSchemes"]) <= 1


def test_D_08_D_11_D_12_D_14_resource_types_name_their_schemas(scim):
    types = scim.get("/ResourceTypes", expect=200)["Resources"]
    schemas = {schema["id"] for schema in scim.get("/Schemas", expect=200)["Resources"]}
    for kind in types:
        assert kind["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"]
        assert kind["id"] == kind["name"] and kind["endpoint"].startswith("/")
        assert kind["schema"] in schemas
        assert kind["meta"]["resourceType"] == "ResourceType"
        for extension in kind.get("schemaExtensions", []):
            assert extension["schema"] in schemas and extension["required"] is False
        assert scim.get(f"/ResourceTypes/{kind['name']}", expect=200).json == kind
    assert {(kind["name"], kind["endpoint"], kind["schema"]) for kind in types} >= {
        ("User", "/Users", USER),
        ("Group", "/Groups", GROUP),
    }


def test_D_14_D_16_D_17_schemas_have_only_legal_keywords_and_no_nulls(scim):
    answer = scim.get("/Schemas", expect=200)
    assert b"null" not in answer.body and b"[]" not in answer.body
    for schema in answer["Resources"]:
        assert ":api:" not in schema["id"]
        assert schema["meta"]["resourceType"] == "Schema" and schema["meta"]["location"].endswith(schema["id"])
        for attribute in schema["attributes"]:
            # RFC 7643 section 8.7.2 describes a schema's own sub-attributes one level deeper than any other's.
            check_attribute(attribute, levels=2 if schema["id"].endswith(":Schema") else 1)


def check_attribute(attribute, levels):
    assert attribute["type"] in (
        "string", "boolean", "decimal", "integer", "dateTime", "binary", "reference", "complex",
    )  # fmt: skip
    assert attribute["mutability"] in ("readOnly", "readWrite", "immutable", "writeOnly")
    assert attribute["returned"] in ("always", "never", "default", "request")
    if attribute["type"] == "complex":
        assert levels > 0 and "caseExact" not in attribute and "uniqueness" not in attribute
        for sub in attribute["subAttributes"]:
            check_attribute(sub, levels - 1)
    if attribute["type"] != "reference":
        assert "referenceTypes" not in attribute


@pytest.mark.parametrize("urn", [USER, GROUP, ENTERPRISE])
def test_D_08_D_15_a_schema_is_found_in_any_spelling_of_its_urn(scim, urn):
    for spelling in (urn, urn.replace(":", "%3A"), urn.lower()):
        assert scim.get(f"/Schemas/{spelling}", expect=200)["id"] == urn


def test_D_09_D_10_lists_ignore_paging_and_refuse_filters(scim):
    for path in ("/Schemas", "/ResourceTypes"):
        whole = scim.get(path, expect=200)
        assert scim.get(f"{path}?count=1&startIndex=2", expect=200).json == whole.json
        scim.get(f"{path}?filter=name%20pr", expect=403)


def test_D_15_unknown_names_are_404(scim):
    for path in ("/Schemas/urn:example:nothing", "/ResourceTypes/Nothing", "/Nothing"):
        scim.get(path, expect=404)


def test_D_05_discovery_is_open_but_a_bad_token_is_not_ignored(org):
    for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/ResourceTypes/User", f"/Schemas/{USER}"):
        anonymous = org.scim.get(path, authorization="", expect=200)
        assert anonymous.json == org.scim.get(path, expect=200).json
        org.scim.get(path, authorization="Bearer nonsense", expect=401)


def test_D_18_an_unchanged_document_is_not_sent_twice(scim):
    for path in ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes"):
        tag = scim.get(path, expect=200).headers["etag"]
        if tag:
            scim.get(path, headers=[("If-None-Match", tag)], expect=304)
