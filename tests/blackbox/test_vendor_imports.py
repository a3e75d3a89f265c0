"""Files of users: what is taken, what is refused row by row, and that nothing is half done."""

import pytest

from harness.events import follow
from harness.openapi import CheckedAdmin
from harness.rollcall import id_bytes
from harness.vendor import csv_of, finished, import_users, ndjson_of, problems_of, start_import, vendor_user
from harness.wait import until

NDJSON = "application/x-ndjson"


@pytest.fixture
def admin(rollcall):
    client = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    yield client
    client.wire.close()


@pytest.fixture
def path(org):
    return f"/v1/directories/{org.directory_id}"


def stored(admin, path):
    return {one["vendor_user_id"]: one for one in admin.get(f"{path}/vendor-users?limit=1000", expect=200)["vendor_users"]}


def faults(admin, path, job):
    return [(one["row"], one["column"], one["detail"]) for one in problems_of(admin, path, job)]


# --- what is taken ---


@pytest.mark.parametrize(
    "text",
    [
        b"vendor_user_id,user_name,email,display_name\nv1,ada,ada@example.com,Ada\n",
        b"vendor_user_id,user_name,email,display_name\r\nv1,ada,ada@example.com,Ada\r\n",
        b"vendor_user_id,user_name,email,display_name\rv1,ada,ada@example.com,Ada\r",
        b"\xef\xbb\xbfvendor_user_id,user_name,email,display_name\r\nv1,ada,ada@example.com,Ada",
        b'"vendor_user_id","user_name","email","display_name"\n"v1","ada","ada@example.com","Ada"\n',
        b"Display_Name , EMAIL,vendor_user_id,User_Name\n Ada ,ada@example.com, v1,ada\n",
        b"\n\nvendor_user_id,user_name,email,display_name\n\nv1,ada,ada@example.com,Ada\n\n",
    ],
    ids=["LF", "CRLF", "CR", "BOM", "quotes", "order", "blank lines"],
)
def test_csv_is_read_in_the_ways_in_which_it_is_written(admin, path, text):
    import_users(admin, path, text)
    shown = vendor_user(admin, path, "v1")
    assert (shown["user_name"], shown["email"], shown["display_name"]) == ("ada", "ada@example.com", "Ada")


def test_what_stands_in_quotation_marks_is_taken_as_it_is(admin, path):
    rows = [{"vendor_user_id": 'a,b"c', "user_name": "ada é \U0001f600", "display_name": 'Ada "the first", Countess'}]
    import_users(admin, path, csv_of(*rows))
    shown = stored(admin, path)['a,b"c']
    assert shown["user_name"] == "ada é \U0001f600" and shown["display_name"] == 'Ada "the first", Countess'


def test_ndjson_is_read_with_nulls_and_without_a_last_line_feed(admin, path):
    body = b'\r\n{"vendor_user_id": "v1", "user_name": "ada", "email": null}\r\n\n{"vendor_user_id":"v2","email":"b@x"}'
    import_users(admin, path, body, media_type=NDJSON + "; charset=utf-8")
    assert set(stored(admin, path)) == {"v1", "v2"}


def test_pieces_of_a_large_file_are_put_together(admin, path):
    """Longer than the pieces in which it is kept, with a quoted field at every border."""
    rows = [{"vendor_user_id": f"v{n}", "user_name": f"user{n}@example.com", "display_name": f'"{n}", é' * 40} for n in range(4000)]
    body = csv_of(*rows)
    assert len(body) > 3 * 512 * 1024
    job = import_users(admin, path, body)
    assert job["result"]["created"] == 4000 and job["result"]["bad_rows"] == 0
    assert vendor_user(admin, path, "v3999")["display_name"] == rows[-1]["display_name"]


# --- what is refused ---

