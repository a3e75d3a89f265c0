"""What a directory's policy asks of its clients beyond the standard: docs/policies.md."""

from urllib.parse import quote

import pytest

from harness.scim import ENTERPRISE, GROUP, USER


def refused(answer, scim_type, *named):
    assert answer["scimType"] == scim_type, answer
    for name in named:
        assert name in answer["detail"], answer


def body(user_name="p@example.com", **attributes):
    return {"schemas": [USER], "userName": user_name, **attributes}


# --- required attributes ---

REQUIRED = ["name.givenName", "emails[primary eq true].value", f"{GROUP}:externalId"]
GOOD = {"name": {"givenName": "g"}, "emails": [{"value": "p@example.com", "primary": True}]}


def test_required_attributes_are_named_when_they_are_missing(org, scim):
    org.set_rules(policy={"required_attributes": REQUIRED})
    refused(scim.post("/Users", body(), expect=400), "invalidValue", "name.givenName")
    not_primary = body(name={"givenName": "g"}, emails=[{"value": "p@example.com"}])
    refused(scim.post("/Users", not_primary, expect=400), "invalidValue", "emails[primary eq true].value")
    assert scim.get("/Users", expect=200)["totalResults"] == 0
    user = scim.post("/Users", body(**GOOD), expect=201)
    refused(scim.put(f"/Users/{user['id']}", body(), expect=400), "invalidValue", "name.givenName")
    refused(scim.post("/Groups", {"schemas": [GROUP], "displayName": "g"}, expect=400), "invalidValue", "externalId")
    scim.post("/Groups", {"schemas": [GROUP], "displayName": "g", "externalId": "x"}, expect=201)
    assert scim.get(f"/Users/{user['id']}", expect=200)["name"] == {"givenName": "g"}


def test_P_24_a_required_attribute_of_the_directory_cannot_be_removed(org, scim):
    org.set_rules(policy={"required_attributes": REQUIRED})
    user = scim.post("/Users", body(**GOOD), expect=201)
    path = f"/Users/{user['id']}"
    for removed in ("name.givenName", "name", "emails", "emails[primary eq true]"):
        refused(scim.patch(path, {"op": "remove", "path": removed}, expect=400), "mutability")
    nothing = {"op": "replace", "path": "name.givenName", "value": None}
    refused(scim.patch(path, nothing, expect=400), "invalidValue", "givenName")
    assert scim.get(path, expect=200)["meta"]["version"] == user["meta"]["version"]


def test_who_lacks_a_newly_required_attribute_can_be_deactivated(org, scim):
    user = scim.new_user()
    org.set_rules(policy={"required_attributes": REQUIRED})
    changed = scim.patch(f"/Users/{user['id']}", {"op": "replace", "value": {"active": False}}, expect=200)
    assert changed["active"] is False
    scim.delete(f"/Users/{user['id']}", expect=204)


# --- value rules ---


def test_A_30_A_31_values_follow_the_lists_and_patterns_of_the_policy(org, scim):
    rules = {
        "preferredLanguage": {"list": "iso-639-1"},
        "addresses.country": {"list": "iso-3166-1"},
        "timezone": {"list": "iana-timezone"},
        "locale": {"list": "bcp-47"},
        "employeeNumber": {"pattern": "^[0-9]{6}$"},
        "userType": {"values": ["Employee", "Contractor"]},
    }
    org.set_rules(policy={"value_rules": rules})
    good = {
        "preferredLanguage": "de",
        "addresses": [{"country": "DE"}],
        "timezone": "Europe/Berlin",
        "locale": "de-DE",
        "userType": "employee",
        ENTERPRISE: {"employeeNumber": "123456"},
    }
    user = scim.post("/Users", body(**good), expect=201)
    bad = {
        "preferredLanguage": ("deutsch", "iso-639-1"),
        "addresses": ([{"country": "Germany"}], "addresses.country", "iso-3166-1"),
        "timezone": ("Middle Earth", "iana-timezone"),
        "locale": ("what ever", "bcp-47"),
        "userType": ("Intern", "userType"),
        ENTERPRISE: ({"employeeNumber": "1234567"}, "employeeNumber", "^[0-9]{6}$"),
    }
    for name, (value, *named) in bad.items():
        refused(scim.post("/Users", body("bad@example.com", **{name: value}), expect=400), "invalidValue", *named)
        refused(scim.put(f"/Users/{user['id']}", body(**{**good, name: value}), expect=400), "invalidValue", *named)
        change = {"op": "replace", "value": {name: value}}
        refused(scim.patch(f"/Users/{user['id']}", change, expect=400), "invalidValue", *named)
    assert scim.get(f"/Users/{user['id']}", expect=200)["meta"]["version"] == user["meta"]["version"]


def test_A_30_strict_asks_for_a_country_of_iso_3166(org, scim):
    old = scim.new_user(addresses=[{"country": "USA", "type": "work"}])
    org.set_rules(policy={"strict": True})
    refused(scim.post("/Users", body(addresses=[{"country": "USA"}]), expect=400), "invalidValue", "addresses.country")
    refused(scim.post("/Users", body(addresses=[{"country": "XX"}]), expect=400), "invalidValue", "addresses.country")
    scim.post("/Users", body(addresses=[{"country": "US"}]), expect=201)
    changed = scim.patch(f"/Users/{old['id']}", {"op": "replace", "path": "title", "value": "t"}, expect=200)
    assert changed["addresses"][0]["country"] == "USA", "what is stored stays until it is written"


