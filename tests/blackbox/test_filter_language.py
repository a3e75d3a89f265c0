"""The filter language (checklist F) on a small staff: each row says which of them a filter finds."""

from urllib.parse import quote

import pytest

from harness.scim import ENTERPRISE

PEOPLE = {
    "ada": {
        "displayName": "Ada Lovelace",
        "name": {"givenName": "Ada", "familyName": "Lovelace"},
        "title": "Engineer",
        "externalId": "E-1",
        "profileUrl": "https://example.com/Ada",
        "emails": [
            {"value": "ada@example.com", "type": "work", "primary": True},
            {"value": "ada@home.example", "type": "home"},
        ],
        "x509Certificates": [{"value": "MAMCAQU="}],
        ENTERPRISE: {"department": "Research", "employeeNumber": "7", "manager": {"value": "boss-1"}},
        "level": 5,
    },
    "bob": {
        "displayName": "bob",
        "name": {"familyName": "de Vries"},
        "title": "engineer II",
        "externalId": "e-1",
        "active": False,
        "emails": [{"value": "bob@example.com", "type": "home"}, {"value": "b@other.example"}],
        "x509Certificates": [{"value": "MAMCAQY="}],
        ENTERPRISE: {"department": "50%_off\\"},
        "level": 5.0,
    },
    "cyd": {
        "displayName": "",
        "title": "Manager",
        "emails": [{"value": "cyd@example.com", "type": "work"}],
        "name": {"middleName": ""},
        ENTERPRISE: {"department": "500_off"},
        "level": 10,
    },
    "dan": {"roles": [{"value": "admin", "primary": True}], "level": "ten"},
}


@pytest.fixture(scope="module")
def staff(shared_rollcall):
    organization = shared_rollcall.new_organization()
    for name, attributes in PEOPLE.items():
        organization.scim.new_user(name, **attributes)
    yield organization.scim
    organization.scim.close()


def found(scim, filter, collection="/Users"):
    name = "userName" if collection == "/Users" else "displayName"
    return " ".join(sorted(resource[name] for resource in scim.find(collection, filter)["Resources"]))


def rows(*list):
    return pytest.mark.parametrize("filter, names", list, ids=[filter[:60] for filter, _ in list])


@rows(
    ('userName eq "ada" or userName eq "bob" and title eq "Manager"', "ada"),
    ('(userName eq "ada" or userName eq "bob") and active eq false', "bob"),
    ('userName eq "ada" or not (title pr) and level pr', "ada dan"),
    ('not (userName eq "ada") and title pr or userName eq "dan"', "bob cyd dan"),
    ('not (userName eq "ada" or userName eq "bob")', "cyd dan"),
    ('((((userName eq "ada"))))', "ada"),
    ('userName eq "ada" and userName eq "bob"', ""),
)
def test_F_01_parentheses_bind_before_not_before_and_before_or(staff, filter, names):
    assert found(staff, filter) == names


@pytest.mark.parametrize("number", range(8))
def test_F_01_a_truth_table(staff, number):
    """a or b and not (c), for each of the eight cases; a term is true or false for everybody."""
    a, b, c = (bool(number & bit) for bit in (4, 2, 1))
    terms = ["id pr" if value else "nickName pr" for value in (a, b, c)]
    everybody = found(staff, "id pr") == found(staff, f"{terms[0]} or {terms[1]} and not ({terms[2]})")
    assert everybody == (a or (b and not c))


@rows(
    ('USERNAME Eq "ada" AND Active EQ true', "ada"),
    ('username SW "a" Or UserName eW "n"', "ada dan"),
    ('NOT (username Co "a")', "bob cyd"),
    ("EMAILS.TYPE Pr And Title PR", "ada bob cyd"),
    ('EMAILS[TYPE EQ "work" AND VALUE SW "c"]', "cyd"),
    (ENTERPRISE.upper() + ':DEPARTMENT eq "research"', "ada"),
)
def test_F_02_operators_words_and_names_in_any_case(staff, filter, names):
    assert found(staff, filter) == names


@rows(
    ('displayName eq "ada lovelace"', "ada"),
    ('externalId eq "E-1"', "ada"),
    ('externalId eq "e-1"', "bob"),
    ('profileUrl eq "https://example.com/Ada"', "ada"),
    ('profileUrl eq "https://example.com/ada"', ""),
    ('userName eq "ADA"', "ada"),
    ('displayName eq "ada lovelace "', ""),
    ("active eq false", "bob"),
    ("level eq 5", "ada bob"),
    ('x509Certificates.value eq "MAMCAQU="', "ada"),
)
def test_F_05_eq_follows_case_exact(staff, filter, names):
    assert found(staff, filter) == names


