"""The vendor has had its users before the directory came: they are imported, recognised when they are pushed, and stay
who they are."""

import threading

import pytest

from harness.openapi import CheckedAdmin
from harness.rollcall import id_bytes
from harness.scim import USER, Scim
from harness.vendor import csv_of, finished, import_users, ndjson_of, problems_of, start_import, vendor_user
from harness.wait import until


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def path(org):
    return f"/v1/directories/{org.directory_id}"


def user(name, email=None, **attributes):
    emails = [{"value": email, "type": "work", "primary": True}] if email else []
    return {"schemas": [USER], "userName": name, "emails": emails, **attributes}


def push(scim, name, email=None, **attributes):
    return scim.post("/Users", user(name, email, **attributes), expect=201)["id"]


def row(vendor_user_id, user_name="", email="", display_name=""):
    return {"vendor_user_id": vendor_user_id, "user_name": user_name, "email": email, "display_name": display_name}


def linked(admin, path, vendor_user_id):
    shown = vendor_user(admin, path, vendor_user_id)
    return shown["user_id"], shown["state"], shown["matched_by"]


def conflict(admin, path, vendor_user_id):
    shown = vendor_user(admin, path, vendor_user_id)
    assert shown["state"] == "conflict" and shown["user_id"] is None, shown
    return shown["conflict"]["reason"]


def in_state(admin, path, state):
    shown = admin.get(f"{path}/vendor-users?state={state}", expect=200)["vendor_users"]
    return [one["vendor_user_id"] for one in shown]


# --- recognising those who are pushed later ---


def test_who_is_pushed_after_the_import_is_recognised_and_carries_the_vendors_id(admin, path, scim):
    job = import_users(admin, path, csv_of(row("v1", "Ada@Example.com", "", "Ada L."), row("v2", "", "bob@example.com")))
    assert job["kind"] == "vendor_user_import" and job["progress"] == {"done": 2, "total": 2}
    result = job["result"]
    assert (result["rows"], result["created"], result["matched"], result["unmatched"]) == (2, 2, 0, 2)
    assert result["written"] is True and result["dry_run"] is False
    assert in_state(admin, path, "unmatched") == ["v1", "v2"]

    ada, bob = push(scim, "ada@example.COM"), push(scim, "robert", "BOB@example.com")
    assert linked(admin, path, "v1") == (ada, "matched", "user_name")
    assert linked(admin, path, "v2") == (bob, "matched", "email")
    shown = {one["id"]: one["vendor_user_id"] for one in admin.get(f"{path}/users", expect=200)["users"]}
    assert shown == {ada: "v1", bob: "v2"}
    assert scim.get(f"/Users/{ada}").json.get("vendor_user_id") is None  # the provider sees what it pushed


def test_who_is_there_already_is_recognised_by_the_import(admin, path, scim):
    ada, bob = push(scim, "ada@example.com"), push(scim, "robert", "bob@example.com")
    lines = ndjson_of(row("v1", "ada@example.com"), {"vendor_user_id": "v2", "email": "bob@example.com"}, row("v3", "eve"))
    result = import_users(admin, path, lines, media_type="application/x-ndjson")["result"]
    assert (result["matched_by_user_name"], result["matched_by_email"], result["unmatched"]) == (1, 1, 1)
    assert linked(admin, path, "v1") == (ada, "matched", "user_name")
    assert linked(admin, path, "v2") == (bob, "matched", "email")
    assert linked(admin, path, "v3") == (None, "unmatched", None)


def test_the_user_name_counts_before_the_address(admin, path, scim):
    import_users(admin, path, csv_of(row("by-mail", "", "ada@example.com"), row("by-name", "ada@example.com")))
    ada = push(scim, "ada@example.com", "ada@example.com")
    assert linked(admin, path, "by-name") == (ada, "matched", "user_name")
    assert linked(admin, path, "by-mail")[1] == "unmatched"
    # And in an import, whatever the order of its rows.
    bob = push(scim, "bob@example.com", "bob@example.com")
    import_users(admin, path, csv_of(row("bob-mail", "", "bob@example.com"), row("bob-name", "bob@example.com")))
    assert linked(admin, path, "bob-name") == (bob, "matched", "user_name")
    assert conflict(admin, path, "bob-mail") == "taken"


