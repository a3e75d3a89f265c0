"""Every attribute of the schemas can be filtered by (checklist F-17): one test for each row of tests/vectors/scim/schemas.tsv,
which the service does not read. Also references between users and groups (F-21)."""

import csv
import json
from pathlib import Path
from urllib.parse import quote

import pytest

from harness.scim import ENTERPRISE, GROUP, USER

TABLE = Path(__file__).resolve().parents[1] / "vectors" / "scim" / "schemas.tsv"
CERTIFICATE = {"one": "MAMCAQU=", "other": "MAMCAQY="}
DERIVED = ("groups", "members", "schemas", "id", "meta")


def rows(*schemas):
    with open(TABLE, newline="") as file:
        table = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [row for row in table if row["schema"] in schemas]


def value_of(row, mark):
    """mark: "one" or "other", so that the two users differ in every attribute."""
    if row["type"] == "boolean":
        return mark == "one"
    if row["type"] in ("integer", "decimal"):
        return len(mark)
    if row["type"] == "dateTime":
        return "2026-01-01T00:00:00Z" if mark == "one" else "2027-01-01T00:00:00Z"
    if row["type"] == "binary":
        return CERTIFICATE[mark]
    return f"https://example.com/{row['path']}/{mark}" if row["type"] == "reference" else f"{row['path']} {mark}"


def attributes_of(schema, mark):
    result = {}
    for row in rows(schema):
        name, _, sub = row["path"].partition(".")
        if name in DERIVED or row["mutability"] == "readOnly" or row["type"] == "complex" or name == "password":
            continue
        if not sub:
            result[name] = value_of(row, mark)
        elif parent_is_list(schema, name):
            result.setdefault(name, [{}])[0][sub] = value_of(row, mark)
        else:
            result.setdefault(name, {})[sub] = value_of(row, mark)
    return result


def parent_is_list(schema, name):
    return next(row for row in rows(schema) if row["path"] == name)["multiValued"] == "true"


@pytest.fixture(scope="module")
def staff(shared_rollcall):
    organization = shared_rollcall.new_organization()
    scim = organization.scim
    scim.users = {}
    for mark in ("one", "other"):
        user = attributes_of(USER, mark)
        user[ENTERPRISE] = attributes_of(ENTERPRISE, mark)
        user["externalId"] = f"externalId {mark}"
        scim.users[mark] = scim.new_user(user.pop("userName"), **user)
    scim.bare = scim.new_user("bare")
    scim.group = scim.new_group("displayName one", externalId="externalId one", members=[scim.users["one"]["id"]])
    scim.outer = scim.new_group("displayName other", externalId="externalId other", members=[scim.group["id"]])
    yield scim
    scim.close()


def ids(scim, filter, collection="/Users"):
    return [resource["id"] for resource in scim.find(collection, filter)["Resources"]]


def table(schema):
    chosen = [row for row in rows(schema) if row["path"].partition(".")[0] not in DERIVED + ("password",)]
    return pytest.mark.parametrize("row", chosen, ids=[row["path"] for row in chosen])


def check(scim, row, path, wanted, others):
    """Found by its value, by presence, and not by another's; a user without any is found by what asks for its absence."""
    simple = row["type"] != "complex"
    if not simple:
        assert set(ids(scim, f"{path} pr")) == {wanted, *others[:1]}
        return
    literal = json.dumps(value_of(row, "one"))
    assert ids(scim, f"{path} eq {literal}") == [wanted]
    assert wanted not in ids(scim, f"{path} ne {literal}")
    assert set(others) - set(ids(scim, f"{path} ne {literal}")) == set()
    assert wanted in ids(scim, f"{path} pr")
    if row["type"] in ("string", "reference"):
        assert ids(scim, f'{path} ew "{value_of(row, "one")[-5:]}"') == [wanted]
        assert ids(scim, f"{path} co {literal} and {path} sw {literal} and {path} ge {literal}") == [wanted]
    upper = path.upper() if ":" not in path else path
    assert ids(scim, f"{upper} eq {literal}") == [wanted]


@table(USER)
def test_F_17_each_attribute_of_a_user(staff, row):
    wanted, other = staff.users["one"]["id"], staff.users["other"]["id"]
    if row["path"] == "active":
        assert ids(staff, "active eq false") == [other]
        assert ids(staff, "active eq true") == [wanted, staff.bare["id"]]
        return
    if row["path"] == "userName":
        assert ids(staff, 'userName eq "userName one"') == [wanted]
        assert ids(staff, "userName pr") == [wanted, other, staff.bare["id"]]
        return
    check(staff, row, row["path"], wanted, [other, staff.bare["id"]])
    check(staff, row, f"{USER}:{row['path']}", wanted, [other, staff.bare["id"]])


