"""Deleting with a grace period: gone at once for everyone, back as it was while it lasts, and erased when it is over."""

import threading
from datetime import datetime, timedelta, timezone

import pytest

from harness.openapi import CheckedAdmin
from harness.scim import Scim
from harness.wait import until

UNKNOWN = "01jd8jm32ye008000000001ayd"


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.new_environment().key)
    yield client
    client.wire.close()


class Customer:
    """Two directories, one of them paused, a user in each, all made over the API."""

    def __init__(self, admin, external_id="acme"):
        made = admin.post(
            "/v1/organizations",
            {"display_name": "Acme", "external_id": external_id, "domains": ["acme.example"]},
            expect=201,
        )
        self.path = made.headers["location"]
        self.id = made["organization"]["id"]
        self.first = made["directory"]["id"]
        self.scim = Scim(made["connector_url"], made["token"])
        self.user = self.scim.new_user("ada@acme.example")
        self.second = admin.post(f"{self.path}/directories", {"name": "Second"}, expect=201)["id"]
        token = admin.post(f"/v1/directories/{self.second}/tokens", {"label": "x"}, expect=201)["token"]
        self.other = Scim(made["connector_url"], token)


@pytest.fixture
def customer(admin):
    return Customer(admin)


def problem(answer):
    return answer["type"].removeprefix("urn:rollcall:problem:")


