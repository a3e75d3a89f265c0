"""GET /v1/users: in which organizations a person is."""

import pytest

from harness.openapi import CheckedAdmin
from harness.scim import Scim


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
    yield client
    client.wire.close()


def test_a_person_is_found_in_every_organization(rollcall, admin):
    organizations = [rollcall.new_organization(admin) for _ in range(3)]
    ada = [
        organization.scim.new_user("Ada", externalId="00u1", emails=[{"value": "ada@X.example"}, {"value": "b@x.example"}])
        for organization in organizations[:2]
    ]
    organizations[2].scim.new_user("bob", emails=[{"value": "bob@x.example"}])
    second = admin.post(f"/v1/organizations/{organizations[2].id}/directories", {"name": "Second"}, expect=201)["id"]
    token = admin.post(f"/v1/directories/{second}/tokens", {"label": "x"}, expect=201)["token"]
    ada.append(Scim(organizations[2].connector_url, token).new_user("ADA", externalId="00u1", emails=[{"value": "ada@x.example"}]))

    for query in ("email=ADA@x.example", "user_name=ada", "external_id=00u1"):
        found = admin.get(f"/v1/users?{query}", expect=200)
        assert found["next_cursor"] is None
        assert [user["id"] for user in found["users"]] == [user["id"] for user in ada]
        assert [user["organization_id"] for user in found["users"]] == [organization.id for organization in organizations]
        assert [user["primary"] for user in found["users"]] == [True, True, False]
        assert found["users"][2]["directory_id"] == second
        assert found["users"][0]["organization_external_id"] == organizations[0].external_id
        assert found["users"][0]["userName"] == "Ada" and found["users"][0]["email"] == "ada@X.example"
    assert len(admin.get("/v1/users?email=b@x.example", expect=200)["users"]) == 2
    for query in ("email=nobody@x.example", "user_name=ad", "external_id=00U1", "user_name=", "email=" + "x" * 300):
        assert admin.get(f"/v1/users?{query}", expect=200)["users"] == []


def test_where_addresses_identify_people_names_are_found_all_the_same(rollcall, admin):
    organization = rollcall.new_organization(admin)
    organization.set_rules(policy={"unique_identifier": "email"})
    user = organization.scim.new_user("ada", emails=[{"value": "bob", "primary": True}])
    assert [u["id"] for u in admin.get("/v1/users?user_name=ADA", expect=200)["users"]] == [user["id"]]
    assert admin.get("/v1/users?user_name=bob", expect=200)["users"] == []
    assert [u["id"] for u in admin.get("/v1/users?email=bob", expect=200)["users"]] == [user["id"]]


def test_another_environments_people_are_not_found(rollcall, admin):
    other = rollcall.new_environment()
    rollcall.new_organization(other).scim.new_user("ada", externalId="x", emails=[{"value": "ada@x.example"}])
    for query in ("email=ada@x.example", "user_name=ada", "external_id=x"):
        assert admin.get(f"/v1/users?{query}", expect=200)["users"] == []
        assert len(CheckedAdmin(rollcall.admin_url, other.key).get(f"/v1/users?{query}", expect=200)["users"]) == 1


def test_many_organizations_are_looked_at_page_by_page(rollcall, admin):
    organization = rollcall.new_organization(admin)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT environment_id FROM organization WHERE external_id = %s", (organization.external_id,))
        row = cursor.fetchone()[0]
        cursor.execute(
            "INSERT INTO organization (id, environment_id, display_name, domains, created_ms, updated_ms)"
            " SELECT UNHEX(CONCAT(LEFT(HEX(%s), 20), LPAD(HEX(seq), 12, '0'))), %s, 'o', '[]', 1, 1 FROM seq_1_to_4100",
            (bytes(16), row),
        )
        connection.commit()
    user = organization.scim.new_user("ada")
    pages, cursor = [], ""
    while cursor is not None:
        page = admin.get("/v1/users?user_name=ada" + (f"&cursor={cursor}" if cursor else ""), expect=200)
        pages.append([u["id"] for u in page["users"]])
        cursor = page["next_cursor"]
    assert pages == [[], [], [user["id"]]]


@pytest.mark.parametrize("query", ["", "?email=a&user_name=b", "?filter=userName+pr", "?email=a&cursor=x", "?email=a&limit=1"])
def test_it_is_asked_by_one_key(admin, query):
    admin.get(f"/v1/users{query}", expect=400)