def test_a_user_is_recognised_when_a_change_brings_the_name_or_the_address(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "ada@example.com"), row("v2", "", "bob@example.com")))
    ada, bob = push(scim, "temporary-1"), push(scim, "temporary-2")
    assert linked(admin, path, "v1")[1] == linked(admin, path, "v2")[1] == "unmatched"
    scim.put(f"/Users/{ada}", user("ada@example.com"), expect=200)
    scim.patch(f"/Users/{bob}", {"op": "Add", "path": 'emails[type eq "work"].value', "value": "bob@example.com"}, expect=200)
    assert linked(admin, path, "v1") == (ada, "matched", "user_name")
    assert linked(admin, path, "v2") == (bob, "matched", "email")


def test_a_link_stays_through_renames_and_new_addresses(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "ada@example.com", "ada@example.com"), row("v2", "ada.king@example.com")))
    ada = push(scim, "ada@example.com", "ada@example.com")
    scim.put(f"/Users/{ada}", user("ada.king@example.com", "ada.king@example.com"), expect=200)
    assert linked(admin, path, "v1") == (ada, "matched", "user_name")
    assert linked(admin, path, "v2")[1] == "unmatched"
    scim.patch(f"/Users/{ada}", {"op": "replace", "path": "active", "value": False}, expect=200)
    assert linked(admin, path, "v1") == (ada, "matched", "user_name")


def test_an_address_of_two_vendor_users_links_nobody(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "", "team@example.com"), row("v2", "", "team@example.com"), row("v3", "x")))
    assert [conflict(admin, path, v) for v in ("v1", "v2")] == ["shared", "shared"]
    made = push(scim, "somebody", "team@example.com")
    assert [conflict(admin, path, v) for v in ("v1", "v2")] == ["shared", "shared"]
    assert admin.get(f"{path}/users/{made}", expect=200)["vendor_user_id"] is None


def test_a_user_with_the_addresses_of_two_vendor_users_is_linked_to_none(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "", "home@example.com"), row("v2", "", "work@example.com")))
    both = [{"value": "home@example.com", "type": "home"}, {"value": "work@example.com", "type": "work"}]
    scim.post("/Users", {"schemas": [USER], "userName": "two", "emails": both}, expect=201)
    assert [conflict(admin, path, v) for v in ("v1", "v2")] == ["shared", "shared"]


def test_a_user_name_of_two_vendor_users_links_nobody(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "ada@example.com"), row("v2", "Ada@example.com", "ada@example.com")))
    made = push(scim, "ada@example.com", "ada@example.com")
    assert [conflict(admin, path, v) for v in ("v1", "v2")] == ["shared", "shared"]
    assert admin.get(f"{path}/users/{made}", expect=200)["vendor_user_id"] is None


def test_two_users_with_one_address_in_one_batch_are_both_left(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "", "team@example.com")))
    posts = [
        {"method": "POST", "path": "/Users", "bulkId": name, "data": user(name, "team@example.com")} for name in ("one", "two")
    ]
    message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": posts}
    done = scim.post("/Bulk", message, expect=200)["Operations"]
    assert [operation["status"] for operation in done] == ["201", "201"]
    assert conflict(admin, path, "v1") == "several"


def test_an_address_of_two_users_links_nobody(admin, path, scim):
    for name in ("one", "two"):
        push(scim, name, "team@example.com")
    job = import_users(admin, path, csv_of(row("v1", "", "team@example.com")))
    assert job["result"]["conflicts"] == 1
    assert conflict(admin, path, "v1") == "several"
    (problem,) = problems_of(admin, path, job)
    assert (problem["kind"], problem["row"], problem["column"], problem["vendor_user_id"]) == ("conflict", 2, "email", "v1")


def test_an_address_that_a_second_user_gets_does_not_move_the_link(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "", "ada@example.com")))
    first = push(scim, "first", "ada@example.com")
    push(scim, "second", "ada@example.com")
    assert linked(admin, path, "v1") == (first, "matched", "email")


