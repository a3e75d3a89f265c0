"""Indexes for attributes that none serves by itself: built behind the request while identity providers go on to write,
used by filters when they are whole, and never a different answer than without them."""

import random
import threading

import pytest
from harness.openapi import CheckedAdmin
from harness.scim import ENTERPRISE, GROUP, USER
from harness.wait import until

DROPPED = 240  # seconds at most: what earlier tests have deleted is erased in the same turns
BADGE = "urn:example:params:scim:schemas:extension:Badge"
ATTRIBUTES = [
    {"name": "color"},
    {"name": "number", "type": "integer"},
    {"name": "exact", "caseExact": True},
    {"name": "lost", "type": "boolean"},
    {"name": "since", "type": "dateTime"},
    {"name": "doors", "type": "complex", "multiValued": True, "subAttributes": [{"name": "value"}, {"name": "floor"}]},
    {"name": "place", "type": "complex", "subAttributes": [{"name": "street"}]},
]


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def directory(admin, org):
    path = f"/v1/directories/{org.directory_id}"
    admin.post(f"{path}/schemas", {"id": BADGE, "attributes": ATTRIBUTES, "extends": ["User"]}, expect=201)
    return path


def user(user_name, **attributes):
    return {"schemas": [USER], "userName": user_name, **attributes}


def badge(**values):
    return {BADGE: values}


def make(admin, directory, attribute, resource_type="User", wait=True):
    made = admin.post(f"{directory}/indexes", {"resource_type": resource_type, "attribute": attribute}, expect=201)
    at = made.headers["location"]
    if wait:
        until(lambda: admin.get(at, expect=200)["state"] == "ready", f"the index of {attribute} is ready")
    return at


def rows_of(rollcall, org, code=None):
    """{(code, key, id)} of the extra indexes."""
    rows = rollcall.database.query(
        "SELECT attribute, value_key, resource_id FROM attribute_value WHERE directory_id = %s AND attribute >= 1000",
        rollcall.id_bytes(org.directory_id),
    )
    return {(found, key.decode(), bytes(id).hex()) for found, key, id in rows if code in (None, found)}


def names(scim, filter, path="/Users"):
    return sorted(one["userName"] for one in scim.find(path, filter)["Resources"])


def scanned(filter):
    """The same filter in a form that no index answers."""
    return f"not (not ({filter}))"


def pointers(answer):
    return [error["pointer"] for error in answer["errors"]]


def test_an_index_is_built_used_shown_and_deleted(rollcall, org, admin, directory):
    scim, other = org.scim, org.client(server=rollcall.another_server())
    for n in range(450):
        scim.post("/Users", user(f"u{n:03}", **badge(color=f"Color {n % 150}", number=n % 7)), expect=201)
    assert admin.get(f"{directory}/indexes", expect=200)["indexes"] == []
    at = make(admin, directory, f"{BADGE}:color")
    shown = admin.get(at, expect=200)
    assert shown["attribute"] == f"{BADGE}:color" and shown["resource_type"] == "User" and shown["progress"] is None
    assert admin.get(f"{directory}/indexes", expect=200)["indexes"] == [shown.json]
    job = until(lambda: (found := admin.get(f"/v1/jobs/{shown['job_id']}", expect=200))["state"] == "done" and found)
    assert job["kind"] == "index_build" and job["progress"] == {"done": 450, "total": 450}
    assert len(rows_of(rollcall, org)) == 450

    for client in (scim, other):
        for filter in (
            f'{BADGE}:color eq "COLOR 7"',
            f'{BADGE}:color sw "color 14"',
            f'{BADGE}:color eq "color 3" or {BADGE}:color eq "color 4"',
            f'{BADGE}:color eq "color 3" and {BADGE}:number eq 3',
            'color eq "color 7"',
            f'{BADGE}:color eq "nothing"',
        ):
            assert names(client, filter) == names(client, scanned(filter))
    # that filters look at the rows shows when these are taken away
    rollcall.database.execute(
        "DELETE FROM attribute_value WHERE directory_id = %s AND attribute >= 1000 AND value_key = 'color 7'",
        rollcall.id_bytes(org.directory_id),
    )
    assert names(other, f'{BADGE}:color eq "color 7"') == []
    assert len(names(other, scanned(f'{BADGE}:color eq "color 7"'))) == 3

    admin.delete(at, expect=204)
    admin.get(at, expect=404)
    for client in (scim, other):
        assert len(names(client, f'{BADGE}:color eq "color 7"')) == 3
    until(lambda: rows_of(rollcall, org) == set(), "its rows are dropped", DROPPED)


