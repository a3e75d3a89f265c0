"""What holds for every operation alike: conditions on changes, tags of what is made, keys of what is sent again.

The tables and worlds are those of the isolation matrix, so an operation that is new is in here as well."""

import threading
import uuid
from datetime import datetime, timedelta, timezone
from urllib.parse import quote

import pytest

from harness.fields import links
from harness.scim import USER, Scim
from harness.wait import until
from test_admin_isolation import BODIES, VENDOR_OPERATIONS, World, fill

# Whose tag If-Match means, where the path itself cannot be read.
READ_AT = {
    "organization.set_primary": "/v1/organizations/{organization}",
    "vendor_user.link": "/v1/directories/{directory_id}/vendor-users/{vendor_user_id}",
    "vendor_user.unlink": "/v1/directories/{directory_id}/vendor-users/{vendor_user_id}",
}
# What goes on changing by itself after it was made.
MOVING = {"index.create": "is being built"}
# What reads need besides their path.
QUERIES = {
    "user.diff": "?from=1&to=1",
    "group.diff": "?from=1&to=1",
    "user.find": "?user_name=somebody",
}
# Reads of what no world has.
ELSEWHERE = {"vendor_user.list_problems": "of a job that imported: test_vendor_imports.py"}
# Operations that POST but change nothing that is not there yet: sent again, they are done again.
NOT_KEPT = {"stream.poll"}

CHANGES = [operation for operation in VENDOR_OPERATIONS if operation.method in ("PATCH", "PUT", "DELETE")]
READS = [operation for operation in VENDOR_OPERATIONS if operation.method == "GET" and operation.id not in ELSEWHERE]
POSTS = [operation for operation in VENDOR_OPERATIONS if operation.method == "POST"]


# What has to be there before, for a request that is a good one in a fresh world; returns its body.


def a_second_directory(world):
    path = f"/v1/organizations/{world.ids['organization']}/directories"
    world.ids["directory_id"] = world.admin.post(path, {"name": "Second"}, expect=201)["id"]


def another_primary(world):
    a_second_directory(world)
    return {"directory_id": world.ids["directory_id"]}


def a_deleted_organization(world):
    world.admin.delete(f"/v1/organizations/{world.ids['organization']}", expect=204)
    return {}


def a_deleted_directory(world):
    a_second_directory(world)
    world.admin.delete(f"/v1/directories/{world.ids['directory_id']}", expect=204)


def an_unused_schema(world):
    world.admin.delete("/v1/directories/{directory_id}/resource-types/{resource_type}".format(**world.ids), expect=204)


def the_same_type(world):
    return {"endpoint": "/Elsewhere", "schema": world.ids["schema_urn"], "schemaExtensions": []}


def a_type_of_a_known_schema(world):
    return {"name": "Second", "endpoint": "/Second", "schema": world.ids["schema_urn"]}


def an_unused_role(world):
    path = f"/v1/directories/{world.ids['directory_id']}/role-mappings"
    world.admin.put(path, {"rules": []}, expect=200)


def something_undeclared(world):
    user = {"schemas": [USER], "userName": "hatted", "hat": "bowler"}
    world.organization.scim.post("/Users", user, expect=201)
    path = f"/v1/directories/{world.ids['directory_id']}/undeclared-attributes"
    until(lambda: world.admin.get(path, expect=200)["attributes"], "the attribute is listed")
    return {"attributes": [{"path": "hat"}]}


def another_user(world):
    return {"user_id": world.organization.scim.new_user("another")["id"]}


def a_table_of_users(world):
    return b"vendor_user_id,user_name\r\nnew,new@example.com\r\n"


def this_moment(world):
    """The one before: this very one is no past yet."""
    return {"at": (datetime.now(timezone.utc) - timedelta(milliseconds=1)).isoformat()}


GOOD = {
    "vendor_user.link": another_user,
    "vendor_user.import": a_table_of_users,
    "directory.rewind": this_moment,
    "role.delete": an_unused_role,
    "undeclared_attribute.dismiss": something_undeclared,
    "organization.set_primary": another_primary,
    "organization.restore": a_deleted_organization,
    "directory.delete": a_second_directory,
    "directory.restore": a_deleted_directory,
    "schema.delete": an_unused_schema,
    "resource_type.replace": the_same_type,
    "resource_type.create": a_type_of_a_known_schema,
}


def good_body(world, operation):
    return GOOD[operation.id](world) if operation.id in GOOD else BODIES.get(operation.id)


@pytest.fixture
def world(shared_rollcall):
    shared_rollcall.ensure_running()
    return World(shared_rollcall)


def read_path(operation, world):
    return READ_AT.get(operation.id, operation.path).format(**world.ids)


def send(world, operation, body, *headers, client=None):
    """body: JSON, or bytes that are a table (CSV)."""
    client, path = client or world.admin, fill(operation, world.ids)
    if isinstance(body, bytes):
        headers = (*headers, ("Content-Type", "text/csv"))
        return client.request(operation.method, path, body=body, headers=headers)
    return client.request(operation.method, path, json=body, headers=headers)


@pytest.mark.parametrize("operation", CHANGES, ids=repr)
def test_AD_06_every_change_can_be_bound_to_what_was_read(world, operation):
    body, path = good_body(world, operation), read_path(operation, world)
    tag = world.admin.get(path, expect=200).headers["etag"]
    refused = send(world, operation, body, ("If-Match", '"another"'))
    assert refused.status == 412 and refused["type"] == "urn:rollcall:problem:precondition"
    assert world.admin.get(path, expect=200).headers["etag"] == tag
    done = send(world, operation, body, ("If-Match", tag))
    assert 200 <= done.status < 300, f"{done}: give {operation} a good body, in GOOD"