@rows(
    ('title ne "Engineer"', "bob cyd dan"),
    ('title ne "ENGINEER"', "bob cyd dan"),
    ('title eq "Engineer" or title ne "Engineer"', "ada bob cyd dan"),
    ('title co "x" or title sw "x" or title ew "x" or title gt "zz" or title lt "" or title eq "x"', ""),
    ("active ne true", "bob"),
    (f'{ENTERPRISE}:employeeNumber ne "7"', "bob cyd dan"),
)
def test_F_06_ne_is_true_for_what_is_not_assigned_and_the_others_are_not(staff, filter, names):
    assert found(staff, filter) == names


@rows(
    ('title co "GIN"', "ada bob"),
    ('title co "Engineer"', "ada bob"),
    ('title sw "eng"', "ada bob"),
    ('title ew "II"', "bob"),
    ('title ew "Engineer"', "ada"),
    ('title co ""', "ada bob cyd"),
    ('externalId co "E-"', "ada"),
    ('profileUrl sw "https://example.com/A"', "ada"),
    ('department co "50%_"', "bob"),
    ('department co "0_"', "cyd"),
    ('department ew "off\\\\"', "bob"),
    ('department sw "50_"', ""),
    ('emails.value ew "@EXAMPLE.com"', "ada bob cyd"),
)
def test_F_07_substrings_are_literal(staff, filter, names):
    assert found(staff, filter) == names


@pytest.mark.parametrize("operator", ["co", "sw", "ew"])
@pytest.mark.parametrize(
    "attribute, value", [("active", "true"), ("meta.created", '"2026"'), ("x509Certificates.value", '"MAMC"')]
)
def test_F_07_substrings_are_of_strings_and_references_alone(staff, attribute, operator, value):
    answer = staff.get("/Users?filter=" + quote(f"{attribute} {operator} {value}"), expect=400)
    assert answer["scimType"] == "invalidFilter"


@rows(
    ("title pr", "ada bob cyd"),
    ("displayName pr", "ada bob"),
    ("name pr", "ada bob"),
    ("name.givenName pr", "ada"),
    ("emails pr", "ada bob cyd"),
    ("emails.type pr", "ada bob cyd"),
    ("emails.display pr", ""),
    (f"{ENTERPRISE}:manager pr", "ada"),
    ("active pr", "ada bob cyd dan"),
    ("meta pr", "ada bob cyd dan"),
    ("groups pr", ""),
    ("schemas pr", "ada bob cyd dan"),
    ("nothing pr", ""),
)
def test_F_08_pr_asks_for_a_value_that_is_not_empty(staff, filter, names):
    assert found(staff, filter) == names


@rows(
    ('title gt "engineer"', "bob cyd"),
    ('title ge "ENGINEER"', "ada bob cyd"),
    ('title lt "m"', "ada bob"),
    ('title le "engineer ii"', "ada bob"),
    ('externalId gt "E-1"', "bob"),
    ('profileUrl ge "https://"', "ada"),
    ("level gt 5", "cyd dan"),
    ("level le 5", "ada bob"),
    ('meta.created gt "2020-01-01T00:00:00Z"', "ada bob cyd dan"),
    ('meta.created lt "2020-01-01T00:00:00Z"', ""),
    ('emails.value gt "c"', "cyd"),
)
def test_F_09_order_is_by_type(staff, filter, names):
    """A number in an undeclared attribute is a number against numbers, and a text against texts."""
    assert found(staff, filter) == names


@pytest.mark.parametrize("operator", ["gt", "ge", "lt", "le"])
@pytest.mark.parametrize("term", ["active {} true", 'x509Certificates.value {} "MAMC"', 'name {} "a"'])
def test_F_09_booleans_binaries_and_complex_values_have_no_order(staff, operator, term):
    answer = staff.get("/Users?filter=" + quote(term.format(operator)), expect=400)
    assert answer["scimType"] == "invalidFilter"


@rows(
    ("active eq true", "ada cyd dan"),
    ('active eq "true"', "ada cyd dan"),
    ('active eq "False"', "bob"),
    ('roles[primary eq "True"]', "dan"),
    ("externalId eq E-1", "ada"),
    ("level eq 5.0", "ada bob"),
    ("level eq 0.5e1", "ada bob"),
    ('level eq "ten"', "dan"),
)
def test_F_11_L_10_literals_are_brought_to_the_type(staff, filter, names):
    assert found(staff, filter) == names


@pytest.mark.parametrize("filter", ['active eq "yes"', "active eq 1", "meta.created eq 2026", "meta.created eq true"])
def test_F_11_a_literal_of_another_type_is_refused(staff, filter):
    assert staff.get("/Users?filter=" + quote(filter), expect=400)["scimType"] == "invalidFilter"