def test_what_is_written_is_in_the_index(rollcall, org, admin, directory):
    scim = org.scim
    make(admin, directory, f"{BADGE}:doors.value")
    made = scim.post("/Users", user("a", **badge(doors=[{"value": "N"}, {"value": "S", "floor": "1"}])), expect=201)
    key = made["id"].replace("-", "")
    assert {(value, id) for _, value, id in rows_of(rollcall, org)} == {("n", key), ("s", key)}
    assert names(scim, f'{BADGE}:doors[value eq "s" and floor eq "1"]') == ["a"]
    assert names(scim, f'{BADGE}:doors eq "S"') == ["a"]
    scim.patch(f"/Users/{made['id']}", {"op": "remove", "path": f'{BADGE}:doors[value eq "N"]'}, expect=200)
    assert names(scim, f'{BADGE}:doors.value eq "n"') == []
    scim.patch(f"/Users/{made['id']}", {"op": "replace", "path": f"{BADGE}:doors", "value": [{"value": "E"}]}, expect=200)
    assert {value for _, value, _ in rows_of(rollcall, org)} == {"e"}
    scim.put(f"/Users/{made['id']}", user("a"), expect=200)
    assert rows_of(rollcall, org) == set()
    scim.patch(f"/Users/{made['id']}", {"op": "add", "path": f"{BADGE}:doors", "value": [{"value": "W"}]}, expect=200)
    scim.delete(f"/Users/{made['id']}", expect=204)
    assert rows_of(rollcall, org) == set()


def test_undeclared_numbers_and_built_in_attributes_can_have_one(org, admin, directory):
    scim = org.scim
    scim.post("/Users", user("a", shoeSize=43, title="Boss", **badge(number=7, exact="X")), expect=201)
    scim.post("/Users", user("b", shoeSize="43", title="boss", **badge(number=70, exact="x")), expect=201)
    scim.post("/Users", user("c", shoeSize={"value": 43.0}, nick=["x", "43"]), expect=201)
    for attribute in ("shoeSize", "nick", "title", f"{BADGE}:number", f"{BADGE}:exact", "addresses.locality"):
        make(admin, directory, attribute)
    scim.post("/Users", user("d", shoeSize=True, nick={"value": "X"}, addresses=[{"locality": "Here"}]), expect=201)
    for filter, found in (
        ('shoeSize eq "43"', "abc"),
        ("shoeSize eq 43", "abc"),
        ('shoeSize sw "4"', "abc"),
        ('shoeSize eq "true"', "d"),
        ('nick eq "x"', "cd"),
        ('title eq "BOSS"', "ab"),
        (f"{BADGE}:number eq 7", "a"),
        (f"{BADGE}:number eq 7.0", "a"),
        (f'{BADGE}:exact eq "x"', "b"),
        ('addresses[locality eq "here"]', "d"),
    ):
        assert names(scim, filter) == list(found), filter
        assert names(scim, scanned(filter)) == list(found), filter


def test_groups_and_own_types_can_have_one(org, admin, directory):
    scim = org.scim
    admin.post(f"{directory}/schemas", {"id": "urn:x:Device", "attributes": [{"name": "model"}, {"name": "serial", "uniqueness": "server"}]}, expect=201)
    admin.post(f"{directory}/resource-types", {"name": "Device", "endpoint": "/Devices", "schema": "urn:x:Device"}, expect=201)
    scim.post("/Devices", {"schemas": ["urn:x:Device"], "serial": "1", "model": "M"}, expect=201)
    make(admin, directory, "model", "Device")
    make(admin, directory, "color", "Group")
    scim.post("/Groups", {"schemas": [GROUP], "displayName": "g", "color": "red"}, expect=201)
    assert scim.find("/Devices", 'model eq "m"')["totalResults"] == 1
    assert scim.find("/Groups", 'color eq "RED"')["totalResults"] == 1
    assert scim.find("", 'color eq "RED"')["totalResults"] == 1
    admin.post(f"{directory}/indexes", {"resource_type": "Device", "attribute": "serial"}, expect=409)