@pytest.mark.parametrize("operation", [change for change in CHANGES if change.method != "DELETE"], ids=repr)
def test_of_changes_at_a_time_to_one_version_one_is_made(world, operation):
    body, path = good_body(world, operation), read_path(operation, world)
    tag = world.admin.get(path, expect=200).headers["etag"]
    statuses = []

    def act():
        client = world.admin.with_key(world.admin.key)
        statuses.append(send(world, operation, body, ("If-Match", tag), client=client).status)
        client.wire.close()

    threads = [threading.Thread(target=act) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.admin.get(path, expect=200).headers["etag"] != tag, f"the body of {operation} changes nothing"
    assert sorted(statuses) == [200] + [412] * 4


@pytest.mark.parametrize("operation", POSTS, ids=repr)
def test_AD_11_every_post_can_be_sent_again(world, operation):
    body, key = good_body(world, operation), ("Idempotency-Key", str(uuid.uuid4()))
    first = send(world, operation, body, key)
    assert 200 <= first.status < 300, f"{first}: give {operation} a good body, in GOOD"
    again = send(world, operation, body, key)
    if operation.id not in NOT_KEPT:
        assert again.headers["idempotency-replayed"] == "true"
        assert (again.status, again.body) == (first.status, first.body)


@pytest.mark.parametrize("operation", POSTS, ids=repr)
def test_AD_10_what_is_made_has_the_tag_that_it_is_read_with(world, operation):
    made = send(world, operation, good_body(world, operation))
    if made.status in (201, 202):
        read = world.admin.get(made.headers["location"], expect=200)
        if made.status == 201 and operation.id not in MOVING:
            assert made.headers["etag"] == read.headers["etag"]


@pytest.fixture(scope="module")
def quiet_world(shared_rollcall):
    """In which nothing changes."""
    shared_rollcall.ensure_running()
    return World(shared_rollcall)


TAKE_BODIES = [operation for operation in CHANGES + POSTS if operation.body is not None]


@pytest.mark.parametrize("operation", TAKE_BODIES, ids=repr)
def test_AD_06_a_body_of_another_type_is_told_which_are_taken(quiet_world, operation):
    for sent in ("application/scim+json", "text/plain"):
        refused = send(quiet_world, operation, {}, ("Content-Type", sent))
        assert refused.status == 415 and refused["type"] == "urn:rollcall:problem:media-type"
        assert set(refused.headers["accept"].split(", ")) == set(operation.body["content"])


@pytest.mark.parametrize("operation", READS, ids=repr)
def test_AD_06_every_read_of_what_is_there_succeeds_and_one_of_a_resource_need_not_be_sent_twice(quiet_world, operation):
    path = fill(operation, quiet_world.ids) + QUERIES.get(operation.id, "")
    first = quiet_world.admin.get(path)
    assert first.status == 200, f"{first}: what {operation} needs is missing in QUERIES, or it belongs to ELSEWHERE"
    if "etag" in first.headers:
        again = quiet_world.admin.get(path, headers=[("If-None-Match", first.headers["etag"])], expect=304)
        assert again.headers["etag"] == first.headers["etag"]
    elif first.headers["content-type"] == "application/json":
        assert {"limit", "cursor"} & set(operation.named("query")), f"{operation} shows one thing without a tag"


@pytest.mark.parametrize("operation", [read for read in READS if "cursor" in read.named("query")], ids=repr)
def test_AD_08_AD_09_every_list_links_to_its_first_page_and_to_the_next(quiet_world, operation):
    path = fill(operation, quiet_world.ids) + QUERIES.get(operation.id, "")
    if "limit" in operation.named("query"):
        path += "&limit=1" if "?" in path else "?limit=1"
    page = quiet_world.admin.get(path, expect=200)
    found = links(page.headers["link"])
    assert found.pop("first") == quiet_world.admin.url + path
    if page.headers["content-type"] == "application/json":
        assert list(found) == ([] if page["next_cursor"] is None else ["next"])
    if found:
        following = quiet_world.admin.get(found["next"].removeprefix(quiet_world.admin.url), expect=200)
        assert following.body != page.body and links(following.headers["link"])["first"] == quiet_world.admin.url + path


def test_AD_09_what_separates_links_may_stand_in_their_uris(shared_rollcall):
    admin = shared_rollcall.new_environment()
    for name in ("a,b", "a;b", "a>b", 'a"b', '<x>; rel="next", <y', "%3E, é"):
        made = admin.post("/v1/organizations", {"display_name": "A", "external_id": name}, expect=201)
        scim = Scim(made["connector_url"], made["token"])
        for _ in range(2):
            scim.new_user()
        for spelt in (quote(name, safe=""), quote(name, safe=",;<>\"=:")):
            path = f"/v1/organizations/external_id:{spelt}/users?limit=1&user_name={spelt}"
            assert set(links(admin.get(path, expect=200).headers["link"])) == {"first"}
            path = path.partition("&")[0]
            found = links(admin.get(path, expect=200).headers["link"])
            assert set(found) == {"first", "next"}
            assert len(admin.get(found["next"].removeprefix(admin.url), expect=200)["users"]) == 1
