"""Who is let in, and what the others are told (RFC 6750, RFC 7644 section 2)."""

import re

import pytest

from harness.scim import GROUP, USER, Scim
from test_scim_tokens import mint

ENDPOINTS = ("/Users", "/Groups", "/ServiceProviderConfig", "/Bulk")
WRONG = "Bearer nonsense"
CHALLENGE = re.compile(r'^Bearer realm="scim"((, (error|scope)="[\x20\x21\x23-\x5b\x5d-\x7e]*")*)$')


def challenge_of(answer):
    """The parameters of the challenge; the grammar of RFC 6750 section 3 is held to."""
    assert answer.headers.get_all("www-authenticate") == [answer.headers["www-authenticate"]]
    match = CHALLENGE.match(answer.headers["www-authenticate"])
    assert match, answer.headers["www-authenticate"]
    parameters = re.findall(r'(\w+)="([^"]*)"', match.group(1))
    assert len(dict(parameters)) == len(parameters), "no parameter is repeated"
    return dict(parameters)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "BeArEr"])
def test_O_01_a_bearer_token_is_accepted_the_scheme_in_any_case(org, scheme):
    org.scim.get("/Users", authorization=f"{scheme} {org.token}", expect=200)


def test_O_01_SEC_05_a_token_in_the_query_is_none(org):
    answer = org.scim.get(f"/Users?access_token={org.token}", authorization="", expect=401)
    assert challenge_of(answer) == {}


def test_O_01_a_token_in_a_form_is_none(org):
    body = f"access_token={org.token}".encode()
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    org.scim.request("POST", "/Users", body=body, headers=form, authorization="", expect=401)


@pytest.mark.parametrize("method, path", [("GET", "/Users"), ("POST", "/Users"), ("DELETE", "/Groups/x"), ("POST", "/Bulk")])
def test_SEC_01_O_02_without_credentials_401_names_the_scheme_and_no_error(org, method, path):
    body = {} if method == "POST" else None
    assert challenge_of(org.scim.request(method, path, json=body, authorization="", expect=401)) == {}


@pytest.mark.parametrize("other", ["Basic dXNlcjpwYXNz", "Digest username=x", "Negotiate YII=", "Bearers {token}"])
def test_SEC_10_O_02_another_scheme_is_401_without_an_error_code(org, other):
    answer = org.scim.get("/Users", authorization=other.format(token=org.token), expect=401)
    assert challenge_of(answer) == {}


def test_SEC_10_basic_is_not_offered_even_with_the_token_as_password(org):
    import base64

    pair = base64.b64encode(f"user:{org.token}".encode()).decode()
    org.scim.get("/Users", authorization=f"Basic {pair}", expect=401)
    schemes = org.scim.get("/ServiceProviderConfig", expect=200)["authenticationSchemes"]
    assert [scheme["type"] for scheme in schemes] == ["oauthbearertoken"]


def test_O_02_a_wrong_token_is_401_invalid_token(org):
    assert challenge_of(org.scim.get("/Users", authorization=WRONG, expect=401)) == {"error": "invalid_token"}


@pytest.mark.parametrize("malformed", ["Bearer", "Bearer {token} {token}", "Bearer {token},", 'Bearer "{token}"', "Bearer =="])
def test_O_02_what_is_no_token_by_its_grammar_is_400_invalid_request(org, malformed):
    answer = org.scim.get("/Users", authorization=malformed.format(token=org.token), expect=400)
    assert challenge_of(answer) == {"error": "invalid_request"}
    assert "scimType" not in answer


def test_O_02_two_credentials_are_400(org):
    """Whichever of them is right."""
    answer = org.scim.wire.exchange(
        "GET",
        f"{org.scim.base}/Users",
        [("Authorization", f"Bearer {org.token}"), ("Authorization", WRONG), ("Accept", "*/*")],
    )
    assert answer.status == 400


def test_O_02_O_03_too_small_a_scope_is_403_insufficient_scope(org):
    reader = Scim(org.connector_url, mint(org, scopes=["users:read"])["token"])
    answer = reader.get("/Groups", expect=403)
    assert challenge_of(answer)["error"] == "insufficient_scope"


def test_O_03_no_challenge_repeats_what_was_sent(org):
    for sent in ('Bearer a"b', "Bearer \\x", "Bearer \t\x01", 'Basic realm="x"'):
        answer = org.scim.wire.exchange("GET", f"{org.scim.base}/Users", [("Authorization", sent)])
        assert answer.status in (400, 401)
        if "www-authenticate" in answer.headers:
            challenge_of(answer)


@pytest.mark.parametrize("collection, schema", [("/Users", USER), ("/Groups", GROUP)])
def test_SEC_09_nothing_is_created_anonymously(org, collection, schema):
    before = org.scim.get(collection, expect=200)["totalResults"]
    body = {"schemas": [schema], "userName": "anonymous", "displayName": "anonymous"}
    org.scim.post(collection, body, authorization="", expect=401)
    assert org.scim.get(collection, expect=200)["totalResults"] == before


def test_O_18_SEC_03_tokens_have_at_least_160_random_bits(org):
    """43 characters of 62 are 256 bits; of twenty tokens none shares what a guess could start from."""
    tokens = [org.token] + [mint(org)["token"] for _ in range(19)]  # as many as a directory may have
    secrets = [token.split("_")[2][:43] for token in tokens]
    assert all(re.fullmatch(r"[0-9A-Za-z]{43}", secret) for secret in secrets)
    assert len({secret[:8] for secret in secrets}) == len(secrets)
    for at in range(1, 43):  # the first digit is not free: 256 bits are a little less than 43 digits
        assert len({secret[at] for secret in secrets}) > 5, f"character {at} hardly differs"


def test_SEC_03_two_tokens_live_at_once_and_one_is_revoked_alone(org):
    minted = mint(org)
    second = Scim(org.connector_url, minted["token"])
    second.get("/Users", expect=200)
    org.scim.get("/Users", expect=200)
    org.rollcall.admin.delete(f"/v1/directories/{org.directory_id}/tokens/{minted['id']}", expect=204)
    assert challenge_of(second.get("/Users", expect=401)) == {"error": "invalid_token"}
    org.scim.get("/Users", expect=200)


def test_O_17_MT_01_a_token_is_good_under_its_own_url_alone(org):
    other = org.rollcall.new_organization()
    there = Scim(other.connector_url, org.token).get("/Users", expect=401)
    nowhere = Scim(other.connector_url[:-9] + "0" + other.connector_url[-8:], org.token).get("/Users", expect=401)
    assert there.body == nowhere.body
    assert there.headers["www-authenticate"] == nowhere.headers["www-authenticate"]
