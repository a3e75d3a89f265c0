"""The rules of a directory reach every server with the next request."""

import pytest
from harness.scim import USER, Scim


@pytest.fixture(scope="module")
def servers(shared_rollcall):
    """The shared server and another one on the same database."""
    return [shared_rollcall.server, shared_rollcall.another_server()]


def user(name, **attributes):
    return {"schemas": [USER], "userName": name, **attributes}


def test_a_change_of_policy_reaches_every_server_at_once(rollcall, servers, org):
    clients = [org.client(server=server) for server in servers]
    path = f"/v1/directories/{org.directory_id}"
    for turn, (unknown, status) in enumerate([("keep", 201), ("reject", 400), ("keep", 201), ("reject", 400)] * 3):
        rollcall.admin.patch(path, {"policy": {"unknown_attributes": unknown}}, expect=200)
        for place, client in enumerate(clients):
            client.post("/Users", user(f"u{turn}-{place}", shoeSize=43), expect=status)


def test_reads_that_go_to_the_query_lane_follow_too(servers, org):
    clients = [org.client(server=server) for server in servers]
    for strict in (False, True, False):
        org.set_rules(policy={"strict": strict})
        for client in clients:
            client.get("/Users?filter=shoeSize%20eq%20%2243%22", expect=400 if strict else 200)


def test_a_change_of_the_organizations_domains_reaches_every_directory_and_server(rollcall, servers, org):
    clients = [org.client(server=server) for server in servers]
    org.set_rules(policy={"domains": "enforce"})
    path = f"/v1/organizations/{org.id}"
    for turn in range(3):
        for domain in ("example.com", "example.org"):
            rollcall.admin.patch(path, {"domains": [domain]}, expect=200)
            for place, client in enumerate(clients):
                for asked in ("example.com", "example.org"):
                    name = f"u{turn}-{place}-{domain}-{asked}"
                    emails = [{"value": f"{name}@{asked}"}]
                    body = user(f"{name}@{asked}", emails=emails)
                    client.post("/Users", body, expect=201 if asked == domain else 400)


def test_directories_of_one_organization_have_rules_of_their_own(rollcall, org):
    admin = rollcall.admin
    second = admin.post(f"/v1/organizations/{org.id}/directories", {"name": "second"}, expect=201)
    token = admin.post(f"/v1/directories/{second['id']}/tokens", {"label": "t"}, expect=201)["token"]
    rollcall.set_rules(second["id"], policy={"unknown_attributes": "reject"})
    other = Scim(org.connector_url, token)
    org.scim.post("/Users", user("a", shoeSize=43), expect=201)
    other.post("/Users", user("a", shoeSize=43), expect=400)


def test_rules_that_cannot_be_read_are_this_directorys_trouble_alone(rollcall, org):
    neighbour = rollcall.new_organization()
    rollcall.database.execute(
        "UPDATE directory SET policy = '{', revision = revision + 1 WHERE id = %s", rollcall.id_bytes(org.directory_id)
    )
    for _ in range(3):
        org.scim.post("/Users", user("a"), expect=500)
        org.scim.get("/Users", expect=500)
        org.scim.get("/Users?filter=userName%20eq%20%22a%22", expect=500)
        neighbour.scim.new_user()
    org.set_rules(policy={})
    org.scim.post("/Users", user("a"), expect=201)