def test_users_told_apart_by_address_are_recognised_by_the_user_name_too(admin, path, scim):
    admin.patch(path, {"policy": {"unique_identifier": "email"}}, expect=200)
    import_users(admin, path, csv_of(row("v1", "ada"), row("v2", "shared"), row("v3", "", "eve@example.com")))
    ada = push(scim, "Ada", "a@example.com")
    assert linked(admin, path, "v1") == (ada, "matched", "user_name")
    eve = push(scim, "eve", "EVE@example.com")
    assert linked(admin, path, "v3") == (eve, "matched", "email")
    for number in range(2):
        push(scim, "twice", f"twice{number}@example.com")
    import_users(admin, path, csv_of(row("v4", "twice")))
    assert conflict(admin, path, "v4") == "several"


# --- deleted, and hired again ---


def test_who_is_deleted_is_unmatched_and_linked_again_when_hired_again(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "ada@example.com")))
    first = push(scim, "ada@example.com", externalId="00u1")
    scim.delete(f"/Users/{first}", expect=204)
    assert linked(admin, path, "v1") == (None, "unmatched", None)
    second = push(scim, "ada@example.com", externalId="00u1")
    assert linked(admin, path, "v1") == (second, "matched", "returned")


def test_a_rehire_is_recognised_by_the_providers_id_after_a_rename(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "ada@example.com")))
    first = push(scim, "ada@example.com", externalId="00u1")
    scim.put(f"/Users/{first}", user("ada.king@example.com", externalId="00u1"), expect=200)
    scim.delete(f"/Users/{first}", expect=204)
    second = push(scim, "countess@example.com", externalId="00u1")
    assert linked(admin, path, "v1") == (second, "matched", "returned")
    shown = admin.get(f"{path}/users/{second}", expect=200)
    assert shown["person_id"] == first and shown["vendor_user_id"] == "v1"


def test_a_rehire_is_recognised_by_the_last_name_where_the_provider_gives_no_id(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "ada@example.com")))
    first = push(scim, "ada@example.com")
    scim.put(f"/Users/{first}", user("ada.king@example.com"), expect=200)
    scim.delete(f"/Users/{first}", expect=204)
    second = push(scim, "ada.king@example.com")
    assert linked(admin, path, "v1") == (second, "matched", "returned")


def test_somebody_else_with_the_name_is_not_given_the_account(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "smith@example.com", "smith@example.com")))
    first = push(scim, "smith@example.com", externalId="object-1")
    scim.delete(f"/Users/{first}", expect=204)
    other = push(scim, "smith@example.com", "smith@example.com", externalId="object-2")
    assert conflict(admin, path, "v1") == "stranger"
    assert admin.get(f"{path}/users/{other}", expect=200)["vendor_user_id"] is None
    back = push(scim, "smith2@example.com", externalId="object-1")
    assert linked(admin, path, "v1") == (back, "matched", "returned")


def test_delete_and_create_in_one_bulk_request_moves_the_link(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "ada@example.com")))
    first = push(scim, "ada@example.com", externalId="00u1")
    message = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "DELETE", "path": f"/Users/{first}"},
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": user("ada@example.com", externalId="00u1")},
        ],
    }
    scim.post("/Bulk", message, expect=200)
    user_id, state, how = linked(admin, path, "v1")
    assert (state, how) == ("matched", "returned") and user_id != first


