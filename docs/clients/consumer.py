#!/usr/bin/env python3
"""Keeps users, groups and memberships of all your customers in step, in one SQLite file. Python 3.8, nothing else.

    ROLLCALL_URL=https://rollcall.example.com ROLLCALL_KEY=… python3 consumer.py people.db
"""

import http.client, json, os, sqlite3, sys, time, urllib.error, urllib.parse, urllib.request

TABLES = """
CREATE TABLE IF NOT EXISTS users (id PRIMARY KEY, organization, directory, version, document);
CREATE TABLE IF NOT EXISTS groups (id PRIMARY KEY, organization, directory, version, document);
CREATE TABLE IF NOT EXISTS members (organization, group_id, member_id, PRIMARY KEY (group_id, member_id));
CREATE INDEX IF NOT EXISTS groups_of ON members (member_id);
CREATE TABLE IF NOT EXISTS place (cursor)"""
JOIN = "REPLACE INTO members VALUES (?, ?, ?)"
LEAVE = "DELETE FROM members WHERE organization = ? AND group_id = ? AND member_id = ?"


def get(path, **query):
    url = f"{os.environ['ROLLCALL_URL']}{path}?{urllib.parse.urlencode(query)}"
    request = urllib.request.Request(url, headers={"Authorization": "Bearer " + os.environ["ROLLCALL_KEY"]})
    return urllib.request.urlopen(request, timeout=90)


def put(db, noun, organization, told):
    """told: a line of a snapshot, or the data of an event."""
    row = (told[noun]["id"], organization, told["directory_id"], told["version"], json.dumps(told[noun]))
    db.execute(f"REPLACE INTO {noun}s VALUES (?, ?, ?, ?, ?)", row)


def take_snapshot(db, organization):
    """All of one customer anew. One that has been deleted has nothing."""
    for table in ("users", "groups", "members"):
        db.execute(f"DELETE FROM {table} WHERE organization = ?", (organization,))
    try:
        lines = get(f"/v1/organizations/{organization}/snapshot")
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return
        raise
    for line in map(json.loads, lines):
        if line["type"] in ("user", "group"):
            put(db, line["type"], organization, line)
        elif line["type"] == "members":
            db.executemany(JOIN, [(organization, line["group_id"], each["id"]) for each in line["members"]])
    if line["type"] != "end":
        raise OSError("the snapshot was cut")


def begin(db):
    """The cursor first: what happens while snapshots are taken comes again behind it, and is known to be old."""
    cursor, page = json.load(get("/v1/events", cursor="now"))["next_cursor"], {"next_cursor": ""}
    for table in ("users", "groups", "members"):
        db.execute(f"DELETE FROM {table}")
    while page["next_cursor"] is not None:
        after = {"cursor": page["next_cursor"]} if page["next_cursor"] else {}
        page = json.load(get("/v1/organizations", limit=100, **after))
        for organization in page["organizations"]:
            take_snapshot(db, organization["id"])
    db.execute("INSERT INTO place VALUES (?)", (cursor,))


def apply(db, event):
    noun, what = event["type"].split(".")
    organization, data = event["organization_id"], {**event["data"], "directory_id": event["directory_id"]}
    if noun in ("organization", "directory"):
        return take_snapshot(db, organization) if what in ("deleted", "restored") else None
    key = {"id": data[noun]["id"]}
    known = db.execute(f"SELECT version FROM {noun}s WHERE id = :id", key).fetchone()
    if known and data["version"] < known[0]:
        return None  # older than what is here
    if what == "deleted":
        db.execute(f"DELETE FROM {noun}s WHERE id = :id", key)
        return db.execute("DELETE FROM members WHERE group_id = :id OR member_id = :id", key)
    put(db, noun, organization, data)
    members = [(organization, key["id"], each["id"]) for each in data.get("members", [])]
    return db.executemany(LEAVE if what == "member_removed" else JOIN, members)


def follow(db):
    place = db.execute("SELECT cursor FROM place").fetchone()
    if not place:
        return begin(db)
    types = "user.*,group.*,organization.*,directory.*"
    page = json.load(get("/v1/events", cursor=place[0], types=types, limit=1000, wait=30))
    for event in page["events"]:
        apply(db, event)
    return db.execute("UPDATE place SET cursor = ?", (page["next_cursor"],))


db = sqlite3.connect(sys.argv[1])
db.executescript(TABLES)
while True:
    try:
        with db:  # the rows and the place, or neither
            follow(db)
    except (OSError, ValueError, http.client.HTTPException) as error:
        problem = error.read().decode() if isinstance(error, urllib.error.HTTPError) else str(error)
        print(problem, file=sys.stderr)
        if "problem:expired-cursor" in problem:
            with db:
                db.execute("DELETE FROM place")  # and so begin again
        time.sleep(1)
