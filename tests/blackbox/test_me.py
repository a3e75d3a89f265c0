"""/Me: the user that a token is of."""

import uuid

import pytest

from harness.rollcall import id_bytes
from harness.scim import USER, Scim


class Person(Scim):
    """A client with a token of one user."""

    def __init__(self, org, user_id):
        made = org.rollcall.admin.post(f"/v1/directories/{org.directory_id}/tokens", {"label": "me"}, expect=201)
        super().__init__(org.connector_url, made["token"])
        self.database = org.rollcall.database
        self.row = f"directory_id = X'{id_bytes(org.directory_id).hex()}' ORDER BY id DESC LIMIT 1"
        self.database.execute(f"UPDATE scim_token SET user_id = X'{uuid.UUID(user_id).hex}' WHERE {self.row}")

    def set_scopes(self, bits):
        self.database.execute(f"UPDATE scim_token SET scopes = {bits} WHERE {self.row}")


@pytest.fixture
def user(scim):
    return scim.new_user(nickName="Me", title="T", name={"givenName": "G", "familyName": "F"})


@pytest.fixture
def me(org, user):
    person = Person(org, user["id"])
    yield person
    person.close()


def test_M_01_a_directory_token_has_no_user_501(scim):
    operation = {"op": "replace", "path": "nickName", "value": "N"}
    refused = [
        scim.get("/Me", expect=501),
        scim.put("/Me", {"schemas": [USER], "userName": "x"}, expect=501),
        scim.patch("/Me", operation, expect=501),
        scim.delete("/Me", expect=501),
    ]
    for answer in refused:
        assert "/Users/" in answer["detail"] and "token" in answer["detail"]
    scim.get("/Me", authorization="Bearer nonsense", expect=401)
    scim.request("GET", "/Me", authorization="", expect=401)


def test_M_02_me_is_the_user_and_location_is_the_permanent_url(scim, user, me):
    url = f"{scim.connector_url}/Users/{user['id']}"
    shown = me.get("/Me", expect=200)
    assert shown.json == scim.get(f"/Users/{user['id']}", expect=200).json
    replaced = me.put("/Me", {**shown.json, "nickName": "Other"}, expect=200)
    patched = me.patch("/Me", {"op": "replace", "path": "nickName", "value": "Third"}, expect=200)
    for answer in (shown, replaced, patched):
        assert answer.headers["location"] == answer["meta"]["location"] == url
        assert answer.headers["content-location"] == url
        assert answer.headers["etag"] == answer["meta"]["version"]
    assert scim.get(f"/Users/{user['id']}", expect=200)["nickName"] == "Third"
    me.get("/Me", headers=[("If-None-Match", patched.headers["etag"])], expect=304)
    me.patch("/Me", {"op": "remove", "path": "nickName"}, headers=[("If-Match", user.headers["etag"])], expect=412)
    assert set(me.get("/Me?attributes=nickName", expect=200).json) == {"schemas", "id", "nickName"}
    assert me.request("HEAD", "/Me", expect=200).headers["etag"] == patched.headers["etag"]


def test_M_02_groups_of_me_are_shown(scim, user, me):
    group = scim.new_group("G", [user["id"]])
    assert [entry["value"] for entry in me.get("/Me", expect=200)["groups"]] == [group["id"]]


def test_M_03_users_change_what_the_policy_leaves_to_them(org, user, me):
    def refused(answer, name):
        assert f'"{name}"' in answer["detail"] and "scimType" not in answer.json

    before = me.get("/Me", expect=200)
    refused(me.patch("/Me", {"op": "replace", "path": "title", "value": "Boss"}, expect=403), "title")
    refused(me.patch("/Me", {"op": "replace", "value": {"nickName": "N", "active": False}}, expect=403), "active")
    refused(me.put("/Me", {**user.json, "title": None}, expect=403), "title")
    me.patch("/Me", {"op": "replace", "path": "title", "value": "T"}, expect=200)  # changes nothing
    assert me.get("/Me", expect=200).json == before.json

    org.set_rules(policy={"self_service_attributes": ["title", "name.givenName"]})
    me.patch("/Me", {"op": "replace", "value": {"title": "Boss", "name": {"givenName": "H"}}}, expect=200)
    refused(me.patch("/Me", {"op": "replace", "path": "name.familyName", "value": "X"}, expect=403), "familyName")
    refused(me.patch("/Me", {"op": "replace", "path": "nickName", "value": "X"}, expect=403), "nickName")

    org.set_rules(policy={"self_service_attributes": []})
    refused(me.patch("/Me", {"op": "remove", "path": "title"}, expect=403), "title")


def test_M_03_users_change_nothing_but_themselves(scim, user, me):
    operation = {"op": "replace", "path": "nickName", "value": "N"}
    me.patch(f"/Users/{user['id']}", operation, expect=403)
    me.post("/Users", {"schemas": [USER], "userName": "x"}, expect=403)
    me.delete(f"/Users/{user['id']}", expect=403)
    me.get(f"/Users/{user['id']}", expect=200)
    bulk = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "DELETE", "path": f"/Users/{user['id']}"}],
    }
    assert me.post("/Bulk", bulk, expect=200)["Operations"][0]["status"] == "403"
    scim.get(f"/Users/{user['id']}", expect=200)


def test_M_03_nobody_deletes_himself(me):
    me.delete("/Me", expect=403)
    me.get("/Me", expect=200)


def test_M_03_post_to_me_is_501(scim, me):
    for client in (scim, me):
        client.post("/Me", {"schemas": [USER], "userName": "x"}, expect=501)


def test_M_03_a_deleted_user_is_404(scim, user, me):
    scim.delete(f"/Users/{user['id']}", expect=204)
    me.get("/Me", expect=404)
    me.patch("/Me", {"op": "replace", "path": "nickName", "value": "N"}, expect=404)


def test_M_03_scopes_are_those_of_users(me):
    me.set_scopes(1)  # users:read
    me.get("/Me", expect=200)
    me.patch("/Me", {"op": "replace", "path": "nickName", "value": "N"}, expect=403)
    me.set_scopes(12)  # groups alone
    me.get("/Me", expect=403)


def test_M_03_a_token_of_a_user_in_another_directory_finds_nobody(org, rollcall):
    person = Person(org, rollcall.new_organization().scim.new_user()["id"])
    person.get("/Me", expect=404)
    person.close()


def test_H_10_me_knows_its_methods(scim):
    assert scim.request("OPTIONS", "/Me", expect=204).headers["allow"] == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
