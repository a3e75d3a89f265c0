"""Text: what is kept as sent, what is the same, and what is refused (section 15 of the checklist, RFC 8264 and 8265).

The single rules of PRECIS are tested by tests/vectors/scim/precis.json; here they are seen from outside."""

import json
from pathlib import Path

import pytest

from harness.scim import GROUP, USER

VECTORS = Path(__file__).parents[1] / "vectors" / "scim"


def body(user_name, **attributes):
    return {"schemas": [USER], "userName": user_name, **attributes}


def found(scim, filter):
    return [user["userName"] for user in scim.find("/Users", filter)["Resources"]]


def test_I_01_every_character_survives(scim):
    for text in ("😀 👩‍👩‍👧 🏳️‍🌈", "\U0010fffd", "İstanbul ǅ ß ς", "נועם‎", "e\u0301 é", "a\u00a0b", "  two  ", "\t\n\r", "\u2028"):
        user = scim.new_user(displayName=text, name={"formatted": text}, emails=[{"value": "x@example.com", "display": text}])
        read = scim.get(f"/Users/{user['id']}", expect=200)
        assert read["displayName"] == read["name"]["formatted"] == read["emails"][0]["display"] == text
    named = scim.new_user("😀@example.com")
    assert found(scim, 'userName eq "😀@example.com"') == [named["userName"]]
    assert found(scim, 'userName eq "\\ud83d\\ude00@example.com"') == [named["userName"]]
    escaped = scim.post("/Users", body=b'{"schemas":["%s"],"userName":"esc","title":"\\ud83d\\ude00"}' % USER.encode(), expect=201)
    assert escaped["title"] == "😀"


def test_I_01_H_08_what_is_no_utf8_is_refused(scim):
    for text in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"):
        answer = scim.post("/Users", body=b'{"schemas":["%s"],"userName":"%s"}' % (USER.encode(), text), expect=400)
        assert answer["scimType"] == "invalidSyntax"


SAME = [
    ("Straße", "STRAßE"),
    ("é", "e\u0301"),
    ("É", "e\u0301"),
    ("Ω", "\u2126"),
    ("Σίσυφος", "σίσυφοσ"),
    ("DŽ", "dž"),
    ("ǅ", "ǆ"),
    ("Å", "\u212b"),
]
DIFFERENT = [
    ("é", "e"),
    ("ß", "ss"),
    ("x", "x "),
    ("x", " x"),
    ("a b", "a  b"),
    ("i", "ı"),
    ("I", "İ"),
    ("ﬁ", "fi"),
    ("x\u200by", "xy"),
    ("Ａ", "A"),
    ("ｱ", "ア"),
]


@pytest.mark.parametrize("stored, asked", SAME)
def test_I_02_what_is_the_same_in_filters(scim, stored, asked):
    user = scim.new_user(displayName=stored)
    assert found(scim, f'displayName eq "{asked}"') == [user["userName"]]
    assert found(scim, f'nickName eq "{asked}" or displayName co "{asked}"') == [user["userName"]], "without an index, too"


@pytest.mark.parametrize("stored, asked", DIFFERENT)
def test_I_02_what_differs_in_filters(scim, stored, asked):
    scim.new_user(displayName=stored)
    assert found(scim, f'displayName eq "{asked}"') == []
    assert found(scim, f'nickName pr or displayName eq "{asked}"') == [], "without an index, too"


@pytest.mark.parametrize("first, second", SAME)
def test_I_02_groups_with_the_same_name(scim, first, second):
    scim.new_group(first)
    assert scim.post("/Groups", {"schemas": [GROUP], "displayName": second}, expect=409)["scimType"] == "uniqueness"


@pytest.mark.parametrize("first, second", DIFFERENT)
def test_I_02_groups_with_different_names(scim, first, second):
    scim.new_group(first)
    scim.new_group(second)


def test_I_02_exact_attributes_are_compared_exactly(scim):
    scim.new_user("exact", externalId="é")
    assert found(scim, 'externalId eq "e\u0301"') == ["exact"], "normalised"
    assert found(scim, 'externalId eq "É"') == [], "not folded"


@pytest.mark.parametrize(
    "names",
    [
        ["bob", "BOB", "ＢＯＢ", "Ｂob"],
        ["Åsa", "a\u030asa", "\u212bsa", "A\u030aSA"],
        ["İx", "i\u0307x", "I\u0307x"],
        ["ﾊﾝｺ", "ハンコ"],
        ["fußball", "FUßBALL"],
        ["ΣΑΣ", "σας"],  # a capital sigma at the end of a word is a final one (Unicode, section 3.13)
    ],
    ids=["width", "composed", "dotted i", "half width", "sharp s", "sigma"],
)
def test_I_03_A_29_F_20_user_names_that_are_the_same(scim, names):
    created = scim.post("/Users", body(names[0]), expect=201)
    assert created["userName"] == names[0], "kept as sent"
    for name in names:
        assert found(scim, f'userName eq "{name}"') == [names[0]], name
    for name in names[1:]:
        assert scim.post("/Users", body(name), expect=409)["scimType"] == "uniqueness"


@pytest.mark.parametrize(
    "names",
    [["é", "e"], ["fußball", "fussball"], ["σας", "σασ"], ["ı", "i"], ["a b", "ab", "a  b"], ["نعم", "نعم1"], ["क्ष", "क्\u200dष"]],
)
def test_I_03_user_names_that_differ(scim, names):
    for name in names:
        scim.post("/Users", body(name), expect=201)
    for name in names:
        assert found(scim, f'userName eq "{name}"') == [name]


def test_I_03_bidi_controls_are_refused(scim):
    for control in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c":
        answer = scim.post("/Users", body(f"a{control}b"), expect=400)
        assert answer["scimType"] == "invalidValue" and "userName" in answer["detail"]


def published_vectors():
    return [(row["in"], row["out"]) for row in json.loads((VECTORS / "precis.json").read_text())]


def test_I_03_strict_takes_what_precis_allows(org, scim):
    org.set_rules(policy={"strict": True})
    taken = {}
    for name, prepared in published_vectors():
        answer = scim.post("/Users", body(name))
        if prepared is None:
            assert answer.status == 400 and answer["scimType"] == "invalidValue", (name, answer)
        elif prepared in taken:
            assert answer.status == 409, (name, answer)
        else:
            assert answer.status == 201 and answer["userName"] == name, (name, answer)
            taken[prepared] = name
    for name, prepared in published_vectors():
        if prepared is not None:
            filter = f"userName eq {json.dumps(name, ensure_ascii=False)}"
            assert found(scim, filter) == [taken[prepared]], name


def test_I_05_control_characters_are_refused(scim):
    for code in [*range(0x20), 0x7F]:
        character = chr(code)
        allowed = character in "\t\n\r"
        answer = scim.post("/Users", body(f"c{code}", displayName=f"a{character}b"))
        assert answer.status == (201 if allowed else 400), (code, answer)
        if not allowed:
            assert answer["scimType"] in ("invalidValue", "invalidSyntax")
        assert scim.post("/Users", body(f"d{character}{code}")).status == 400, code
