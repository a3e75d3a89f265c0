"""How often one key may ask."""

import pytest

from harness.admin import Admin
from harness.fields import quotas

QUOTA = "https://iana.org/assignments/http-problem-types#quota-exceeded"


@pytest.fixture(scope="module")
def limited(make_rollcall):
    """A key may ask fifty times at once, and then once a second."""
    return make_rollcall(admin_options=["--admin-rate", "1", "--admin-burst", "50", "--rate-fields", "1"])


def fields(answer):
    policies, states = quotas(answer.headers["ratelimit-policy"]), quotas(answer.headers["ratelimit"])
    assert list(policies) == list(states) == ["key"]
    policy, state = policies["key"], states["key"]
    assert set(policy) == {"q", "w"} and set(state) == {"r", "t"} and policy["w"] > 0
    return policy["q"], policy["w"], state["r"], state["t"]


def use_up(client, limit=1000):
    for _ in range(limit):
        answer = client.get("/v1/organizations")
        if answer.status != 200:
            return answer
    raise AssertionError("the key was never refused")


def test_AD_14_AD_15_a_key_that_asks_too_often_is_told_when_to_come_again(limited):
    client = limited.new_environment()
    refused = use_up(client)
    assert refused.status == 429 and refused["type"] == QUOTA
    assert refused["title"] == "Request cannot be satisfied as assigned quota has been exceeded"
    assert refused["violated-policies"] == ["key"]
    _, _, remaining, reset = fields(refused)
    assert remaining == 0 and int(refused.headers["retry-after"]) == reset >= 1


def test_AD_14_answers_tell_what_is_left(limited):
    client = limited.new_environment()
    first = client.get("/v1/organizations", expect=200)
    quota, window, remaining, reset = fields(first)
    assert (quota, window) == (50, 50) and 0 < remaining < 50 and 1 <= reset <= 50
    missing = client.get("/v1/organizations/org-01jd8jm32ye008000000001ayd", expect=404)
    assert fields(missing)[2] <= remaining  # refusals count, and tell


def test_what_is_refused_is_not_done(limited):
    client = limited.new_environment()
    use_up(client)
    refused = client.post("/v1/organizations", {"display_name": "A", "external_id": "never"})
    assert refused.status in (429, 201)
    with limited.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM organization WHERE external_id = 'never'")
        assert cursor.fetchone()[0] == (refused.status == 201)


def test_one_key_uses_up_nobody_elses_rate(limited):
    first, second = limited.new_environment(), limited.new_environment()
    assert use_up(first).status == 429
    second.get("/v1/organizations", expect=200)


def test_who_has_no_key_uses_up_nothing(limited):
    client = limited.new_environment()
    stranger = Admin(limited.admin_url, client.key[:-1] + ("0" if client.key[-1] != "0" else "1"))
    for _ in range(8):
        answer = stranger.get("/v1/organizations", expect=401)
        assert "ratelimit" not in answer.headers
    client.get("/v1/organizations", expect=200)


def test_AD_14_fields_are_sent_only_where_they_are_wanted(rollcall):
    answer = rollcall.admin.get("/v1/organizations", expect=200)
    assert "ratelimit" not in answer.headers and "ratelimit-policy" not in answer.headers
