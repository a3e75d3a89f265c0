"""What the admin executable does to users and groups is an ordinary change: ops/inside.h."""

import uuid

import pytest
from harness.scim import ENTERPRISE, GROUP, USER, Scim, patch_of


def user(name, **attributes):
    return {"schemas": [USER], "userName": name, **attributes}


def crew(members):
    return {"schemas": [GROUP], "displayName": "crew", "members": [{"value": member} for member in members]}


@pytest.fixture
def act(rollcall, org):
    def act(*ops, **options):
        return rollcall.act_inside(org, *ops, **options)

    return act


def op(method, path, body=None, **rest):
    return {"method": method, "path": path, **({"body": body} if body is not None else {}), **rest}


def changes(rollcall, resource_id):
    return rollcall.database.query(
        "SELECT kind, version, cause, actor FROM `change` WHERE resource_id = %s ORDER BY version",
        uuid.UUID(resource_id).bytes,
    )


def total(scim, collection):
    return scim.get(f"/{collection}?count=0", expect=200).json["totalResults"]


def test_an_insider_creates_changes_and_deletes_as_a_client_does(rollcall, org, act):
    actor = uuid.uuid4()
    group = org.scim.new_group("crew")
    [made] = act(op("POST", "/Users", user("ada")), actor=actor)
    assert made["status"] == 201
    ada = made["reply"]["id"]
    assert org.scim.get(f"/Users/{ada}", expect=200).json["userName"] == "ada"
    answers = act(
        op("PATCH", f"/Users/{ada}", patch_of({"op": "replace", "path": "active", "value": False})),
        op("PATCH", f"/Groups/{group['id']}", patch_of({"op": "add", "path": "members", "value": [{"value": ada}]})),
        actor=actor,
        cause=3,
    )
    assert [answer["status"] for answer in answers] == [200, 204]
    shown = org.scim.get(f"/Users/{ada}", expect=200).json
    assert shown["active"] is False
    assert [entry["value"] for entry in shown["groups"]] == [group["id"]]
    assert total(org.scim, "Users") == 1
    assert [answer["status"] for answer in act(op("DELETE", f"/Users/{ada}"), actor=actor, cause=4)] == [204]
    org.scim.get(f"/Users/{ada}", expect=404)
    assert org.scim.members(group["id"]) == set()
    assert total(org.scim, "Users") == 0
    mine = actor.bytes
    assert changes(rollcall, ada) == ((1, 1, 2, mine), (2, 2, 3, mine), (3, 3, 4, mine))
    assert changes(rollcall, group["id"])[-2:] == ((4, 2, 3, mine), (4, 3, 4, mine))


def test_a_change_by_a_client_names_its_token(rollcall, org):
    ada = org.scim.new_user("ada")
    [(kind, version, cause, actor)] = changes(rollcall, ada["id"])
    [(token,)] = rollcall.database.query(
        "SELECT id FROM scim_token WHERE directory_id = %s", rollcall.id_bytes(org.directory_id)
    )
    assert (kind, version, cause, actor) == (1, 1, 1, token)


def test_each_decides_on_what_those_before_it_left(org, act):
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    answers = act(
        op("POST", "/Users", user("ada"), id=first),
        op("POST", "/Users", user("ADA"), id=second),
        op("POST", "/Groups", crew([first])),
        op("DELETE", f"/Users/{first}"),
        op("POST", "/Users", user("ada"), id=second),
    )
    assert [answer["status"] for answer in answers] == [201, 409, 201, 204, 201]
    assert "userName" in answers[1]["detail"]
    assert org.scim.members(answers[2]["reply"]["id"]) == set()
    assert org.scim.get(f"/Users/{second}", expect=200).json["userName"] == "ada"