CSV_FAULTS = [
    (b"v1,ada,ada@example.com,Ada,more", None, "The row has 5 fields, the header has 4"),
    (b"v1,ada", None, "The row has 2 fields, the header has 4"),
    (b",ada,,", "vendor_user_id", "is required"),
    (b"v1,,,Ada", None, "There is neither a user_name nor an email, so nobody can be recognised by it"),
    (b"v1,,no-address,", "email", "is no e-mail address"),
    (b'v1,ad"a,,', None, "A quotation mark stands where none may"),
    (b"v1,ada\xff,,", "user_name", "is not UTF-8"),
    (b"v1,ada\x01,,", "user_name", "has a control character"),
    (b'v1,"ada\n",,', "user_name", "has a control character"),
    (b'" v1",ada,,', "vendor_user_id", "begins or ends with a blank"),
    (b"v" * 256 + b",ada,,", "vendor_user_id", "is longer than 255 bytes"),
    (b"v1,," + b"a" * 200 + b"@x,", "email", "is longer than 190 bytes"),
    (b"v1," + b"a" * 70000 + b",,", None, "The row is longer than 65536 bytes"),
    (b"import,ada,,", "vendor_user_id", "is a word that no vendor user can be named by"),
]


@pytest.mark.parametrize("line, column, detail", CSV_FAULTS, ids=[detail for _, _, detail in CSV_FAULTS])
def test_a_bad_row_is_named_and_nothing_is_written(admin, path, line, column, detail):
    text = b"vendor_user_id,user_name,email,display_name\ngood1,eve,,\n" + line + b"\ngood2,bob,,\n"
    job = import_users(admin, path, text, state="failed")
    assert "nothing was written" in job["problem"]
    (fault,) = [one for one in faults(admin, path, job)]
    assert fault[:2] == (3, column) and fault[2].startswith(detail), fault
    assert job["result"]["bad_rows"] == 1 and job["result"]["written"] is False
    assert stored(admin, path) == {}

    job = import_users(admin, path, text, "?skip_bad_rows=true")
    assert job["result"]["bad_rows"] == 1 and job["result"]["created"] == 2
    assert set(stored(admin, path)) == {"good1", "good2"}


NDJSON_FAULTS = [
    (b"{", None, ""),
    (b"[]", None, ""),
    (b'{"vendor_user_id":"v1","user_name":"a","user_name":"b"}', None, ""),
    (b'{"vendor_user_id":"v1","user_name":"a\xff"}', None, ""),
    (b'{"vendor_user_id":7,"user_name":"a"}', "vendor_user_id", "must be a string"),
    (b'{"vendor_user_id":"v1","user_name":["a"]}', "user_name", "must be a string"),
    (b'{"vendor_user_id":"v1","userName":"a"}', None, 'The member "userName" is not known here'),
    (b'{"user_name":"a"}', "vendor_user_id", "is required"),
    (b'{"vendor_user_id":"v1"}', None, "There is neither a user_name nor an email"),
    (b'{"vendor_user_id":"v1","user_name":"' + b"a" * 70000 + b'"}', None, "The row is longer than 65536 bytes"),
]


@pytest.mark.parametrize("line, column, detail", NDJSON_FAULTS, ids=[str(n) for n in range(len(NDJSON_FAULTS))])
def test_a_bad_line_is_named_and_nothing_is_written(admin, path, line, column, detail):
    text = ndjson_of({"vendor_user_id": "g1", "user_name": "eve"}) + line + b"\n" + ndjson_of({"vendor_user_id": "g2", "user_name": "bob"})
    job = import_users(admin, path, text, media_type=NDJSON, state="failed")
    (fault,) = faults(admin, path, job)
    assert fault[:2] == (2, column) and fault[2].startswith(detail), fault
    assert stored(admin, path) == {}
    import_users(admin, path, text, "?skip_bad_rows=true", media_type=NDJSON)
    assert set(stored(admin, path)) == {"g1", "g2"}


