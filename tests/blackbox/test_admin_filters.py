"""?filter= and the look-ups of the admin API find what SCIM's filters find: same language, same planner, same bounds."""

import random
from urllib.parse import quote

import pytest

from harness.openapi import CheckedAdmin
from harness.scim import ENTERPRISE

SEED = 20260


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def place(org):
    return f"/v1/directories/{org.directory_id}"


def walk(admin, path, name, pages=None):
    found, cursor = [], None
    for _ in range(1000):
        page = admin.get(path + (f"&cursor={cursor}" if cursor else ""), expect=200)
        if pages is not None:
            pages.append(len(page[name]))
        found += [item["id"] for item in page[name]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the walk has no end")


def people(scim, chance):
    """Thirty users who share a few values, and groups of them, one in another."""
    users = []
    for i in range(30):
        extra = {}
        if chance.random() < 0.7:
            extra["active"] = chance.random() < 0.5
        if chance.random() < 0.5:
            extra["externalId"] = f"x{i % 7}"
        if chance.random() < 0.5:
            extra["title"] = chance.choice(["Analyst", "analyst II", "Éngineer"])
        if chance.random() < 0.3:
            extra["shoeSize"] = chance.choice(["41", "42"])
        if chance.random() < 0.5:
            extra[ENTERPRISE] = {"department": chance.choice(["R&D", "Sales"]), "employeeNumber": str(i % 5)}
            if users and chance.random() < 0.5:
                extra[ENTERPRISE]["manager"] = {"value": chance.choice(users)}
        user = scim.new_user(
            f"{chance.choice(['ada', 'Bob', 'çem'])}{i}@example.com",
            displayName=chance.choice(["Ada", "Bob \"B\"", "Çem"]),
            emails=[{"value": f"m{i % 9}@Example.com", "type": "work", "primary": True}],
            **extra,
        )
        users.append(user["id"])
    inner = scim.new_group("Inner", chance.sample(users, 8))["id"]
    outer = scim.new_group("Outer", chance.sample(users, 8) + [inner])["id"]
    return users, [inner, outer]


def random_filter(chance, users, groups, depth=2):
    if depth and chance.random() < 0.5:
        left, right = (random_filter(chance, users, groups, depth - 1) for _ in range(2))
        return chance.choice([f"({left}) and ({right})", f"({left}) or ({right})", f"not ({left})"])
    return chance.choice(
        [
            f'userName {chance.choice(["eq", "sw", "co", "ew", "ne", "gt", "le"])} "{chance.choice(["ADA", "bob1@example.com", "ç", "m"])}"',
            f'emails.value eq "M{chance.randrange(10)}@example.com"',
            f'emails[type eq "work" and value sw "m{chance.randrange(10)}"]',
            f'externalId eq "x{chance.randrange(8)}"',
            f"active eq {chance.choice(['true', 'false'])}",
            f'title {chance.choice(["co", "sw", "eq"])} "{chance.choice(["ANALYST", "é", "II"])}"',
            f'displayName eq "{chance.choice(["ada", "çem"])}"',
            'displayName co "\\"b"',
            f'{ENTERPRISE}:department eq "{chance.choice(["r&d", "Sales"])}"',
            f'{ENTERPRISE}:employeeNumber eq "{chance.randrange(6)}"',
            f'manager eq "{chance.choice(users)}"',
            f'groups eq "{chance.choice(groups)}"',
            f'groups.type eq "{chance.choice(["direct", "indirect"])}"',
            f'id {chance.choice(["eq", "gt"])} "{chance.choice(users)}"',
            f'shoeSize eq "{chance.choice(["41", "43"])}"',
            f"{chance.choice(['title', 'shoeSize', 'groups', 'manager'])} pr",
            'meta.created gt "2020-01-01T00:00:00Z"',
        ]
    )


def test_a_filter_finds_what_scim_finds(admin, place, scim):
    chance = random.Random(SEED)
    users, groups = people(scim, chance)
    sizes = set()
    for _ in range(150):
        text = random_filter(chance, users, groups)
        expected = [user["id"] for user in scim.get(f"/Users?count=1000&filter={quote(text)}", expect=200)["Resources"]]
        assert walk(admin, f"{place}/users?limit=7&filter={quote(text)}", "users") == expected, text
        sizes.add(len(expected))
    assert len(sizes) > 10, "the filters are not of many kinds"


def test_what_a_filter_finds_is_shown_as_everywhere(admin, place, org, scim):
    users, groups = people(scim, random.Random(SEED + 1))
    everyone = {user["id"]: user for user in admin.get(f"{place}/users?limit=1000", expect=200)["users"]}
    for text in ('title co "a"', f'groups eq "{groups[1]}"', 'emails.value eq "m3@example.com"', f'id eq "{users[0]}"'):
        for path in (place, f"/v1/organizations/{org.id}"):
            for user in admin.get(f"{path}/users?filter={quote(text)}", expect=200)["users"]:
                assert user == everyone[user["id"]]


def test_groups_are_filtered(admin, place, scim):
    users, (inner, outer) = people(scim, random.Random(SEED + 2))
    for text, expected in ((f'members eq "{inner}"', outer), ('displayName sw "in"', inner)):
        assert walk(admin, f"{place}/groups?filter={quote(text)}", "groups") == [expected]
    assert walk(admin, f"{place}/groups?display_name=OUTER", "groups") == [outer]
    assert walk(admin, f"{place}/groups?display_name=out", "groups") == []


def test_people_are_looked_up_by_what_the_application_knows(admin, place, org, scim):
    ada = scim.new_user("Ada@Example.com", externalId="00u1", emails=[{"value": "a@x.example"}, {"value": "b@x.example"}])
    odd = scim.new_user('q"uo\\te', externalId="ADA")
    for path in (place, f"/v1/organizations/{org.id}"):

        def found(query):
            return walk(admin, f"{path}/users?{query}", "users")

        assert found("user_name=ada@example.com") == [ada["id"]]
        assert found("user_name=ada") == found("user_name=") == []
        assert found("user_name=" + quote('Q"uo\\te')) == [odd["id"]]
        assert found("email=B%40X.example") == [ada["id"]]
        assert found("external_id=00u1") == [ada["id"]]
        assert found("external_id=00U1") == found("external_id=ada") == []
        assert found("external_id=00u1&email=a@x.example") == [ada["id"]]
        assert found("external_id=00u1&email=nobody@x.example") == []
        assert found("email=a@x.example&filter=" + quote('userName sw "b" or userName sw "c"')) == []


@pytest.mark.parametrize(
    "query", ["filter=", "filter=x", "filter=userName+eq", "filter=userName+eq+%22a%22+)", "filter=password+pr"]
)
def test_a_bad_filter_is_refused(admin, place, query):
    answer = admin.get(f"{place}/users?{query}", expect=400)
    assert answer["type"] == "urn:rollcall:problem:invalid-filter"


def test_look_ups_are_of_their_own_lists(admin, place, scim):
    admin.get(f"{place}/groups?user_name=a", expect=400)
    admin.get(f"{place}/users?display_name=a", expect=400)


def test_a_scan_that_is_too_long_goes_on_behind_its_cursor(rollcall, admin, place, org, scim):
    last = scim.new_user("needle", title="Needle")
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO resource (directory_id, type, id, unique_key, open_braces, version, created_ms, modified_ms,"
            " document) SELECT directory_id, 1, UNHEX(CONCAT('01890000000070008000', LPAD(HEX(seq), 12, '0'))),"
            " CONCAT('b', seq), 1, 1, 1, 1, CONCAT('{\"schemas\":[],\"userName\":\"b', seq, '\"')"
            " FROM resource, seq_1_to_250000 WHERE id = UNHEX(%s)",
            (last["id"].replace("-", ""),),
        )
    pages = []
    assert walk(admin, f"{place}/users?filter=title+eq+%22needle%22", "users", pages) == [last["id"]]
    assert len(pages) == 3 and pages[:2] == [0, 0]
