"""The probes and flows of the other identity providers."""

import uuid

import pytest

from harness.scim import ENTERPRISE, GROUP, USER


def ids(answer):
    return [resource["id"] for resource in answer["Resources"]]


class TestOneLogin:
    """Sends an empty User-Agent, updates by PUT, and may name the schemas of SCIM 1.0."""

    @pytest.fixture
    def onelogin(self, org):
        return org.client(("User-Agent", ""), ("Content-Type", "application/scim+json"))

    def test_the_connection_is_tested_with_a_missing_user(self, onelogin):
        assert onelogin.find("/Users", 'userName eq "no-such-user"')["totalResults"] == 0

    def test_a_user_from_lookup_to_suspension(self, onelogin):
        body = {
            "schemas": ["urn:scim:schemas:core:1.0"],
            "userName": "ol@example.com",
            "name": {"givenName": "One", "familyName": "Login", "formatted": "One Login"},
            "emails": [{"value": "ol@example.com", "type": "work", "primary": True}],
            "phoneNumbers": [{"value": "", "type": "work"}],
            "active": True,
        }
        user = onelogin.post("/Users", body, expect=201)
        assert user["schemas"] == [USER]
        path = f"/Users/{user['id']}"
        onelogin.get(path, expect=200)
        changed = onelogin.put(path, {**body, "name": {**body["name"], "givenName": "Two"}}, expect=200)
        assert changed["name"]["givenName"] == "Two"
        assert onelogin.put(path, {**body, "active": False}, expect=200)["active"] is False
        onelogin.delete(path, expect=204)

    def test_entitlements_are_refreshed_and_groups_patched(self, onelogin):
        user = onelogin.new_user()["id"]
        group = onelogin.new_group("Entitlement")
        assert ids(onelogin.get("/Groups", expect=200)) == [group["id"]]
        onelogin.patch(
            f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": user}]}, expect=204
        )
        assert onelogin.members(group["id"]) == {user}


class TestJumpCloud:
    """Activation makes, changes and deletes a real user and a real group."""

    def test_activation(self, scim):
        assert scim.find("/Users", 'userName eq "jc-test@example.com"')["totalResults"] == 0
        user = scim.new_user("jc-test@example.com", name={"givenName": "Test", "familyName": "User"}, active=True)
        whole = scim.get(f"/Users/{user['id']}", expect=200).json
        scim.put(f"/Users/{user['id']}", {**whole, "displayName": "Updated"}, expect=200)
        group = scim.new_group("JumpCloud test group")
        scim.put(f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": "Renamed by test"}, expect=200)
        scim.delete(f"/Users/{user['id']}", expect=204)
        scim.delete(f"/Groups/{group['id']}", expect=204)

    def test_a_group_of_the_same_name_is_taken_over_and_members_leave_by_value(self, scim):
        kept, gone = scim.new_user()["id"], scim.new_user()["id"]
        scim.new_group("Taken over", [kept, gone])
        [group] = scim.find("/Groups", 'displayName eq "Taken over"')["Resources"]
        scim.patch(
            f"/Groups/{group['id']}", {"op": "remove", "path": "members", "value": [{"value": gone}]}, expect=204
        )
        assert scim.members(group["id"]) == {kept}


class TestPing:
    """Filters are templates of the admin's: a complex attribute is compared directly."""

    def test_users_are_found_by_name_or_by_emails(self, scim):
        user = scim.new_user("ping@example.com", emails=[{"value": "ping@work.example", "type": "work"}])
        scim.new_user("other@example.com", emails=[{"value": "other@work.example", "type": "work"}])
        assert ids(scim.find("/Users", 'userName eq "ping@example.com"')) == [user["id"]]
        assert ids(scim.find("/Users", 'emails eq "ping@work.example"')) == [user["id"]]
        assert ids(scim.find("/Users", 'emails.value eq "PING@work.example"')) == [user["id"]]

    def test_a_disabled_user_can_be_provisioned(self, scim):
        user = scim.new_user(active=False)
        assert user["active"] is False
        scim.delete(f"/Users/{user['id']}", expect=204)

    def test_memberships_are_merged_or_overwritten(self, scim):
        first, second = scim.new_user()["id"], scim.new_user()["id"]
        group = scim.new_group(members=[first])
        path = f"/Groups/{group['id']}"
        scim.patch(path, {"op": "add", "path": "members", "value": [{"value": second}]}, expect=204)
        assert scim.members(group["id"]) == {first, second}
        scim.put(path, {"schemas": [GROUP], "displayName": "x", "members": [{"value": second}]}, expect=200)
        assert scim.members(group["id"]) == {second}


class TestGoogle:
    """Users only."""

    def test_the_probe_and_a_suspension(self, scim):
        assert scim.get("/Users?count=1", expect=200)["totalResults"] == 0
        user = scim.new_user("g@example.com", name={"givenName": "G", "familyName": "W"})
        found = scim.get("/Users?count=1", expect=200)
        assert ids(found) == [user["id"]] and found["itemsPerPage"] == 1
        scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False}, expect=200)
        scim.delete(f"/Users/{user['id']}", expect=204)