def test_every_bad_row_is_listed_with_everything_that_is_wrong(admin, path):
    lines = [b"vendor_user_id,user_name,email,display_name"]
    lines += [b"v%d,x%d,nowhere, y" % (n, n) if n % 2 else b"v%d,x%d,,y" % (n, n) for n in range(1200)]
    lines += [b" \xff,,\xfe,"]
    job = import_users(admin, path, b"\n".join(lines), state="failed")
    assert job["result"]["bad_rows"] == 601 and job["problem"].startswith("601 rows")
    found = faults(admin, path, job)
    assert [fault[0] for fault in found[:600]] == [n + 2 for n in range(1200) if n % 2]
    assert {fault[1] for fault in found if fault[0] == 1202} == {"vendor_user_id", "email"}


@pytest.mark.parametrize(
    "text, detail",
    [
        (b"\xff\xfev\x00e\x00", "The file is UTF-16"),
        (b"id,user_name\n1,ada\n", 'The column "id" is not known'),
        (b"vendor_user_id;user_name\n1;ada\n", 'The column "vendor_user_id;user_name" is not known'),
        (b"vendor_user_id,vendor_user_id,email\n1,1,a@x\n", "is there twice"),
        (b"user_name,email\nada,a@x\n", "is missing in the header"),
        (b"vendor_user_id,display_name\n1,Ada\n", "The header has neither user_name nor email"),
        (b'vendor_user_id,"user_name\n1,ada\n', "A quotation mark is never closed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_cannot_be_read_is_refused_whatever_is_skipped(admin, path, text, detail):
    job = import_users(admin, path, text, "?skip_bad_rows=true", state="failed")
    assert any(fault[2].startswith(detail) for fault in faults(admin, path, job)), faults(admin, path, job)
    assert stored(admin, path) == {}


def test_a_quotation_mark_that_is_never_closed_takes_only_its_row(admin, path):
    text = b'vendor_user_id,user_name\nv1,ada\nv2,"bob\n'
    job = import_users(admin, path, text, "?skip_bad_rows=true")
    assert set(stored(admin, path)) == {"v1"} and job["result"]["bad_rows"] == 1


def test_what_is_no_file_of_users_is_refused_at_once(admin, path):
    for media_type in ("application/json", "text/plain", "", "text/csvx"):
        start_import(admin, path, b"vendor_user_id,email\n1,a@x\n", media_type=media_type, expect=415)
    start_import(admin, path, b"", expect=400)
    for query in ("?dry_run=yes", "?on_conflict=merge", "?skip_bad_rows=1", "?dry_run=", "?other=1"):
        start_import(admin, path, csv_of({"vendor_user_id": "v1", "user_name": "x"}), query, expect=400)
    assert admin.get("/v1/jobs?kind=vendor_user_import&limit=1", expect=200) is not None
    assert stored(admin, path) == {}


# --- again, and otherwise ---


def test_the_same_file_again_changes_nothing(admin, path):
    body = csv_of(*[{"vendor_user_id": f"v{n}", "user_name": f"u{n}"} for n in range(5)])
    import_users(admin, path, body)
    before = stored(admin, path)
    result = import_users(admin, path, body, "?on_conflict=replace")["result"]
    assert (result["created"], result["replaced"], result["unchanged"]) == (0, 0, 5)
    assert stored(admin, path) == before


def test_other_values_are_a_conflict_until_they_are_to_replace(admin, path, scim):
    import_users(admin, path, csv_of({"vendor_user_id": "v1", "user_name": "ada"}, {"vendor_user_id": "v2", "user_name": "bob"}))
    ada, eve = scim.new_user("ada")["id"], scim.new_user("eve")["id"]
    changed = csv_of({"vendor_user_id": "v1", "user_name": "countess"}, {"vendor_user_id": "v2", "user_name": "eve"})
    job = import_users(admin, path, changed)
    assert job["result"]["skipped"] == 2 and job["result"]["replaced"] == 0
    assert [(one["kind"], one["row"], one["vendor_user_id"]) for one in problems_of(admin, path, job)] == [
        ("conflict", 2, "v1"),
        ("conflict", 3, "v2"),
    ]
    assert vendor_user(admin, path, "v2")["user_name"] == "bob"
    result = import_users(admin, path, changed, "?on_conflict=replace")["result"]
    assert (result["replaced"], result["matched"]) == (2, 1)
    assert vendor_user(admin, path, "v1")["user_id"] == ada  # once linked it stays linked
    assert vendor_user(admin, path, "v2")["user_id"] == eve


@pytest.mark.parametrize("on_conflict", ["skip", "replace"])
def test_the_first_of_two_rows_for_one_vendor_id_counts(admin, path, on_conflict):
    rows = [{"vendor_user_id": "v1", "user_name": "first"}, {"vendor_user_id": "v1", "user_name": "second"}]
    job = import_users(admin, path, csv_of(*rows), f"?on_conflict={on_conflict}")
    assert (job["result"]["created"], job["result"]["skipped"]) == (1, 1)
    (problem,) = problems_of(admin, path, job)
    assert problem["row"] == 3 and problem["detail"].startswith("Row 2 has the same")
    assert vendor_user(admin, path, "v1")["user_name"] == "first"


def test_an_address_for_two_vendor_ids_is_listed_with_the_other_row(admin, path):
    rows = [{"vendor_user_id": f"v{n}", "email": "team@example.com"} for n in range(2)]
    job = import_users(admin, path, csv_of(*rows))
    assert job["result"]["conflicts"] == 2
    details = [one["detail"] for one in problems_of(admin, path, job)]
    assert details[1].startswith("Row 2 has the same")
    job = import_users(admin, path, csv_of({"vendor_user_id": "v9", "email": "TEAM@example.com"}))
    assert job["result"]["conflicts"] == 1


def test_a_dry_run_reports_what_would_happen_and_writes_nothing(admin, path, scim):
    scim.new_user("ada@example.com")
    scim.new_user("robert", emails=[{"value": "bob@example.com"}])
    import_users(admin, path, csv_of({"vendor_user_id": "old", "user_name": "old"}, {"vendor_user_id": "same", "user_name": "s"}))
    before = stored(admin, path)
    body = csv_of(
        {"vendor_user_id": "v1", "user_name": "ada@example.com"},
        {"vendor_user_id": "v2", "email": "bob@example.com"},
        {"vendor_user_id": "v3", "email": "team@example.com"},
        {"vendor_user_id": "v4", "email": "team@example.com"},
        {"vendor_user_id": "v5", "user_name": "nobody"},
        {"vendor_user_id": "v1", "user_name": "again"},
        {"vendor_user_id": "v6", "email": "Bob@example.com", "user_name": "ada@example.COM "},
        {"vendor_user_id": "old", "user_name": "new"},
        {"vendor_user_id": "same", "user_name": "s"},
    )
    dry = import_users(admin, path, body, "?dry_run=true")
    assert stored(admin, path) == before
    real = import_users(admin, path, body)
    same = {name: value for name, value in real["result"].items() if name not in ("dry_run", "written")}
    assert {name: dry["result"][name] for name in same} == same
    assert dry["result"]["written"] is False and dry["result"]["dry_run"] is True
    assert problems_of(admin, path, dry) == problems_of(admin, path, real)
    assert real["result"]["created"] == 6 and real["result"]["conflicts"] > 0


def test_an_import_tells_when_it_is_finished(admin, path, org):
    good = import_users(admin, path, csv_of({"vendor_user_id": "v1", "user_name": "x"}))
    bad = import_users(admin, path, csv_of({"vendor_user_id": "", "user_name": "x"}), state="failed")
    events, _ = follow(admin, types="import.finished", organization_id=org.id)
    told = {event["data"]["job_id"]: event["data"]["outcome"] for event in events}
    assert told[good["id"]] == "done" and told[bad["id"]] == "failed"


def test_the_uploaded_file_is_gone_when_the_import_has_ended(rollcall, admin, path):
    for state, body in (("done", csv_of({"vendor_user_id": "v1", "user_name": "x"})), ("failed", b"x")):
        import_users(admin, path, body, state=state)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM import_piece")
        assert cursor.fetchone()[0] == 0


def test_problems_belong_to_their_import(admin, path):
    first = import_users(admin, path, b"x", state="failed")
    second = import_users(admin, path, csv_of({"vendor_user_id": "v1", "user_name": "x"}))
    assert len(problems_of(admin, path, first)) == 1 and problems_of(admin, path, second) == []
    job = admin.post(f"{path}/users/deactivated/delete", {"older_than_days": 0}, expect=202)["id"]
    finished(admin, job)
    admin.get(f"{path}/vendor-users/imports/{job}/problems", expect=404)


def rows_of(count):
    return [{"vendor_user_id": f"v{n}", "user_name": f"user{n}@example.com", "email": f"m{n}@example.com"} for n in range(count)]


def progress(admin, job):
    return admin.get(f"/v1/jobs/{job}", expect=200)["progress"]["done"]


def everything_stored(rollcall, directory):
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT vendor_user_id FROM vendor_user WHERE directory_id = %s", (id_bytes(directory),))
        return [name.decode() for (name,) in cursor.fetchall()]


def test_an_import_that_is_killed_goes_on_where_it_was(own_rollcall):
    """kill -9 in the middle: another process takes it over, and every row is there once and counted once."""
    rollcall = own_rollcall
    org = rollcall.new_organization()
    path = f"/v1/directories/{org.directory_id}"
    known = [org.scim.new_user(f"user{n}@example.com")["id"] for n in range(3)]
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    count = 30000
    job = start_import(admin, path, csv_of(*rows_of(count)))["id"]
    until(lambda: progress(admin, job) >= 500, "some rows are written")
    assert progress(admin, job) < count
    admin.wire.close()
    rollcall.admin_process.kill()
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("UPDATE job SET lease_ms = 1 WHERE state = 2")  # as if its half minute were over
        connection.commit()
    rollcall._start_admin()
    ended = finished(admin, job)
    assert ended["state"] == "done"
    assert (ended["result"]["created"], ended["result"]["unchanged"], ended["result"]["matched"]) == (count, 0, 3)
    stored_ids = everything_stored(rollcall, org.directory_id)
    assert len(stored_ids) == count and set(stored_ids) == {f"v{n}" for n in range(count)}
    assert [vendor_user(admin, path, f"v{n}")["user_id"] for n in range(3)] == known


def test_an_import_that_is_cancelled_keeps_what_it_wrote_and_can_be_sent_again(own_rollcall):
    rollcall = own_rollcall
    org = rollcall.new_organization()
    path = f"/v1/directories/{org.directory_id}"
    admin = CheckedAdmin(rollcall.admin_url, rollcall.admin.key)
    body = csv_of(*rows_of(30000))
    job = start_import(admin, path, body)["id"]
    until(lambda: progress(admin, job) >= 500, "some rows are written")
    admin.post(f"/v1/jobs/{job}/cancel", expect=200)
    ended = finished(admin, job)
    assert ended["state"] == "cancelled" and 500 <= ended["result"]["created"] < 30000
    assert len(everything_stored(rollcall, org.directory_id)) == ended["result"]["created"]
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM import_piece")
        assert cursor.fetchone()[0] == 0
    events = admin.get("/v1/events?types=import.finished", expect=200)["events"]
    assert events[-1]["data"]["outcome"] == "cancelled"
    again = import_users(admin, path, body)["result"]
    assert (again["created"], again["unchanged"]) == (30000 - ended["result"]["created"], ended["result"]["created"])
