"""Filters that are refused, that are too much, and that would be dangerous elsewhere (checklist F-03, F-04, F-22, F-23)."""

import json
from urllib.parse import quote

import pytest

from harness.scim import ENTERPRISE


@pytest.fixture(scope="module")
def organization(shared_rollcall):
    organization = shared_rollcall.new_organization()
    organization.scim.new_user("ada", displayName="Ada", title="Engineer", nickName="'; DROP TABLE resource; --")
    organization.scim.new_user("bob", displayName="100%", title="a\\b", nickName='say "hello"')
    organization.scim.new_group("Crew")
    yield organization
    organization.scim.close()


@pytest.fixture
def staff(organization):
    return organization.scim


def refuse(scim, filter, collection="/Users"):
    answer = scim.get(f"{collection}?filter=" + quote(filter, safe=""), expect=400)
    assert answer["scimType"] == "invalidFilter"
    return answer["detail"]


BAD = [
    "",
    " ",
    "userName",
    "userName eq",
    'eq "a"',
    '"a" eq userName',
    'userName is "a"',
    'userName = "a"',
    'userName eq "a',
    "userName eq 'a'",
    'userName eq "a" and',
    'and userName eq "a"',
    'userName eq "a" or or userName eq "b"',
    'userName eq "a" userName eq "b"',
    '(userName eq "a"',
    'userName eq "a")',
    "()",
    "not",
    'not userName eq "a"',
    "not ()",
    'userName pr "a"',
    "pr userName",
    'emails[type eq "work"',
    'emails type eq "work"]',
    "emails[]",
    'emails[type eq "work"]]',
    'emails[emails[type eq "work"]]',
    'emails.type[value eq "work"]',
    'emails..type eq "work"',
    'emails. eq "work"',
    '.type eq "work"',
    'emails.type.value eq "work"',
    'userName[value eq "a"]',
    '1name eq "a"',
    'user name eq "a"',
    'userName eq "a" && active eq true',
    'userName eq "a"; active eq true',
    "userName eq {}",
    "userName eq [1]",
    'userName eq "\\x"',
    'userName eq "\\u12"',
    'userName eq "a\nb"',
    "active eq tru",
    "meta.created gt yesterday",
    ENTERPRISE + " pr",
    ENTERPRISE + ": pr",
    'urn: eq "a"',
    "*",
]
OF_USERS = ["active eq tru", "userName[value eq", ENTERPRISE]  # a group has these as undeclared attributes, or not at all


@pytest.mark.parametrize("filter", BAD, ids=[repr(text[:40]).replace("/", "|") for text in BAD])
def test_F_03_what_cannot_be_read_is_refused(staff, filter):
    refuse(staff, filter)
    if not any(text in filter for text in OF_USERS):
        refuse(staff, filter, "/Groups")


def test_F_03_the_error_names_the_character(staff):
    assert "character 23" in refuse(staff, 'userName eq "a" and (x')
    assert "character 10" in refuse(staff, 'userName is "a"')


@pytest.mark.parametrize("filter", ["department eq 5 and", 'nothing eq "x" or'])
def test_F_03_a_bad_filter_never_returns_everything(staff, filter):
    refuse(staff, filter)


@pytest.mark.parametrize("filter", ['nothing eq "x"', "urn:x:y:nothing pr", 'emails.nothing eq "x"', "nothing[a eq 1]"])
def test_F_04_an_unknown_attribute_is_refused_where_unknown_ones_are_not_kept(shared_rollcall, staff, filter):
    assert staff.find("/Users", filter)["totalResults"] == 0  # kept: it may be there, and is not
    strict = shared_rollcall.new_organization()
    strict.set_rules(policy={"unknown_attributes": "reject"})
    refuse(strict.scim, filter)
    strict.scim.close()


CAPS = {
    "8 KiB": ('userName eq "' + "a" * 8178 + '"', 'userName eq "' + "a" * 8179 + '"'),
    "32 levels": ("(" * 32 + "userName pr" + ")" * 32, "(" * 33 + "userName pr" + ")" * 33),
    "100 terms": (" or ".join(["userName pr"] * 100), " or ".join(["userName pr"] * 101)),
    "not": ("not (" * 32 + "userName pr" + ")" * 32, "not (" * 33 + "userName pr" + ")" * 33),
}