class TestRippling:
    """Tests the connection with ServiceProviderConfig; edits groups by PATCH or PUT."""

    def test_a_user_and_a_group(self, scim):
        assert scim.get("/ServiceProviderConfig", expect=200)["patch"]["supported"] is True
        user = scim.new_user(
            "r@example.com",
            externalId="rippling-1",
            name={"givenName": "R", "familyName": "P"},
            emails=[{"value": "r@example.com", "primary": True}],
            **{ENTERPRISE: {"employeeNumber": "42"}},
        )
        assert user[ENTERPRISE]["employeeNumber"] == "42" and ENTERPRISE in user["schemas"]
        assert ids(scim.find("/Users", 'externalId eq "rippling-1"')) == [user["id"]]
        assert ids(scim.find("/Users", f'{ENTERPRISE}:employeeNumber eq "42"')) == [user["id"]]
        group = scim.new_group("R group")
        body = {"schemas": [GROUP], "displayName": "R group", "members": [{"value": user["id"]}]}
        assert scim.put(f"/Groups/{group['id']}", body, expect=200)["members"][0]["value"] == user["id"]


class TestCyberArk:
    def test_the_required_calls(self, scim):
        assert scim.get("/Users?count=1", expect=200)["totalResults"] == 0
        scim.get("/ServiceProviderConfig", expect=200)
        assert scim.get("/ResourceTypes/User", expect=200)["endpoint"] == "/Users"
        assert scim.get("/ResourceTypes/Group", expect=200)["endpoint"] == "/Groups"
        for urn in (USER, GROUP, ENTERPRISE):
            assert scim.get(f"/Schemas/{urn}", expect=200)["id"] == urn
        user = scim.new_user("cyber@example.com")
        assert ids(scim.find("/Users", 'userName eq "cyber@example.com"')) == [user["id"]]
        scim.put(f"/Users/{user['id']}", {"schemas": [USER], "userName": "cyber@example.com", "title": "T"}, expect=200)
        group = scim.new_group()
        assert ids(scim.get("/Groups", expect=200)) == [group["id"]]
        scim.patch(
            f"/Groups/{group['id']}", {"op": "add", "value": {"members": [{"value": user["id"]}]}}, expect=204
        )
        assert scim.members(group["id"]) == {user["id"]}


class TestSailPoint:
    def test_aggregation_and_membership(self, scim):
        for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/ResourceTypes/User", "/ResourceTypes/Group"):
            scim.get(path, expect=200)
        users = [scim.new_user()["id"] for _ in range(5)]
        pages = [scim.get(f"/Users?startIndex={start}&count=2", expect=200) for start in (1, 3, 5)]
        assert [identifier for page in pages for identifier in ids(page)] == users
        group = scim.new_group()
        scim.patch(
            f"/Groups/{group['id']}",
            {"op": "add", "path": "members", "value": [{"value": users[0], "type": "User"}]},
            expect=204,
        )
        assert scim.members(group["id"]) == {users[0]}


class TestAuthentik:
    """Disables PATCH and filters silently when ServiceProviderConfig lacks a field; a 404 on PUT means "make it again"."""

    def test_the_service_provider_config_is_complete(self, scim):
        config = scim.get("/ServiceProviderConfig", expect=200)
        assert type(config["bulk"]["supported"]) is bool
        assert type(config["bulk"]["maxOperations"]) is int and type(config["bulk"]["maxPayloadSize"]) is int
        assert config["filter"]["supported"] is True and type(config["filter"]["maxResults"]) is int
        for name in ("patch", "changePassword", "sort", "etag"):
            assert type(config[name]["supported"]) is bool, name

    def test_U_01_X_01_putting_a_deleted_user_is_404(self, scim):
        user = scim.new_user("again@example.com")
        scim.delete(f"/Users/{user['id']}", expect=204)
        scim.put(f"/Users/{user['id']}", {"schemas": [USER], "userName": "again@example.com"}, expect=404)
        assert scim.new_user("again@example.com")["id"] != user["id"]


class TestRauthy:
    def test_users_and_groups_are_found_by_external_id(self, scim):
        user, group = scim.new_user(externalId="ext-1"), scim.new_group(externalId="ext-1")
        assert ids(scim.find("/Users", 'externalId eq "ext-1"')) == [user["id"]]
        assert ids(scim.find("/Groups", 'externalId eq "ext-1"')) == [group["id"]]
        assert ids(scim.find("/Users", 'externalId eq "EXT-1"')) == [], "externalId is case-exact"


def test_a_random_probe_of_every_collection_is_an_empty_list(scim):
    for collection in ("/Users", "/Groups"):
        for attribute in ("externalId", "id", "displayName"):
            assert scim.find(collection, f'{attribute} eq "{uuid.uuid4()}"')["totalResults"] == 0