@pytest.mark.parametrize(
    "body, status, pointer",
    [
        ({"attribute": "userName"}, 409, None),
        ({"attribute": "emails"}, 409, None),
        ({"attribute": "externalId"}, 409, None),
        ({"attribute": f"{BADGE}:color"}, 409, None),
        ({"attribute": "COLOR"}, 409, None),
        ({"attribute": f"{BADGE}:lost"}, 422, "#/attribute"),
        ({"attribute": f"{BADGE}:since"}, 422, "#/attribute"),
        ({"attribute": f"{BADGE}:place"}, 422, "#/attribute"),
        ({"attribute": BADGE}, 422, "#/attribute"),
        ({"attribute": "password"}, 422, "#/attribute"),
        ({"attribute": "groups.display"}, 422, "#/attribute"),
        ({"attribute": f"{ENTERPRISE}:manager.displayName"}, 422, "#/attribute"),
        ({"attribute": "hat.value"}, 422, "#/attribute"),
        ({"attribute": "a b"}, 422, "#/attribute"),
        ({"attribute": 7}, 422, "#/attribute"),
        ({}, 422, "#/attribute"),
        ({"attribute": "x", "resource_type": "Robot"}, 422, "#/resource_type"),
        ({"attribute": "x", "kind": "btree"}, 422, "#/kind"),
    ],
)
def test_what_can_have_no_index_is_refused(admin, directory, body, status, pointer):
    make(admin, directory, f"{BADGE}:color")
    refused = admin.post(f"{directory}/indexes", body, expect=status)
    if pointer:
        assert pointers(refused) == [pointer]
    assert len(admin.get(f"{directory}/indexes", expect=200)["indexes"]) == 1


def test_a_directory_has_at_most_twenty(admin, directory):
    for n in range(20):
        make(admin, directory, f"a{n}", wait=False)
    assert "20" in admin.post(f"{directory}/indexes", {"attribute": "more"}, expect=409)["detail"]
    admin.delete(f"{directory}/indexes/1000", expect=204)
    assert make(admin, directory, "more", wait=False).endswith("/1020"), "ids are not given twice"
    admin.get(f"{directory}/indexes/none", expect=404)
    admin.delete(f"{directory}/indexes/1000", expect=404)


def test_an_index_follows_its_attribute_when_that_is_declared(rollcall, org, admin, directory):
    scim = org.scim
    scim.post("/Users", user("a", shoeSize=43), expect=201)
    at = make(admin, directory, "shoeSize")
    first = rows_of(rollcall, org)
    admin.put(f"{directory}/schemas/{USER}", {"added_attributes": [{"name": "shoeSize", "type": "integer"}]}, expect=200)
    until(lambda: admin.get(at, expect=200)["state"] == "ready", "it is built again")
    assert names(scim, "shoeSize eq 43") == ["a"]
    until(lambda: len(rows_of(rollcall, org)) == 1 and rows_of(rollcall, org) != first, "the old rows are dropped", DROPPED)
    scim.post("/Users", user("b", shoeSize=43), expect=201)
    assert names(scim, "shoeSize eq 43") == ["a", "b"]
    admin.put(f"{directory}/schemas/{USER}?force=true", {"added_attributes": []}, expect=200)
    until(lambda: admin.get(at, expect=200)["state"] == "ready", "and again")
    assert names(scim, 'shoeSize eq "43"') == ["a", "b"]
    admin.put(f"{directory}/schemas/{BADGE}", {"attributes": ATTRIBUTES}, expect=200)
    assert admin.get(at, expect=200)["state"] == "ready", "what does not concern it leaves it alone"


COLORS = ["red", "Red", "green", "GREEN", "blue", "ä", "Ä", "x" * 200 + "1", "x" * 200 + "2", ""]


def random_badge(dice):
    doors = [{"value": dice.choice(COLORS) or "none"} for _ in range(dice.randrange(3))]
    values = {"color": dice.choice(COLORS), "number": dice.randrange(5), "doors": doors}
    return {name: value for name, value in values.items() if dice.random() < 0.7}


def write_randomly(client, dice, stop, failures, prefix, mine):
    number = 0
    try:
        while not stop.is_set():
            what = dice.random()
            if what < 0.1 or not mine:
                number += 1
                body = user(f"{prefix}-{number}", shoe=dice.choice([1, "1", "two", ["1"], True]), **badge(**random_badge(dice)))
                answer = client.post("/Users", body)
                mine += [answer["id"]] if answer.status == 201 else []
            elif what < 0.7:
                change = {"op": "replace", "path": f"{BADGE}:color", "value": dice.choice(COLORS[:-1])}
                answer = client.patch(f"/Users/{dice.choice(mine)}", change)
            elif what < 0.95:
                number += 1
                answer = client.put(f"/Users/{dice.choice(mine)}", user(f"{prefix}-{number}", **badge(**random_badge(dice))))
            else:
                answer = client.delete(f"/Users/{mine.pop(dice.randrange(len(mine)))}")
            if answer.status not in (200, 201, 204, 503):
                failures.append(answer)
    finally:
        client.close()