@pytest.mark.parametrize("within, beyond", CAPS.values(), ids=CAPS.keys())
def test_F_22_length_depth_and_terms_are_capped(staff, within, beyond):
    staff.find("/Users", within)
    refuse(staff, beyond)


BOMBS = {
    "co on everything": " or ".join(f'a{number} co "{"ab" * 30}"' for number in range(100)),
    "repetition": " or ".join(f'displayName co "{"a" * 700}b{number}"' for number in range(10)),
    "nested not": "not (" * 31 + "not (userName pr and displayName pr)" + ")" * 31,
    "brackets": " or ".join(f'emails[value co "x{number}" and type co "y"]' for number in range(50)),
    "alternating": "(" * 20 + 'a pr) or b pr) and c pr) or d pr) and e pr) or f pr) and g pr) or h pr)' + ")" * 12,
}


@pytest.mark.parametrize("filter", BOMBS.values(), ids=BOMBS.keys())
def test_F_22_complexity_bombs_are_answered(staff, filter):
    answer = staff.get("/Users?filter=" + quote(filter, safe=""))
    assert answer.status == 200 or answer["scimType"] in ("invalidFilter", "tooMany"), answer
    assert staff.find("/Users", 'userName eq "ada"')["totalResults"] == 1


INJECTIONS = [
    "' OR '1'='1",
    "'; DROP TABLE resource; --",
    '" OR 1=1 -- ',
    "\\' OR 1=1 #",
    "%",
    "_",
    "%' OR document LIKE '%",
    "') UNION SELECT hash FROM scim_token -- ",
    "a' AND SLEEP(5) AND 'a'='a",
    "\\",
    "?",
    "{wanted}",
    "{match r.id}",
    "%s%n",
    "\u0000",
    "${jndi:ldap://x}",
    "/**/",
    "0x61",
    "CHAR(97)",
    "\u02bc OR 1=1",
    "\uff07 OR 1=1",
]
ATTRIBUTES = ["userName", "displayName", "externalId", "emails.value", "title", "id", "custom", "name.familyName"]


@pytest.mark.parametrize("text", INJECTIONS, ids=[repr(text[:20]).replace("/", "|") for text in INJECTIONS])
def test_F_23_SEC_08_literals_are_values_and_nothing_else(staff, text):
    for attribute in ATTRIBUTES:
        for operator in ("eq", "sw", "co"):
            answer = staff.get("/Users?filter=" + quote(f"{attribute} {operator} {json.dumps(text)}", safe=""))
            if "\x00" in text:
                assert answer.status == 400, answer
            else:
                expected = 1 if (attribute, operator) == ("displayName", "co") and text == "%" else 0
                expected += (attribute, operator, text) == ("title", "co", "\\")
                assert (answer.status, answer["totalResults"]) == (200, expected), (attribute, operator, answer)
    assert staff.find("/Users", "id pr")["totalResults"] == 2


def test_F_23_SEC_08_what_was_stored_is_found_as_it_is(staff):
    assert staff.find("/Users", "nickName eq \"'; DROP TABLE resource; --\"")["totalResults"] == 1
    assert staff.find("/Users", 'nickName eq "say \\"hello\\""')["totalResults"] == 1
    assert staff.find("/Users", 'title eq "a\\\\b"')["totalResults"] == 1


@pytest.mark.parametrize("name", ["id;--", "id'--", "`id`", "id)", "r.document", "1=1", "id/**/", 'id"'])
def test_F_23_SEC_08_names_from_a_request_reach_no_statement(staff, name):
    answer = staff.get("/Users?filter=" + quote(f'{name} eq "a"', safe=""))
    if answer.status == 200:  # a sub-attribute that nobody has
        assert answer["totalResults"] == 0
    else:
        assert answer.status == 400 and answer["scimType"] == "invalidFilter"


@pytest.mark.parametrize(
    "filter",
    [
        'active eq "true"',
        "userName eq ada",
        'userName eq"ada"',
        'emails[type eq "work"].value eq "a"',
        'not(userName eq "a") or(title pr)',
        "userName eq 5",
    ],
)
def test_F_11_L_10_L_11_L_13_a_strict_directory_takes_none_of_the_leniencies(shared_rollcall, staff, filter):
    staff.find("/Users", filter)
    strict = shared_rollcall.new_organization()
    strict.set_rules(policy={"strict": True})
    refuse(strict.scim, filter)
    strict.scim.close()