def instant(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def events(admin, organization, *types):
    query = f"?organization_id={organization}&types={','.join(types)}" if types else f"?organization_id={organization}"
    return admin.get(f"/v1/events{query}", expect=200)["events"]


# --- organizations ---


def test_a_deleted_organization_is_hidden_and_comes_back_as_it_was(admin, customer):
    admin.patch(f"/v1/directories/{customer.second}", {"state": "paused"}, expect=200)
    before = admin.get(customer.path, expect=200).json
    directories = admin.get(f"{customer.path}/directories", expect=200)["directories"]

    admin.delete(customer.path, expect=204)
    customer.scim.get("/Users", expect=401)
    customer.other.get("/Users", expect=401)
    for path in (customer.path, f"{customer.path}/directories", f"{customer.path}/users", f"/v1/directories/{customer.first}"):
        admin.get(path, expect=404)
    admin.get("/v1/organizations/external_id:acme", expect=404)
    for query in ("", "?external_id=acme", "?domain=acme.example", "?name=Acme", "?state=active"):
        assert admin.get(f"/v1/organizations{query}", expect=200)["organizations"] == []
    (deleted,) = admin.get("/v1/organizations?state=deleting", expect=200)["organizations"]
    assert deleted["id"] == customer.id and deleted["state"] == "deleting" and deleted["external_id"] == "acme"
    assert instant(deleted["erase_at"]) - instant(deleted["deleted_at"]) == timedelta(days=7)
    for query in ("external_id=acme", "domain=ACME.example", "name=acm"):
        assert len(admin.get(f"/v1/organizations?state=deleting&{query}", expect=200)["organizations"]) == 1
    for query in ("external_id=x", "domain=x.example", "name=x"):
        assert admin.get(f"/v1/organizations?state=deleting&{query}", expect=200)["organizations"] == []

    restored = admin.post(f"{customer.path}/restore", expect=200)
    after = admin.get(customer.path, expect=200).json
    assert restored.json == after and {**after, "updated_at": None} == {**before, "updated_at": None}
    assert [{**d, "updated_at": None} for d in admin.get(f"{customer.path}/directories")["directories"]] == [
        {**d, "updated_at": None} for d in directories
    ]
    assert customer.scim.get(f"/Users/{customer.user['id']}", expect=200)["userName"] == "ada@acme.example"
    customer.other.get("/Users", expect=503)
    assert len(admin.get("/v1/organizations/external_id:acme/users", expect=200)["users"]) == 1
    assert admin.get("/v1/organizations?state=deleting", expect=200)["organizations"] == []


def test_it_is_restored_by_the_vendors_own_id_the_one_deleted_last(admin):
    older = Customer(admin)
    admin.delete(older.path, expect=204)
    newer = Customer(admin)
    admin.delete(newer.path, expect=204)
    assert admin.post("/v1/organizations/external_id:acme/restore", expect=200)["id"] == newer.id
    # the older one has to take another name now
    refused = admin.post(f"{older.path}/restore", expect=409)
    assert problem(refused) == "uniqueness" and "external_id" in refused["detail"]
    older.scim.get("/Users", expect=401)
    assert admin.post(f"{older.path}/restore", {"external_id": "acme-2"}, expect=200)["external_id"] == "acme-2"
    older.scim.get("/Users", expect=200)
    admin.delete(older.path, expect=204)
    assert admin.post(f"{older.path}/restore", {"external_id": None}, expect=200)["external_id"] is None


def test_what_is_not_deleted_cannot_be_restored(admin, customer):
    for path in (customer.path, f"/v1/directories/{customer.second}"):
        assert problem(admin.post(f"{path}/restore", expect=409)) == "not-restorable"
    assert problem(admin.post(f"/v1/organizations/org-{UNKNOWN}/restore", expect=404)) == "organization-not-found"
    assert problem(admin.post(f"/v1/directories/dir-{UNKNOWN}/restore", expect=404)) == "directory-not-found"


def test_a_deleted_one_is_deleted_again_only_by_saying_when(admin, customer):
    admin.delete(f"{customer.path}?grace_days=30", expect=204)
    admin.delete(customer.path, expect=404)

    def erase_at():
        (deleted,) = admin.get("/v1/organizations?state=deleting", expect=200)["organizations"]
        return instant(deleted["erase_at"]) - instant(deleted["deleted_at"])

    assert erase_at() == timedelta(days=30)
    admin.delete(f"{customer.path}?grace_days=2", expect=204)
    assert timedelta(days=2) <= erase_at() < timedelta(days=3)
    admin.delete(f"{customer.path}?grace_days=5", expect=204)  # forward only
    assert erase_at() < timedelta(days=3)
    admin.delete(f"{customer.path}?grace_days=0", expect=204)
    until(lambda: admin.get("/v1/organizations?state=deleting", expect=200)["organizations"] == [], "it is erased")
    admin.post(f"{customer.path}/restore", expect=404)
    admin.delete(f"{customer.path}?grace_days=0", expect=404)


@pytest.mark.parametrize("days", ["-1", "366", "x", "", "1.5"])
def test_a_grace_period_out_of_range_is_refused(admin, customer, days):
    for path in (customer.path, f"/v1/directories/{customer.second}"):
        assert problem(admin.delete(f"{path}?grace_days={days}", expect=400)) == "bad-request"
        admin.get(path, expect=200)


def test_the_grace_period_is_a_setting(make_rollcall):
    rollcall = make_rollcall(admin_options=["--deletion-grace", "0"])
    organization = rollcall.new_organization()
    rollcall.admin.delete(f"/v1/organizations/{organization.id}", expect=204)
    until(
        lambda: rollcall.database.query("SELECT COUNT(*) FROM organization WHERE id = %s", rollcall.id_bytes(organization.id))
        == ((0,),),
        "it is erased at once",
    )
    rollcall.stop()


def test_when_the_time_is_over_it_cannot_be_restored(rollcall, admin, customer):
    admin.delete(customer.path, expect=204)
    rollcall.database.execute("UPDATE organization SET erase_ms = 1 WHERE id = %s", rollcall.id_bytes(customer.id))
    assert problem(admin.post(f"{customer.path}/restore", expect=409)) == "not-restorable"


def test_what_is_being_erased_cannot_be_restored(rollcall, admin, customer):
    """As seen while another process is at it, with a clock that is ahead."""
    admin.delete(customer.path, expect=204)
    rollcall.database.execute("UPDATE organization SET erasing = 1 WHERE id = %s", rollcall.id_bytes(customer.id))
    assert problem(admin.post(f"{customer.path}/restore", expect=409)) == "not-restorable"
    customer.scim.get("/Users", expect=401)


def test_restoring_and_erasing_at_once_is_one_or_the_other(rollcall, admin):
    """Many of them, so that both outcomes are likely; whichever it is, it is whole."""
    customers = [Customer(admin, f"c{i}") for i in range(8)]
    for customer in customers:
        admin.delete(customer.path, expect=204)
    statuses = {}

    def act(customer):
        client = admin.with_key(admin.key)
        statuses[customer.id] = client.post(f"{customer.path}/restore").status
        client.wire.close()

    threads = [threading.Thread(target=act, args=(customer,)) for customer in customers]
    for thread, customer in zip(threads, customers):
        thread.start()
        admin.delete(f"{customer.path}?grace_days=0")
    for thread in threads:
        thread.join()
    until(lambda: admin.get("/v1/organizations?state=deleting", expect=200)["organizations"] == [], "the rest is erased")
    left = {organization["id"] for organization in admin.get("/v1/organizations", expect=200)["organizations"]}
    for customer in customers:
        assert statuses[customer.id] in (200, 404, 409)
        if customer.id in left:
            assert customer.scim.get("/Users", expect=200)["totalResults"] == 1
        else:
            customer.scim.get("/Users", expect=401)
            rows = rollcall.database.query("SELECT COUNT(*) FROM resource WHERE directory_id = %s", rollcall.id_bytes(customer.first))
            assert rows == ((0,),)


# --- directories ---


def test_a_deleted_directory_comes_back_as_it_was(admin, customer):
    path = f"/v1/directories/{customer.second}"
    customer.other.new_user("kept@acme.example")
    admin.patch(path, {"state": "paused"}, expect=200)
    admin.delete(path, expect=204)
    customer.other.get("/Users", expect=401)
    admin.get(path, expect=404)
    assert [d["id"] for d in admin.get(f"{customer.path}/directories")["directories"]] == [customer.first]
    (deleted,) = admin.get(f"{customer.path}/directories?state=deleting", expect=200)["directories"]
    assert deleted["id"] == customer.second and deleted["state"] == "deleting" and deleted["counts"]["users"] == 1
    assert instant(deleted["erase_at"]) - instant(deleted["deleted_at"]) == timedelta(days=7)
    admin.get(f"{customer.path}/directories?state=gone", expect=400)
    assert admin.get(f"{customer.path}/directories?state=paused", expect=200)["directories"] == []

    restored = admin.post(f"{path}/restore", expect=200)
    assert restored["state"] == "paused" and restored["erase_at"] is None
    assert admin.patch(path, {"state": "active"}, expect=200)["counts"]["users"] == 1
    assert customer.other.get("/Users", expect=200)["totalResults"] == 1


def test_a_directory_deleted_before_its_organization_stays_deleted_when_that_comes_back(admin, customer):
    second = f"/v1/directories/{customer.second}"
    admin.delete(f"{second}?grace_days=300", expect=204)
    admin.delete(customer.path, expect=204)
    refused = admin.post(f"{second}/restore", expect=409)
    assert problem(refused) == "not-restorable" and "organization" in refused["detail"]
    refused = admin.post(f"/v1/directories/{customer.first}/restore", expect=409)
    assert problem(refused) == "not-restorable"
    admin.post(f"{customer.path}/restore", expect=200)
    customer.scim.get("/Users", expect=200)
    customer.other.get("/Users", expect=401)
    # it is erased no later than its organization would have been
    (deleted,) = admin.get(f"{customer.path}/directories?state=deleting", expect=200)["directories"]
    assert instant(deleted["erase_at"]) - instant(deleted["deleted_at"]) < timedelta(days=8)
    admin.post(f"{second}/restore", expect=200)
    customer.other.get("/Users", expect=200)


def test_a_deleted_directory_is_no_successor_and_cannot_be_promoted(admin, customer):
    admin.delete(f"/v1/directories/{customer.second}", expect=204)
    admin.put(f"{customer.path}/primary", {"directory_id": customer.second}, expect=422)
    refused = admin.delete(f"/v1/directories/{customer.first}?successor={customer.second}", expect=409)
    assert problem(refused) == "successor-required"
    assert admin.get(customer.path, expect=200)["primary_directory_id"] == customer.first


def test_a_deleted_directory_is_erased_alone(rollcall, admin, customer):
    admin.delete(f"/v1/directories/{customer.second}?grace_days=5", expect=204)
    admin.delete(f"/v1/directories/{customer.second}", expect=404)
    admin.delete(f"/v1/directories/{customer.second}?grace_days=0", expect=204)
    until(
        lambda: admin.get(f"{customer.path}/directories?state=deleting", expect=200)["directories"] == [], "it is erased"
    )
    customer.scim.get(f"/Users/{customer.user['id']}", expect=200)
    assert [e["type"] for e in events(admin, customer.id, "directory.erased", "organization.erased")] == ["directory.erased"]


# --- the primary ---


def test_each_thing_that_is_not_there_has_a_type_of_its_own(admin, customer):
    other = Customer(admin, "other")
    assert problem(admin.get(f"/v1/organizations/org-{UNKNOWN}", expect=404)) == "organization-not-found"
    assert problem(admin.get("/v1/organizations/external_id:nobody/users", expect=404)) == "organization-not-found"
    assert problem(admin.get(f"/v1/directories/dir-{UNKNOWN}", expect=404)) == "directory-not-found"
    for directory in (f"dir-{UNKNOWN}", other.first, "x"):
        answer = admin.get(f"{customer.path}/users?directory_id={directory}", expect=404)
        assert problem(answer) == "directory-not-found"
    for directory in (f"dir-{UNKNOWN}", other.first):
        answer = admin.put(f"{customer.path}/primary", {"directory_id": directory}, expect=422)
        assert problem(answer) == "validation" and answer["errors"][0]["pointer"] == "#/directory_id"
    assert problem(admin.delete(f"/v1/directories/{customer.first}", expect=409)) == "successor-required"


def test_promotions_deletions_and_restorations_at_once_leave_one_primary(rollcall, admin, customer):
    """Whatever happens, an organization has exactly one primary, and it is one of its live directories."""
    ids = [customer.first, customer.second]
    ids += [admin.post(f"{customer.path}/directories", {"name": f"D{i}"}, expect=201)["id"] for i in range(4)]
    stop = threading.Event()
    seen, statuses = [], set()

    def act(mine, after):
        client = admin.with_key(admin.key)
        for _ in range(6):
            statuses.add(client.put(f"{customer.path}/primary", {"directory_id": mine}).status)
            statuses.add(client.delete(f"/v1/directories/{mine}?successor={after}").status)
            statuses.add(client.post(f"/v1/directories/{mine}/restore").status)
        client.wire.close()

    def watch():
        with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
            while not stop.is_set():
                cursor.execute(
                    "SELECT COUNT(*), MIN(d.state <> 3) FROM primary_directory p JOIN directory d ON d.id = p.directory_id"
                    " WHERE p.organization_id = %s",
                    (rollcall.id_bytes(customer.id),),
                )
                seen.append(cursor.fetchone())

    watcher = threading.Thread(target=watch)
    watcher.start()
    threads = [threading.Thread(target=act, args=(ids[i], ids[(i + 1) % len(ids)])) for i in range(len(ids))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    watcher.join()
    assert set(seen) == {(1, 1)}, set(seen)
    assert statuses <= {200, 204, 404, 409, 422}, statuses
    primary = admin.get(customer.path, expect=200)["primary_directory_id"]
    left = admin.get(f"{customer.path}/directories", expect=200)["directories"]
    assert [d["id"] for d in left if d["primary"]] == [primary]
    # every change was told once, from what it was to what it became: as steps they lead from the first to the last one
    changes = [e["data"] for e in events(admin, customer.id, "directory.primary_changed")]
    assert changes
    for directory in ids:
        came = sum(change["directory_id"] == directory for change in changes)
        went = sum(change["previous_directory_id"] == directory for change in changes)
        assert came - went == (directory == primary) - (directory == customer.first)


# --- domains ---


def test_organizations_are_found_by_domain(admin):
    def make(name, *domains):
        return admin.post("/v1/organizations", {"display_name": name, "domains": list(domains)}, expect=201)["organization"]["id"]

    one, two = make("One", "a.example", "Shared.Example", "a.example"), make("Two", "shared.example")
    make("Three")

    def found(query):
        return [item["id"] for item in admin.get(f"/v1/organizations?{query}", expect=200)["organizations"]]

    assert found("domain=a.example") == [one]
    assert found("domain=shared.example") == found("domain=SHARED.example") == [one, two]
    assert found("domain=shared.example&name=tw") == [two]
    assert found("domain=example") == found("domain=") == found("domain=%25") == []
    page = admin.get("/v1/organizations?domain=shared.example&limit=1", expect=200)
    assert found(f"domain=shared.example&limit=1&cursor={page['next_cursor']}") == [two]

    admin.patch(f"/v1/organizations/{one}", {"domains": ["b.example"]}, expect=200)
    assert found("domain=a.example") == [] and found("domain=b.example") == [one] and found("domain=shared.example") == [two]
    admin.patch(f"/v1/organizations/{one}", {"display_name": "1"}, expect=200)
    assert found("domain=b.example") == [one]
    admin.patch(f"/v1/organizations/{one}", {"domains": []}, expect=200)
    assert found("domain=b.example") == []


def test_domains_of_other_environments_are_not_found(rollcall, admin, customer):
    other = rollcall.new_environment()
    assert other.get("/v1/organizations?domain=acme.example", expect=200)["organizations"] == []
    assert len(admin.get("/v1/organizations?domain=acme.example", expect=200)["organizations"]) == 1


# --- events ---


def test_every_step_is_told_once_and_in_order(admin):
    customer = Customer(admin)
    second = f"/v1/directories/{customer.second}"
    admin.patch(second, {"state": "paused"}, expect=200)
    admin.patch(second, {"state": "paused", "name": "Renamed"}, expect=200)
    admin.patch(second, {"state": "active"}, expect=200)
    admin.put(f"{customer.path}/primary", {"directory_id": customer.second}, expect=200)
    admin.put(f"{customer.path}/primary", {"directory_id": customer.second}, expect=200)
    admin.delete(f"/v1/directories/{customer.first}", expect=204)
    admin.post(f"/v1/directories/{customer.first}/restore", expect=200)
    admin.delete(f"{second}?successor={customer.first}&grace_days=1", expect=204)
    admin.delete(customer.path, expect=204)
    admin.post(f"{customer.path}/restore", expect=200)
    told = [event for event in events(admin, customer.id) if not event["type"].startswith("user.")]
    assert [(event["type"], event["directory_id"]) for event in told] == [
        ("organization.created", customer.first),
        ("directory.created", customer.first),
        ("token.created", customer.first),
        ("directory.created", customer.second),
        ("token.created", customer.second),
        ("directory.paused", customer.second),
        ("directory.resumed", customer.second),
        ("directory.primary_changed", customer.second),
        ("directory.deleted", customer.first),
        ("directory.restored", customer.first),
        ("directory.primary_changed", customer.first),
        ("directory.deleted", customer.second),
        ("organization.deleted", None),
        ("organization.restored", None),
    ]
    assert all(event["organization_id"] == customer.id for event in told)
    deleted = told[-2]["data"]
    assert deleted["external_id"] == "acme" and instant(deleted["erase_at"]) > datetime.now(timezone.utc)


def test_what_is_refused_is_not_told(admin, customer):
    before = len(events(admin, customer.id))
    admin.delete(f"/v1/directories/{customer.first}", expect=409)
    admin.put(f"{customer.path}/primary", {"directory_id": f"dir-{UNKNOWN}"}, expect=422)
    admin.post(f"{customer.path}/restore", expect=409)
    admin.patch(f"/v1/directories/{customer.first}", {"state": "gone"}, expect=422)
    admin.post(f"{customer.path}/directories", {"name": ""}, expect=422)
    assert len(events(admin, customer.id)) == before


def test_the_end_of_an_organization_is_told(admin, customer):
    admin.delete(f"{customer.path}?grace_days=0", expect=204)
    until(lambda: events(admin, customer.id, "organization.erased"), "it is erased")
    told = [event["type"] for event in events(admin, customer.id)]
    assert told[-4:] == ["organization.deleted", "directory.erased", "directory.erased", "organization.erased"]


# --- providers ---


def test_providers_are_words_and_have_one_name_each(admin, customer):
    path = f"/v1/directories/{customer.first}"
    for word in ("okta", "entra", "onelogin", "jumpcloud", "ping", "google", "rippling", "generic", "our-own-2"):
        assert admin.patch(path, {"idp": word}, expect=200)["idp"] == word
    for wrong, hint in (("azure", '"entra"'), ("google-workspace", '"google"'), ("Okta", "lower-case"), ("a b", "lower-case")):
        refused = admin.patch(path, {"idp": wrong}, expect=422)
        assert refused["errors"][0]["pointer"] == "#/idp" and hint in refused["errors"][0]["detail"]
    assert admin.get(path, expect=200)["idp"] == "our-own-2"