@rows(
    ("title eq null", "dan"),
    ("title ne null", "ada bob cyd"),
    ("displayName eq null", "cyd dan"),
    ("emails eq null", "dan"),
    ("name ne null", "ada bob"),
    ("emails[type eq null]", "bob"),
)
def test_F_12_null_means_not_present(staff, filter, names):
    assert found(staff, filter) == names


@pytest.mark.parametrize("operator", ["co", "sw", "ew", "gt", "ge", "lt", "le"])
def test_F_12_null_can_be_equal_or_not_and_nothing_else(staff, operator):
    assert staff.get("/Users?filter=" + quote(f"title {operator} null"), expect=400)["scimType"] == "invalidFilter"


@rows(
    ('emails.type eq "home"', "ada bob"),
    ('emails.type ne "work"', "ada bob dan"),
    ('not (emails.type eq "work")', "bob dan"),
    ('emails.type ne "home"', "ada bob cyd dan"),
    ('emails.value ne "cyd@example.com"', "ada bob dan"),
)
def test_F_13_any_value_of_a_multi_valued_attribute_is_enough(staff, filter, names):
    """bob has a value without a type, which is not "home"; dan has no value at all."""
    assert found(staff, filter) == names


@rows(
    ('emails[type eq "work" and value ew "home.example"]', ""),
    ('emails.type eq "work" and emails.value ew "home.example"', "ada"),
    ('emails[type eq "home" and value co "@"]', "ada bob"),
    ('emails[type eq "work" or value sw "b@"]', "ada bob cyd"),
    ('emails[not (type pr)]', "bob"),
    ('emails[type eq "work" and not (primary eq true)]', "cyd"),
    ('emails[type ne "work"]', "ada bob"),
    ('emails[type eq "work" and (value sw "a" or value sw "c")]', "ada cyd"),
    ('not (emails[type eq "work"])', "bob dan"),
    ('emails[type eq "home"] and emails[type eq "work"]', "ada"),
    ('name[givenName eq "ada" and familyName sw "l"]', "ada"),
    ('emails[type eq "work"].value eq "ada@example.com"', "ada"),
)
def test_F_14_L_11_conditions_in_brackets_hold_for_one_value(staff, filter, names):
    assert found(staff, filter) == names


@rows(
    ('emails co "@example.com"', "ada bob cyd"),
    ('emails eq "ADA@example.com"', "ada"),
    (f'{ENTERPRISE}:manager eq "boss-1"', "ada"),
    (f'{ENTERPRISE}:manager.value eq "boss-1"', "ada"),
    ('roles eq "admin"', "dan"),
)
def test_F_15_a_complex_attribute_stands_for_its_value(staff, filter, names):
    assert found(staff, filter) == names


@pytest.mark.parametrize("filter", ['name eq "Ada"', 'meta eq "x"', 'addresses co "x"', 'name co "a"'])
def test_F_15_a_complex_attribute_without_value_needs_a_sub_attribute(staff, filter):
    assert staff.get("/Users?filter=" + quote(filter), expect=400)["scimType"] == "invalidFilter"


@rows(
    ('urn:ietf:params:scim:schemas:core:2.0:User:name.familyName sw "L"', "ada"),
    ('urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"', "ada"),
    ('urn:ietf:params:scim:schemas:core:2.0:User:emails[type eq "work"]', "ada cyd"),
    (f'{ENTERPRISE}:department eq "Research"', "ada"),
    (f'{ENTERPRISE}.department eq "Research"', "ada"),
    ('department eq "Research"', "ada"),
    ('manager.value eq "boss-1"', "ada"),
    ('urn:ietf:params:scim:schemas:core:2.0:User:id pr', "ada bob cyd dan"),
)
def test_F_16_L_12_names_with_their_schema(staff, filter, names):
    assert found(staff, filter) == names


def test_F_18_a_default_is_what_was_shown(staff):
    assert staff.find("/Users", 'userName eq "dan"')["Resources"][0]["active"] is True
    assert found(staff, 'active eq true and userName eq "dan"') == "dan"
    assert found(staff, 'active ne true and userName eq "dan"') == ""


@rows(
    ('userName eq "ＡＤＡ"', "ada"),
    ('userName sw "Ａ"', "ada"),
    ('userName co "ＤＡ"', "ada dan"),
    ('title eq "ＥＮＧＩＮＥＥＲ"', ""),
)
def test_F_20_I_03_user_names_are_compared_as_precis_prepares_them(staff, filter, names):
    assert found(staff, filter) == names


@rows(
    ('userName eq"ada"', "ada"),
    ('  userName   eq   "ada"  ', "ada"),
    ('emails[ type eq "work" ]', "ada cyd"),
    ('not(userName eq "ada")', "bob cyd dan"),
    ('(userName eq "ada")or(userName eq "bob")', "ada bob"),
)
def test_L_13_blanks_may_be_missing_or_many(staff, filter, names):
    assert found(staff, filter) == names