def test_what_is_refused_changes_nothing_and_the_others_stand(org, act):
    ada = org.scim.new_user("ada")
    answers = act(
        op("PATCH", f"/Users/{ada['id']}", patch_of({"op": "replace", "path": "active", "value": "perhaps"})),
        op("PUT", f"/Users/{uuid.uuid4()}", user("bob")),
        op("POST", "/Nothing", {}),
        op("POST", "/Bulk", {}),
        op("POST", "/Users", user("bob")),
    )
    assert [answer["status"] for answer in answers] == [400, 404, 404, 400, 201]
    assert org.scim.get(f"/Users/{ada['id']}", expect=200).json["meta"] == ada["meta"]


def test_it_is_there_only_when_the_caller_commits(org, act):
    [made] = act(op("POST", "/Users", user("ada")), commit=False)
    assert made["status"] == 201
    org.scim.get(f"/Users/{made['reply']['id']}", expect=404)
    assert total(org.scim, "Users") == 0


def test_a_paused_directory_takes_it_and_a_policy_of_conditions_does_not_mind(rollcall, org, act):
    ada = org.scim.new_user("ada")
    org.set_rules(policy={"if_match_required": True, "unknown_attributes": "reject"})
    rollcall.admin.patch(f"/v1/directories/{org.directory_id}", {"state": "paused"}, expect=200)
    org.scim.get("/Users", expect=503)
    answers = act(op("DELETE", f"/Users/{ada['id']}"), op("POST", "/Users", user("bob", shoeSize=43)))
    assert [answer["status"] for answer in answers] == [204, 400]


def test_a_manager_who_goes_is_nobodys_manager(org, act):
    boss = org.scim.new_user("boss")
    ada = org.scim.new_user("ada", **{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    act(op("DELETE", f"/Users/{boss['id']}"))
    assert "manager" not in org.scim.get(f"/Users/{ada['id']}", expect=200).json.get(ENTERPRISE, {})


def test_who_comes_back_goes_on_where_it_was(org, act):
    ada = org.scim.new_user("ada")
    act(op("DELETE", f"/Users/{ada['id']}"))
    act(op("POST", "/Users", user("ada"), id=ada["id"], version=2, created_ms=1_000_000_000_000))
    shown = org.scim.get(f"/Users/{ada['id']}", expect=200).json
    assert shown["meta"]["version"].startswith('W/"3')
    assert shown["meta"]["created"] == "2001-09-09T01:46:40.000Z"


def test_who_changes_a_group_of_many_is_not_shown_them(org, act):
    members = [org.scim.new_user()["id"] for _ in range(3)]
    [made] = act(op("POST", "/Groups", crew(members)))
    assert "members" not in made["reply"]
    assert len(org.scim.members(made["reply"]["id"])) == 3


def test_directories_that_are_not_there_take_nothing(rollcall, org):
    gone = rollcall.new_organization()
    rollcall.admin.delete(f"/v1/organizations/{gone.id}", expect=204)
    assert "no such directory" in rollcall.act_inside(gone, op("POST", "/Users", user("ada")), expect=2)


def test_nothing_of_another_directory_is_touched(rollcall, org, act):
    neighbour = rollcall.new_organization()
    theirs = neighbour.scim.new_user("ada")
    group = org.scim.new_group("crew")
    answers = act(
        op("DELETE", f"/Users/{theirs['id']}"),
        op(
            "PATCH",
            f"/Groups/{group['id']}",
            patch_of({"op": "add", "path": "members", "value": [{"value": theirs["id"]}]}),
        ),
    )
    assert [answer["status"] for answer in answers] == [404, 400]
    assert neighbour.scim.get(f"/Users/{theirs['id']}", expect=200).json == theirs.json


def test_no_credential_of_a_client_is_an_insiders(org):
    """The inner authority stands in the view under the id of no token: a token that claims it is none."""
    head = org.token[: len("scimt_") + 26]
    for forged in (head + "0" * 26 + "_" + "0" * 49, head + "0" * 26 + org.token[len(head) + 26 :]):
        Scim(org.connector_url, forged).get("/Users", expect=401)
        Scim(org.connector_url, forged).post("/Users", user("eve"), expect=401)