# --- domains ---


@pytest.fixture
def example_com(rollcall):
    organization = rollcall.new_organization(domains=["example.com"])
    yield organization
    organization.scim.close()


def test_domains_are_enforced(example_com):
    scim = example_com.scim
    old = scim.new_user("old@elsewhere.org")
    example_com.set_rules(policy={"domains": "enforce"})
    scim.post("/Users", body("a@EXAMPLE.com", emails=[{"value": "a@gmail.com", "type": "home"}, {"value": "a@example.com", "primary": True}]), expect=201)
    refused(scim.post("/Users", body("b@elsewhere.org"), expect=400), "invalidValue", "elsewhere.org")
    work = [{"value": "c@example.com", "primary": True}, {"value": "c@sub.example.com", "type": "work"}]
    refused(scim.post("/Users", body("c@example.com", emails=work), expect=400), "invalidValue", "sub.example.com")
    scim.patch(f"/Users/{old['id']}", {"op": "replace", "path": "active", "value": False}, expect=200)
    change = {"op": "add", "path": "emails", "value": [{"value": "x@elsewhere.org"}]}
    refused(scim.patch(f"/Users/{old['id']}", change, expect=400), "invalidValue", "elsewhere.org")


def count(rollcall):
    for line in rollcall.server_metrics().splitlines():
        if line.startswith("rollcall_foreign_domains_total"):
            return int(float(line.split()[-1]))
    return 0


def test_domains_are_reported_without_personal_data(rollcall, example_com):
    scim = example_com.scim
    example_com.set_rules(policy={"domains": "report"})
    before = count(rollcall)
    user = scim.post("/Users", body("someone.private@elsewhere.org"), expect=201)
    assert count(rollcall) == before + 1
    scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "t"}, expect=200)
    scim.post("/Users", body("someone@example.com"), expect=201)
    assert count(rollcall) == before + 1
    log = rollcall.server.process.log.read_text()
    lines = [line for line in log.splitlines() if "outside the domains" in line and example_com.directory_id in line]
    assert len(lines) == 1 and "elsewhere" not in lines[0] and "someone" not in log


# --- sensitive attributes ---


def ask(scim, filter, expect):
    return scim.get(f"/Users?filter={quote(filter, safe='')}", expect=expect)


def test_R_11_A_33_sensitive_attributes_stay_out_of_urls(org, scim):
    for filter in ('password eq "x"', "password pr"):
        refused(ask(scim, filter, 403), "sensitive")
    ask(scim, 'emails eq "a@example.com"', 200)
    org.set_rules(policy={"sensitive_attributes": ["emails.value", "employeeNumber"]})
    for filter in ('emails eq "a@example.com"', 'emails[type eq "work"].value eq "a"', f'{ENTERPRISE}:employeeNumber eq "5"'):
        refused(ask(scim, filter, 403), "sensitive")
    refused(ask(scim, 'userName eq "x" or emails.value sw "a"', 403), "sensitive")
    refused(ask(scim, 'password eq "x"', 400), "invalidFilter")
    ask(scim, 'userName eq "x" and emails.type eq "work"', 200)


def search(scim, path, filter, expect):
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter}
    return scim.post(f"{path}/.search", message, expect=expect)


def test_R_11_A_33_a_search_in_a_body_may_look_at_sensitive_attributes(org, scim):
    user = scim.new_user(emails=[{"value": "a@example.com", "type": "work"}])
    group = scim.new_group("Secret society")
    org.set_rules(policy={"sensitive_attributes": ["emails.value", f"{GROUP}:displayName"]})
    for path in ("/Users", ""):
        found = search(scim, path, 'emails.value eq "a@example.com"', 200)
        assert [resource["id"] for resource in found["Resources"]] == [user["id"]]
        filter = quote('emails.value eq "a@example.com"', safe="")
        refused(scim.get(f"{path or '/'}?filter={filter}", expect=403), "sensitive")
        refused(search(scim, path, 'password eq "x"', 400), "invalidFilter")
    name = 'displayName eq "Secret society"'
    assert search(scim, "", name, 200)["Resources"][0]["id"] == group["id"]
    for path, expect in (("/Groups", 403), ("/", 403), ("/Users", 200)):
        scim.get(f"{path}?filter={quote(name, safe='')}", expect=expect)


# --- If-Match required ---


def test_V_09_changes_without_if_match_are_428(org, scim):
    user = scim.new_user()
    org.set_rules(policy={"if_match_required": True})
    path = f"/Users/{user['id']}"
    change = {"op": "replace", "path": "title", "value": "t"}
    scim.patch(path, change, expect=428)
    scim.put(path, body(), expect=428)
    scim.delete(path, expect=428)
    assert scim.get(path, expect=200)["meta"]["version"] == user["meta"]["version"]
    current = scim.patch(path, change, headers=[("If-Match", user["meta"]["version"])], expect=200)
    scim.patch(path, change, headers=[("If-Match", user["meta"]["version"])], expect=412)
    scim.delete("/Users/01890a5d-ac96-774b-bcce-b302099a8057", expect=404)
    scim.delete(path, headers=[("If-Match", current["meta"]["version"])], expect=204)
    scim.new_user()
