"""Many clients at once: nothing lost, nothing doubled, over one server and over two."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.scim import ENTERPRISE, GROUP, USER


def together(count, action):
    """Calls action(0..count-1) in as many threads, all let loose at once; returns what they returned."""
    barrier = threading.Barrier(count)

    def run(number):
        barrier.wait()
        return action(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.fixture
def two_servers(org):
    second = org.rollcall.another_server()
    yield [org.client(), org.client(server=second)]
    second.stop()


@pytest.mark.parametrize(
    "collection, body",
    [
        ("/Users", {"schemas": [USER], "userName": "race@example.com"}),
        ("/Groups", {"schemas": [GROUP], "displayName": "Race"}),
    ],
)
def test_C_02_twenty_identical_posts_make_one(org, two_servers, collection, body):
    answers = together(20, lambda number: two_servers[number % 2].post(collection, body))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 19
    assert {answer["scimType"] for answer in answers if answer.status == 409} == {"uniqueness"}
    assert org.scim.get(collection, expect=200)["totalResults"] == 1


def test_twenty_different_posts_make_twenty(org):
    answers = together(20, lambda number: org.scim.post("/Users", {"schemas": [USER], "userName": f"u{number}"}))
    assert {answer.status for answer in answers} == {201}
    assert org.scim.get("/Users", expect=200)["totalResults"] == 20


def test_C_02_a_conflict_in_a_batch_is_that_jobs_alone(org):
    org.scim.new_user("taken")
    names = [f"free{number}" if number % 4 else "taken" for number in range(40)]
    answers = together(40, lambda number: org.scim.post("/Users", {"schemas": [USER], "userName": names[number]}))
    for name, answer in zip(names, answers):
        assert answer.status == (409 if name == "taken" else 201), name


def test_sixteen_writers_on_two_servers_add_members_to_one_group(org, two_servers):
    per_writer = 8
    users = [org.scim.new_user()["id"] for _ in range(16 * per_writer)]
    group = org.scim.new_group()
    path = f"/Groups/{group['id']}"

    def write(number):
        for member in users[number * per_writer : (number + 1) * per_writer]:
            operation = {"op": "add", "path": "members", "value": [{"value": member}]}
            two_servers[number % 2].patch(path, operation, expect=204)

    together(16, write)
    assert org.scim.members(group["id"]) == set(users)
    version = int(org.scim.get(path, expect=200)["meta"]["version"].strip('W/"'))
    assert version >= len(users)


def test_adding_and_removing_at_once_ends_with_what_was_acknowledged(org, two_servers):
    users = [org.scim.new_user()["id"] for _ in range(40)]
    staying, leaving = users[:20], users[20:]
    group = org.scim.new_group(members=leaving)
    path = f"/Groups/{group['id']}"

    def write(number):
        client = two_servers[number % 2]
        client.patch(path, {"op": "add", "path": "members", "value": [{"value": staying[number]}]}, expect=204)
        client.patch(path, {"op": "remove", "path": f'members[value eq "{leaving[number]}"]'}, expect=204)

    together(20, write)
    assert org.scim.members(group["id"]) == set(staying)


def test_parallel_patches_of_one_user_lose_nothing(org, two_servers):
    user = org.scim.new_user()
    path = f"/Users/{user['id']}"
    attributes = ["title", "nickName", "displayName", "userType", "locale", "timezone", "preferredLanguage", "externalId"]
    attributes += [f"{ENTERPRISE}:{name}" for name in ("employeeNumber", "costCenter", "organization", "division")]
    attributes += ["name.givenName", "name.familyName", "name.middleName", "name.honorificPrefix"]

    def write(number):
        operation = {"op": "replace", "path": attributes[number], "value": f"value {number}"}
        two_servers[number % 2].patch(path, operation, expect=200)

    together(len(attributes), write)
    final = org.scim.get(path, expect=200)
    for number, attribute in enumerate(attributes):
        value = final.json
        steps = [ENTERPRISE, attribute.rpartition(":")[2]] if attribute.startswith("urn:") else attribute.split(".")
        for step in steps:
            value = value[step]
        assert value == f"value {number}", attribute


def test_if_match_lets_exactly_one_through(org, two_servers):
    user = org.scim.new_user()
    headers = [("If-Match", user.headers["etag"])]

    def write(number):
        operation = {"op": "replace", "path": "title", "value": f"writer {number}"}
        return two_servers[number % 2].patch(f"/Users/{user['id']}", operation, headers=headers).status

    assert sorted(together(12, write)) == [200] + [412] * 11


def test_writes_are_seen_at_once_on_the_other_server(org, two_servers):
    first, second = two_servers
    for number in range(30):
        user = first.new_user(f"fresh{number}@example.com")
        assert second.get(f"/Users/{user['id']}", expect=200).json["userName"] == user["userName"]
        assert second.find("/Users", f'userName eq "fresh{number}@example.com"')["totalResults"] == 1
        second.delete(f"/Users/{user['id']}", expect=204)
        first.get(f"/Users/{user['id']}", expect=404)


def test_A_37_deleting_a_user_while_it_joins_groups_leaves_no_trace(org, two_servers):
    groups = [org.scim.new_group() for _ in range(8)]
    user = org.scim.new_user()

    def act(number):
        client = two_servers[number % 2]
        if number == 8:
            return client.delete(f"/Users/{user['id']}", expect=204).status
        operation = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
        return client.patch(f"/Groups/{groups[number]['id']}", operation).status

    assert set(together(9, act)) <= {204, 400}
    for group in groups:
        assert org.scim.members(group["id"]) == set()
    assert org.rollcall.database.query(
        "SELECT COUNT(*) FROM membership WHERE member_id = %s", bytes.fromhex(user["id"].replace("-", ""))
    ) == ((0,),)


def test_members_come_by_the_thousand_in_one_patch(org):
    with ThreadPoolExecutor(8) as pool:
        users = list(pool.map(lambda number: org.scim.new_user(f"m{number}@example.com")["id"], range(1200)))
    group = org.scim.new_group()
    path = f"/Groups/{group['id']}"
    members = [{"value": user} for user in users]
    org.scim.patch(path, {"op": "add", "path": "members", "value": members}, expect=204)
    assert org.scim.members(group["id"]) == set(users)
    org.scim.patch(path, {"op": "remove", "path": "members", "value": members[:1000]}, expect=204)
    assert org.scim.members(group["id"]) == set(users[1000:])
    org.scim.patch(path, {"op": "replace", "path": "members", "value": members[:1000]}, expect=204)
    assert org.scim.members(group["id"]) == set(users[:1000])