@table(ENTERPRISE)
def test_F_17_each_attribute_of_the_enterprise_extension(staff, row):
    wanted, others = staff.users["one"]["id"], [staff.users["other"]["id"], staff.bare["id"]]
    if row["mutability"] == "readOnly" or row["path"].endswith(("$ref", "displayName")):
        assert ids(staff, f"{ENTERPRISE}:{row['path']} pr") == []  # these managers are no users
        return
    check(staff, row, f"{ENTERPRISE}:{row['path']}", wanted, others)
    check(staff, row, row["path"], wanted, others)


def test_F_17_what_is_derived_of_a_manager(staff):
    boss = staff.users["one"]
    report = staff.new_user("report", **{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    shown = staff.get(f"/Users/{report['id']}")[ENTERPRISE]["manager"]
    for sub in ("value", "$ref", "displayName"):
        assert ids(staff, f"{ENTERPRISE}:manager.{sub} eq {json.dumps(shown[sub])}") == [report["id"]], sub
        assert report["id"] in ids(staff, f"manager.{sub} pr")
    assert ids(staff, f"manager eq \"{boss['id']}\" and manager.displayName co \"one\"") == [report["id"]]
    staff.delete(f"/Users/{report['id']}", expect=204)


def test_F_17_what_every_resource_has(staff):
    wanted, other, bare = staff.users["one"]["id"], staff.users["other"]["id"], staff.bare["id"]
    everybody = [wanted, other, bare]
    meta = staff.get(f"/Users/{wanted}")["meta"]
    assert ids(staff, f'id eq "{wanted}"') == ids(staff, f'id sw "{wanted}"') == [wanted]
    assert ids(staff, f'id ne "{wanted}"') == [other, bare]
    assert ids(staff, 'externalId eq "externalId one"') == [wanted]
    assert ids(staff, "externalId pr") == [wanted, other]
    assert ids(staff, 'externalId eq "EXTERNALID ONE"') == []
    assert ids(staff, 'meta.resourceType eq "User"') == everybody
    assert ids(staff, 'meta.resourceType eq "Group"') == []
    assert ids(staff, f"meta.location eq {json.dumps(meta['location'])}") == [wanted]
    assert ids(staff, f'meta.location ew "{wanted}"') == [wanted]
    assert wanted in ids(staff, f"meta.created eq {json.dumps(meta['created'])}")
    assert wanted in ids(staff, f"meta.lastModified le {json.dumps(meta['lastModified'])}")
    assert ids(staff, f"meta.created gt {json.dumps(meta['created'])} and id eq \"{wanted}\"") == []


def test_F_17_V_02_a_version_is_found_as_it_is_shown(staff):
    """The version of a user counts its groups: it is not the number of the row alone."""
    for user in (staff.users["one"], staff.bare):
        version = staff.get(f"/Users/{user['id']}")["meta"]["version"]
        assert user["id"] in ids(staff, f"meta.version eq {json.dumps(version)}")
    assert staff.users["one"]["id"] not in ids(staff, f"meta.version eq {json.dumps('W/' + chr(34) + '1' + chr(34))}")


def test_F_17_schemas_hold_urns_in_any_case(staff):
    wanted, other, bare = staff.users["one"]["id"], staff.users["other"]["id"], staff.bare["id"]
    assert ids(staff, f'schemas eq "{ENTERPRISE}"') == [wanted, other]
    assert ids(staff, f'schemas eq "{ENTERPRISE.upper()}"') == [wanted, other]
    assert ids(staff, f'schemas eq "{USER.lower()}"') == [wanted, other, bare]
    assert ids(staff, f'not (schemas eq "{ENTERPRISE}")') == [bare]
    assert ids(staff, 'schemas co "enterprise"') == [wanted, other]
    assert ids(staff, f'schemas eq "{GROUP}"') == []


@pytest.mark.parametrize("filter", ["password pr", 'password eq "secret"', f'{USER}:password sw ""', "PASSWORD pr"])
def test_F_17_F_24_what_is_never_returned_cannot_be_asked(staff, filter):
    refused = staff.get("/Users?filter=" + quote(filter), expect=403)
    assert refused["scimType"] == "sensitive" and "secret" not in refused["detail"]


def test_F_17_L_14_undeclared_attributes_are_texts_and_more(staff):
    attributes = {
        "badge": "B-7",
        "floor": 5,
        "remote": True,
        "tags": ["red", "blue"],
        "desk": {"building": "North", "number": 12},
        "keys": [{"value": "k1", "type": "door"}, {"value": "k2", "type": "car"}],
        "urn:example:hr": {"grade": "A", "salary": {"band": "3"}},
    }
    wanted = staff.new_user("undeclared", **attributes)["id"]
    for filter in (
        'badge eq "b-7"',
        'BADGE sw "B"',
        "floor eq 5",
        "floor gt 4.5",
        'floor eq "5"',
        "remote eq true",
        'tags eq "BLUE"',
        'tags[value eq "red"]',
        'desk.building eq "north"',
        "desk.number lt 13",
        'keys[type eq "car" and value eq "k2"]',
        'keys.value co "1"',
        'keys eq "k2"',
        'urn:example:hr:grade eq "a"',
        'URN:EXAMPLE:HR:GRADE eq "a"',
        'urn:example:hr:salary.band eq "3"',
    ):
        assert ids(staff, filter) == [wanted], filter
    assert ids(staff, 'keys[type eq "car" and value eq "k1"]') == []
    staff.delete(f"/Users/{wanted}", expect=204)


def test_F_17_A_06_what_a_group_calls_its_manager_is_undeclared(staff):
    """The server took it for a user's manager, which is stored in a way of its own, and stopped."""
    boss = staff.users["one"]["id"]
    attributes = {ENTERPRISE: {"manager": {"value": boss}, "department": "D"}, "tags": ["last"]}
    group = staff.new_group(**attributes)
    assert group[ENTERPRISE] == attributes[ENTERPRISE]
    assert staff.get(f"/Groups/{group['id']}", expect=200)[ENTERPRISE] == attributes[ENTERPRISE]
    assert ids(staff, f'{ENTERPRISE}:manager.value eq "{boss}"', "/Groups") == [group["id"]]
    assert ids(staff, f"{ENTERPRISE}:manager.displayName pr", "/Groups") == []
    staff.delete(f"/Groups/{group['id']}", expect=204)


# --- references ---


def test_F_17_each_attribute_of_a_group(staff):
    group, outer = staff.group["id"], staff.outer["id"]

    def found(filter):
        return ids(staff, filter, "/Groups")

    assert found('displayName eq "DISPLAYNAME one"') == [group]
    assert found('displayName co "one" or displayName ew "other"') == [group, outer]
    assert found('externalId eq "externalId one"') == [group]
    assert found("displayName pr") == found("members pr") == [group, outer]
    assert found('members.type eq "User"') == [group]
    assert found('members.type eq "Group"') == [outer]
    assert found('members.display eq "displayName one"') == [group, outer]  # a user and a group of that name
    member = staff.get(f"/Groups/{group}")["members"][0]
    assert found(f"members.$ref eq {json.dumps(member['$ref'])}") == [group]
    assert found(f"members[type eq \"User\" and value eq \"{member['value']}\"]") == [group]
    assert found('meta.resourceType eq "Group"') == [group, outer]


def test_F_21_members_and_groups_in_every_form(staff):
    user, group, outer = staff.users["one"]["id"], staff.group["id"], staff.outer["id"]
    for form in ('members[value eq "{}"]', 'members.value eq "{}"', 'members eq "{}"'):
        assert ids(staff, form.format(user), "/Groups") == [group], form
        assert ids(staff, form.format(user.upper()), "/Groups") == [group], form
        assert ids(staff, form.format(group), "/Groups") == [outer], form
        assert ids(staff, form.format(staff.bare["id"]), "/Groups") == [], form
        assert ids(staff, form.format("nonsense"), "/Groups") == [], form
        assert ids(staff, form.format(user) + ' and displayName sw "d"', "/Groups") == [group], form
        assert ids(staff, f"not ({form.format(user)})", "/Groups") == [outer], form
        assert ids(staff, f"{form.format(user)} or {form.format(group)}", "/Groups") == [group, outer], form
    for form in ('groups[value eq "{}"]', 'groups.value eq "{}"', 'groups eq "{}"'):
        assert ids(staff, form.format(group)) == [user], form
        assert ids(staff, form.format(group.upper())) == [user], form
        assert ids(staff, form.format("nonsense")) == [], form
        assert ids(staff, form.format(group) + " and active eq true") == [user], form
        assert set(ids(staff, f"not ({form.format(group)})")) == {staff.users["other"]["id"], staff.bare["id"]}, form
    assert ids(staff, 'groups.display eq "displayName one"') == [user]
    assert user in ids(staff, 'groups.type eq "direct"')
    assert user in ids(staff, "groups pr")


def test_F_21_a_filter_by_members_pages_and_shows_them(staff):
    user, group = staff.users["one"]["id"], staff.group["id"]
    found = staff.find("/Groups", f'members eq "{user}"')
    assert [member["value"] for member in found["Resources"][0]["members"]] == [user]
    found = staff.find("/Groups", f'members eq "{user}"', "&excludedAttributes=members")
    assert found["Resources"][0]["id"] == group and "members" not in found["Resources"][0]