def test_many_pushes_at_once_link_each_once(admin, path, org, scim):
    names = [f"p{number}@example.com" for number in range(60)]
    import_users(admin, path, csv_of(*[row(f"v{n}", name if n % 2 else "", "" if n % 2 else name) for n, name in enumerate(names)]))
    made, lock = {}, threading.Lock()

    def work(mine):
        client = Scim(org.connector_url, org.token)
        for name in mine:
            answer = client.post("/Users", user(name, name))
            with lock:
                made[name] = answer
        client.close()

    threads = [threading.Thread(target=work, args=(names[i::6],)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in made.values()} == {201}
    for number, name in enumerate(names):
        assert linked(admin, path, f"v{number}")[0] == made[name]["id"]


def test_pushes_during_an_import_are_not_missed(admin, path, org, scim):
    """Whoever is written while the import runs is linked by one or the other."""
    names = [f"r{number}@example.com" for number in range(400)]
    ids, stop = {}, threading.Event()

    def work():
        client = Scim(org.connector_url, org.token)
        for name in names:
            ids[name] = client.post("/Users", user(name), expect=201)["id"]
            if stop.is_set():
                break
        client.close()

    thread = threading.Thread(target=work)
    thread.start()
    job = start_import(admin, path, csv_of(*[row(name, name) for name in names]))
    assert finished(admin, job["id"])["state"] == "done"
    stop.set()
    thread.join()
    found = {one["vendor_user_id"]: one["user_id"] for one in walk(admin, f"{path}/vendor-users?limit=1000", "vendor_users")}
    assert {name: found[name] for name in ids} == ids


def test_an_import_waits_for_a_write_that_has_not_seen_it(rollcall, admin, path, org, scim):
    """The write began before the import and commits after it: it cannot link, so the import has to."""
    import_users(admin, path, csv_of(row("first", "first")))
    key = id_bytes(org.directory_id)
    made = push(scim, "late@example.com")
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        # A writer that holds the directory's row, as all do, and shows its user only when it commits.
        cursor.execute("UPDATE resource SET unique_key = 'hidden' WHERE directory_id = %s AND type = 1", (key,))
        connection.commit()
        connection.begin()
        cursor.execute("SELECT 1 FROM directory WHERE id = %s LOCK IN SHARE MODE", (key,))
        cursor.execute("UPDATE resource SET unique_key = 'late@example.com' WHERE directory_id = %s AND type = 1", (key,))
        job = start_import(admin, path, csv_of(row("v1", "late@example.com")))["id"]

        def waits_or_is_done():
            with rollcall.database.connect("rollcall") as other, other.cursor() as look:
                look.execute(  # with line ends where the statement has them
                    "SELECT COUNT(*) FROM information_schema.processlist WHERE time_ms > 100 AND id <> CONNECTION_ID()"
                    " AND info LIKE 'SELECT r.unique_key, %LOCK IN SHARE MODE%'"
                )
                waits = look.fetchone()[0] > 0
            state = admin.get(f"/v1/jobs/{job}", expect=200)
            return state["state"] == "done" or (waits and state["progress"]["done"] == 1)

        until(waits_or_is_done, "the import is at the writer's row, or has passed it by")
        connection.commit()
    assert finished(admin, job)["state"] == "done"
    assert linked(admin, path, "v1") == (made, "matched", "user_name")


def walk(admin, path, name):
    found, cursor = [], ""
    while cursor is not None:
        page = admin.get(path + (f"&cursor={cursor}" if cursor else ""), expect=200)
        found += page[name]
        cursor = page["next_cursor"]
    return found


# --- reports ---


def test_who_is_unmatched_on_either_side_is_reported(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "ada@example.com"), row("v2", "nobody@example.com")))
    ada, eve = push(scim, "ada@example.com"), push(scim, "eve@example.com")
    assert in_state(admin, path, "matched") == ["v1"]
    assert in_state(admin, path, "unmatched") == ["v2"]
    assert in_state(admin, path, "conflict") == []
    unmatched = admin.get(f"{path}/users/unmatched", expect=200)
    assert [one["id"] for one in unmatched["users"]] == [eve] and unmatched["next_cursor"] is None
    counts = admin.get(f"{path}/matching", expect=200).json
    assert counts == {
        "vendor_users": {"total": 2, "matched": 1, "unmatched": 1, "conflict": 0},
        "users": {"total": 2, "unmatched": 1},
    }
    assert ada not in [one["id"] for one in unmatched["users"]]


