"""Literals of filters: dates (F-10) and JSON strings (F-19)."""

from urllib.parse import quote

import pytest


@pytest.fixture(scope="module")
def staff(shared_rollcall):
    organization = shared_rollcall.new_organization()
    organization.scim.created = organization.scim.new_user("ada")["meta"]["created"]
    yield organization.scim
    organization.scim.close()


def total(scim, filter):
    return scim.find("/Users", filter)["totalResults"]


@pytest.mark.parametrize("attribute", ["meta.created", "meta.lastModified"])
@pytest.mark.parametrize(
    "operator, instant, found",
    [
        ("gt", "0001-01-01T00:00:00Z", 1),
        ("lt", "0001-01-01T00:00:00Z", 0),
        ("lt", "9999-12-31T23:59:59.9999999Z", 1),
        ("ge", "2020-02-29T12:00:00.1234567Z", 1),
        ("ge", "2026-01-01T00:00:00+02:00", 1),
        ("ge", "2026-01-01T00:00:00-23:59", 1),
        ("gt", "2020-01-01T00:00:00", 1),
        ("ne", "2020-01-01T00:00:00Z", 1),
        ("eq", "2020-01-01T00:00:00Z", 0),
    ],
)
def test_F_10_instants(staff, attribute, operator, instant, found):
    assert total(staff, f'{attribute} {operator} "{instant}"') == found


def test_F_10_the_same_instant_in_other_words(staff):
    """created has milliseconds: zones and the length of the fraction do not matter."""
    created = staff.created
    assert created.endswith("Z") and created[19] == "."
    date, fraction = created[:19], created[20:23]
    hour = int(date[11:13])
    for text in (
        created,
        f"{date}.{fraction}0000Z",
        f"{date}.{fraction}+00:00",
        f"{date}.{fraction}-00:00",
        f"{date[:11]}{hour:02}{date[13:]}.{fraction}000000000Z",
    ):
        assert total(staff, f'meta.created eq "{text}"') == 1, text
        assert total(staff, f'meta.created ge "{text}" and meta.created le "{text}"') == 1, text
    assert total(staff, f'meta.created gt "{date}.{fraction}0001Z"') == 0
    assert total(staff, f'meta.created lt "{date}.{fraction}0001Z"') == 1


def test_F_10_a_range_as_entra_asks_it(staff):
    filter = 'meta.lastModified ge "2020-01-01T00:00:00.0000000Z" and meta.lastModified le "2100-01-01T00:00:00.0000000Z"'
    assert total(staff, filter) == 1


@pytest.mark.parametrize(
    "instant",
    [
        "2026",
        "2026-01-01",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-01-01T24:00:01Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00+2:00",
        "2026-01-01T00:00:00 Z",
        "0000-01-01T00:00:00Z",
        "yesterday",
        "",
    ],
)
def test_F_10_what_is_no_instant_is_refused(staff, instant):
    answer = staff.get("/Users?filter=" + quote(f'meta.created ge "{instant}"'), expect=400)
    assert answer["scimType"] == "invalidFilter"


STRINGS = {
    'a"b': r'"a\"b"',
    "a\\b": r'"a\\b"',
    "a/b": r'"a\/b"',
    "a/c": '"a/c"',
    "a\tb": r'"a\tb"',
    "line\nbreak": r'"line\nbreak"',
    "cr\rlf": r'"cr\rlf"',
    "é": r'"\u00e9"',
    "\U0001f600": r'"\ud83d\ude00"',
    "\U0001f601": '"\U0001f601"',
    "A": r'"\u0041"',
    "quote'": '"quote\'"',
}


@pytest.mark.parametrize("value, literal", STRINGS.items(), ids=[repr(text).replace("/", "|") for text in STRINGS])
def test_F_19_strings_are_those_of_json(staff, value, literal):
    user = staff.new_user(title=value)["id"]
    assert [resource["id"] for resource in staff.find("/Users", f"title eq {literal}")["Resources"]] == [user]
    assert total(staff, f"title sw {literal} and title co {literal}") == 1
    staff.delete(f"/Users/{user}", expect=204)


@pytest.mark.parametrize(
    "literal",
    [r'"\ud83d"', r'"\ude00"', r'"\ude00\ud83d"', r'"\ud83dx"', r'"\x41"', r'"\u00g1"', r'"\u004"', '"a\tb"', '"a\x01b"', r'"\u0000"'],
)
def test_F_19_what_json_forbids_is_refused(staff, literal):
    answer = staff.get("/Users?filter=" + quote(f"title eq {literal}"), expect=400)
    assert answer["scimType"] == "invalidFilter"


def test_F_19_backspace_and_form_feed_are_read(staff):
    """They can be asked for, though no stored text has them (I-05)."""
    assert total(staff, r'title eq "\b\f"') == 0
