"""What an index of a directory's own is worth: filters on 200,000 users before and after, and what writers notice while
it is built. ROLLCALL_BUILD=build/release python3 tests/bench/indexes.py [users]"""

import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1] / "blackbox"))

from harness.rollcall import Rollcall  # noqa: E402
from harness.scim import ENTERPRISE, USER  # noqa: E402

BADGE = "urn:example:params:scim:schemas:extension:Badge"
FILTERS = [
    f'{BADGE}:color eq "color 000777"',
    f'{BADGE}:color sw "color 00077"',
    f"{BADGE}:number eq 778",
    f'{BADGE}:color eq "color 000777" or {BADGE}:number eq 778',
]
# Copies of the first user, with numbers of their own; no other index has them.
COPY = """
INSERT INTO resource (directory_id, type, id, unique_key, external_key, display, manager_id, open_braces, version,
                      created_ms, modified_ms, document)
SELECT r.directory_id, 1, UNHEX(CONCAT('0199000000', LPAD(HEX(s.seq), 6, '0'), '7000800000000000')),
       REPLACE(r.unique_key, '000000', LPAD(s.seq, 6, '0')), NULL, r.display, NULL, r.open_braces, 1, r.created_ms,
       r.modified_ms,
       REPLACE(REPLACE(r.document, '000000', LPAD(s.seq, 6, '0')), '"number":0', CONCAT('"number":', s.seq))
FROM resource r JOIN seq_{first}_to_{last} s
WHERE r.directory_id = %s AND r.type = 1 AND r.unique_key = 'u000000@example.com'"""


def user(name):
    return {
        "schemas": [USER],
        "userName": f"{name}@example.com",
        "displayName": f"Person {name}",
        "name": {"givenName": "Given", "familyName": "Family"},
        "emails": [{"value": f"{name}@example.com", "type": "work", "primary": True}],
        "phoneNumbers": [{"value": "+1 555 0000", "type": "work"}, {"value": "+1 555 1111", "type": "mobile"}],
        "addresses": [{"type": "work", "streetAddress": "1 Street", "locality": "Town", "postalCode": "12345"}],
        "title": "Engineer",
        "roles": [{"value": "a" * 100}],
        "entitlements": [{"value": "b" * 100}],
        "profileUrl": "https://example.com/" + "x" * 200,
        BADGE: {"color": "color 000000", "number": 0},
        ENTERPRISE: {"employeeNumber": "000000", "costCenter": "c", "department": "d", "division": "v"},
    }


def fill(rollcall, org, count):
    directory = rollcall.id_bytes(org.directory_id)
    org.scim.post("/Users", user("u000000"), expect=201)
    with rollcall.database.connect("rollcall") as connection, connection.cursor() as cursor:
        for first in range(1, count, 10000):
            cursor.execute(COPY.format(first=first, last=min(first + 9999, count - 1)), (directory,))
            connection.commit()
        cursor.execute("UPDATE resource_count SET resources = %s WHERE directory_id = %s AND type = 1", (count, directory))
        connection.commit()


def ask(scim, filter, times):
    latencies = []
    for _ in range(times):
        began = time.perf_counter()
        answer = scim.get(f"/Users?filter={quote(filter, safe='')}")
        latencies.append((time.perf_counter() - began) * 1000)
    found = answer["totalResults"] if answer.status == 200 else answer["scimType"]
    print(f"  {filter}: {found}, median {statistics.median(latencies):.2f} ms, worst {max(latencies):.1f} ms")


def build(admin, scim, directory, attribute):
    admin.wire.close()
    began = time.perf_counter()
    at = admin.post(f"{directory}/indexes", {"attribute": attribute}, expect=201).headers["location"]
    latencies = []
    while admin.get(at, expect=200)["state"] != "ready":
        start = time.perf_counter()
        scim.post("/Users", user(f"w{time.time()}"), expect=201)
        latencies.append((time.perf_counter() - start) * 1000)
    took = time.perf_counter() - began
    latencies.sort()
    print(
        f"  {attribute}: {took:.1f} s; {len(latencies)} creations meanwhile, median {statistics.median(latencies):.1f} ms,"
        f" p99 {latencies[int(len(latencies) * 0.99)]:.1f} ms, worst {latencies[-1]:.1f} ms"
    )


def main(count):
    rollcall = Rollcall(Path(tempfile.mkdtemp()))
    rollcall.start()
    try:
        org = rollcall.new_organization()
        directory = f"/v1/directories/{org.directory_id}"
        attributes = [{"name": "color"}, {"name": "number", "type": "integer"}]
        schema = {"id": BADGE, "attributes": attributes, "extends": ["User"]}
        rollcall.admin.post(f"{directory}/schemas", schema, expect=201)
        fill(rollcall, org, count)
        print("before")
        for filter in FILTERS:
            ask(org.scim, filter, 5)
        print("built")
        for attribute in ("color", "number"):
            build(rollcall.admin, org.scim, directory, f"{BADGE}:{attribute}")
        print("after")
        for filter in FILTERS:
            ask(org.scim, filter, 50)
    finally:
        rollcall.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200000)