FILTERS = [
    *(f'{BADGE}:color eq "{color}"' for color in COLORS),
    f'{BADGE}:color sw "r"',
    f'{BADGE}:color sw "{"x" * 200}"',
    f'{BADGE}:color eq "red" or {BADGE}:number eq 3',
    f"{BADGE}:number eq 3",
    f'{BADGE}:number eq 3 and {BADGE}:color eq "blue"',
    f'{BADGE}:doors[value eq "green"]',
    f'{BADGE}:doors.value sw "g" or {BADGE}:color eq "ä"',
    'shoe eq "1"',
    "shoe eq 1",
    'shoe eq "TRUE"',
]
INDEXED = (f"{BADGE}:color", f"{BADGE}:number", f"{BADGE}:doors.value", "shoe")


@pytest.mark.slow
def test_answers_are_the_same_with_and_without_while_it_is_built_under_random_writes(rollcall, org, admin, directory):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    dice = random.Random(seed)
    scim = org.scim
    # what is there before is changed before, while and after the builder passes it
    first = [
        scim.post("/Users", user(f"first-{n}", shoe=dice.choice([1, "1", 2]), **badge(**random_badge(dice))), expect=201)["id"]
        for n in range(700)
    ]
    stop, failures = threading.Event(), []
    threads = [
        threading.Thread(target=write_randomly, args=(org.client(), random.Random(seed + n), stop, failures, f"w{n}", first[n::4]))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    try:
        places = [make(admin, directory, attribute, wait=False) for attribute in INDEXED]
        gone = make(admin, directory, "gone", wait=False)
        admin.delete(gone, expect=204)
        for at in places:
            until(lambda at=at: admin.get(at, expect=200)["state"] == "ready", "it is ready", 120)
        count = scim.get("/Users?count=0", expect=200)["totalResults"]
        until(lambda: failures or scim.get("/Users?count=0", expect=200)["totalResults"] != count)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[0]
    for filter in FILTERS:
        indexed = scim.find("/Users", filter, "&count=1000")
        plain = scim.find("/Users", scanned(filter), "&count=1000")
        assert [one["id"] for one in indexed["Resources"]] == [one["id"] for one in plain["Resources"]], filter
        assert indexed["totalResults"] == plain["totalResults"], filter
    documents = scim.get("/Users?count=1000&attributes=userName," + BADGE, expect=200)["Resources"]
    codes = {one["attribute"]: one["id"] for one in admin.get(f"{directory}/indexes", expect=200)["indexes"]}
    numbers = {
        (codes[f"{BADGE}:number"], str(one[BADGE]["number"]), one["id"].replace("-", ""))
        for one in documents
        if "number" in one.get(BADGE, {})
    }
    assert len(documents) < 1000 and rows_of(rollcall, org, codes[f"{BADGE}:number"]) == numbers


@pytest.mark.slow
def test_a_build_that_is_killed_goes_on(make_rollcall):
    rollcall = make_rollcall()
    org = rollcall.new_organization()
    scim = org.scim
    for n in range(1500):
        scim.post("/Users", user(f"u{n}", color=f"c{n}"), expect=201)
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    directory = f"/v1/directories/{org.directory_id}"
    at = make(admin, directory, "color", wait=False)
    until(lambda: len(rows_of(rollcall, org)) >= 200, "it has begun")
    rollcall.admin_process.kill()
    assert len(rows_of(rollcall, org)) < 1500, "too late to see anything"
    assert names(scim, 'color eq "c1499"') == ["u1499"]
    rollcall._start_admin()
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    until(lambda: admin.get(at, expect=200)["state"] == "ready", "it goes on", 120)
    assert len(rows_of(rollcall, org)) == 1500
    assert admin.get(f"/v1/jobs/{admin.get(at)['job_id']}")["progress"]["total"] == 1500
    for n in (0, 199, 200, 1499):
        assert names(scim, f'color eq "c{n}"') == [f"u{n}"]