def test_reports_are_paged(admin, path, scim):
    ids = [push(scim, f"u{n}@example.com") for n in range(7)]
    import_users(admin, path, csv_of(*[row(f"v{n}", f"other{n}") for n in range(7)], row("v-3", "u3@example.com")))
    found = walk(admin, f"{path}/users/unmatched?limit=2", "users")
    assert [one["id"] for one in found] == ids[:3] + ids[4:]
    found = walk(admin, f"{path}/vendor-users?state=unmatched&limit=3", "vendor_users")
    assert [one["vendor_user_id"] for one in found] == [f"v{n}" for n in range(7)]
    cursor = admin.get(f"{path}/vendor-users?state=unmatched&limit=3", expect=200)["next_cursor"]
    admin.get(f"{path}/vendor-users?state=matched&cursor={cursor}", expect=400)
    admin.get(f"{path}/vendor-users?state=lost", expect=400)


# --- by hand ---


def test_a_conflict_is_settled_by_hand_and_the_link_stays(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "", "team@example.com"), row("v2", "", "team@example.com")))
    made = push(scim, "somebody", "team@example.com")
    shown = admin.put(f"{path}/vendor-users/v2/link", {"user_id": made}, expect=200)
    assert (shown["user_id"], shown["state"], shown["matched_by"], shown["conflict"]) == (made, "matched", "hand", None)
    admin.put(f"{path}/vendor-users/v2/link", {"user_id": made}, expect=200)
    refused = admin.put(f"{path}/vendor-users/v1/link", {"user_id": made}, expect=409)
    assert "v2" in refused["detail"]
    scim.put(f"/Users/{made}", user("renamed"), expect=200)
    assert linked(admin, path, "v2") == (made, "matched", "hand")


def test_who_was_unlinked_is_not_linked_by_itself_again(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "ada@example.com")))
    ada = push(scim, "ada@example.com")
    admin.delete(f"{path}/vendor-users/v1/link", expect=204)
    assert conflict(admin, path, "v1") == "unlinked"
    scim.put(f"/Users/{ada}", user("ada2@example.com"), expect=200)
    scim.put(f"/Users/{ada}", user("ada@example.com"), expect=200)
    assert conflict(admin, path, "v1") == "unlinked"
    admin.put(f"{path}/vendor-users/v1/link", {"user_id": ada}, expect=200)
    assert linked(admin, path, "v1") == (ada, "matched", "hand")
    admin.delete(f"{path}/vendor-users/v1", expect=204)
    admin.get(f"{path}/vendor-users/v1", expect=404)
    assert admin.get(f"{path}/users/{ada}", expect=200)["vendor_user_id"] is None


def test_only_a_user_of_the_directory_can_be_linked(rollcall, admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "ada@example.com")))
    foreign = rollcall.new_organization().scim.new_user("x@example.com")["id"]
    group = scim.new_group("G")["id"]
    unknown = "01890000-0000-7000-8000-000000000000"
    for bad in (foreign, group, unknown, "x", 5, None):
        refused = admin.put(f"{path}/vendor-users/v1/link", {"user_id": bad}, expect=422)
        assert refused["errors"][0]["pointer"] == "#/user_id"
    admin.put(f"{path}/vendor-users/v9/link", {"user_id": unknown}, expect=404)
    admin.delete(f"{path}/vendor-users/v9/link", expect=404)
    assert linked(admin, path, "v1")[1] == "unmatched"


def test_a_link_takes_if_match(admin, path, scim):
    import_users(admin, path, csv_of(row("v1", "x")))
    made = push(scim, "somebody")
    tag = admin.get(f"{path}/vendor-users/v1", expect=200).headers["etag"]
    admin.put(f"{path}/vendor-users/v1/link", {"user_id": made}, headers=[("If-Match", '"no"')], expect=412)
    admin.put(f"{path}/vendor-users/v1/link", {"user_id": made}, headers=[("If-Match", tag)], expect=200)


# --- cost ---


def test_directories_without_vendor_users_are_not_asked_for_any(rollcall, admin, path, org, scim):
    def flag():
        with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
            cursor.execute("SELECT has_vendor_users FROM directory WHERE id = %s", (id_bytes(org.directory_id),))
            return cursor.fetchone()[0]

    assert flag() == 0
    import_users(admin, path, csv_of(row("v1", "x")), "?dry_run=true")
    assert flag() == 0
    import_users(admin, path, csv_of(row("v1", "x")))
    assert flag() == 1
