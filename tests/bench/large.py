"""What one request costs in a directory of 200,000 users: filters, sorts, walks, large groups, bulk. Called by bench.py.

One client, one request at a time on a kept-alive connection, so that the numbers are what a client waits. CPU times are
those of the two processes; the client's own are in the latency alone."""

import http.client
import json
import statistics
import time
from contextlib import contextmanager
from urllib.parse import quote

from measure import cpu_seconds, first_tenant
from stack import Failure, say

TYPE = "application/scim+json"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
BULK_OPERATIONS = 1000


class Client:
    def __init__(self, stack):
        tenant, self.token = first_tenant(stack.data_set)
        self.base = f"/orgs/{tenant}/scim/v2"
        self.connection = http.client.HTTPConnection("127.0.0.1", stack.server_port, timeout=120)

    def ask(self, method, path, body=None, expect=(200, 201, 204)):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": TYPE}
        text = None if body is None else json.dumps(body)
        self.connection.request(method, self.base + path, text, headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.status not in expect:
            raise Failure(f"{method} {path[:120]} was answered {response.status}: {content[:500]}")
        return content

    def json(self, method, path, body=None):
        return json.loads(self.ask(method, path, body))


class Large:
    def __init__(self, stack, quick):
        self.stack = stack
        self.client = Client(stack)
        self.quick = quick
        lines = (stack.data_set.data / "users.txt").read_text().splitlines()
        self.users = [tuple(line.split()) for line in lines]
        groups = (stack.data_set.data / "groups.txt").read_text().splitlines()
        self.groups = dict(line.split() for line in groups)
        self.rows = []

    # --- how it is measured ---

    @contextmanager
    def measured(self, what, times, per=1, unit="request"):
        """The block runs everything; it gets a list for the milliseconds of each request."""
        server, database = self.stack.server, self.stack.database.pid
        server.forget_peak()
        before = cpu_seconds(server.pid), cpu_seconds(database)
        latencies = []
        yield latencies
        used = [cpu_seconds(pid) - was for pid, was in zip((server.pid, database), before)]
        self.stack.ensure_alive()
        row = {
            "what": what,
            "median_ms": statistics.median(latencies),
            "worst_ms": max(latencies),
            "server_cpu_ms": used[0] * 1000 / times,
            "db_cpu_ms": used[1] * 1000 / times,
            "peak_mb": server.status("VmHWM"),
            "per_second": per * 1000 / statistics.median(latencies),
            "unit": unit,
        }
        self.rows.append(row)
        say(f"  {what}: {row['median_ms']:.2f} ms, CPU {row['server_cpu_ms']:.2f} + {row['db_cpu_ms']:.2f} ms, {row['peak_mb']:.0f} MB")

    def timed(self, latencies, *request):
        began = time.monotonic()
        content = self.client.ask(*request)
        latencies.append((time.monotonic() - began) * 1000)
        return content

    def repeat(self, what, times, request, per=1, unit="request"):
        """request(n) makes the n-th: (method, path[, body])."""
        if self.quick:
            times = min(times, 3)
        self.client.ask(*request(0))
        with self.measured(what, times, per, unit) as latencies:
            for n in range(times):
                self.timed(latencies, *request(n + 1))

    # --- what is measured ---

    def user(self, n):
        return self.users[n * 7919 % len(self.users)]

    def reads(self):
        def filtered(text):
            return lambda n: ("GET", "/Users?filter=" + quote(text(n)))

        self.repeat("GET by id", 2000, lambda n: ("GET", "/Users/" + self.user(n)[0]))
        self.repeat("userName eq", 2000, filtered(lambda n: f'userName eq "{self.user(n)[1]}"'))
        self.repeat("emails.value eq", 2000, filtered(lambda n: f'emails.value eq "{self.user(n)[1]}"'))
        self.repeat("employeeNumber eq", 2000, filtered(lambda n: f'employeeNumber eq "E{n * 7919 % len(self.users):08}"'))
        self.repeat("title co, nothing found (scan)", 3, filtered(lambda n: f'title co "nobody {n}"'))
        self.repeat("title co and active eq (scan, many found)", 3, filtered(lambda n: 'title co "analyst" and active eq true'))
        self.repeat("sortBy=name.familyName, first 100", 20, lambda n: ("GET", "/Users?sortBy=name.familyName&count=100"))
        self.repeat("sortBy=userName descending, first 100", 20, lambda n: ("GET", "/Users?sortBy=userName&sortOrder=descending&count=100"))
        self.repeat("sortBy=title, first 100 (sorted by scan)", 3, lambda n: ("GET", "/Users?sortBy=title&count=100"))
        self.repeat("startIndex=1, 100 users", 20, lambda n: ("GET", "/Users?startIndex=1&count=100"))
        middle, end = len(self.users) // 2, len(self.users) - 100
        self.repeat(f"startIndex={middle:,}, 100 users", 20, lambda n: ("GET", f"/Users?startIndex={middle}&count=100"))
        self.repeat(f"startIndex={end:,}, 100 users", 20, lambda n: ("GET", f"/Users?startIndex={end}&count=100"))

    def walk(self):
        """All users by cursor: what the first pages cost, and the last."""
        count = 100 if self.quick else 1000
        path = f"/Users?count={count}&cursor="
        pages, cursor = [], ""
        with self.measured(f"a walk by cursor, pages of {count:,}", len(self.users) / count, count, "user") as latencies:
            while cursor is not None:
                page = json.loads(self.timed(latencies, "GET", path + cursor))
                pages.append(len(page["Resources"]))
                cursor = page.get("nextCursor")
        if sum(pages) != len(self.users):
            raise Failure(f"the walk saw {sum(pages)} users of {len(self.users)}")
        tenth = max(len(latencies) // 10, 1)
        first, last = statistics.median(latencies[:tenth]), statistics.median(latencies[-tenth:])
        self.rows[-1]["note"] = f"first tenth {first:.1f} ms a page, last tenth {last:.1f} ms"
        say(f"    {self.rows[-1]['note']}")

    def members(self):
        group = self.client.json("POST", "/Groups", {"schemas": [GROUP], "displayName": "Measured"})["id"]

        def add(n):
            some = [{"value": id} for id, _ in self.users[n * 1000 : n * 1000 + 1000]]
            operation = {"op": "add", "path": "members", "value": some}
            return "PATCH", f"/Groups/{group}", {"schemas": [PATCH_OP], "Operations": [operation]}

        self.repeat("PATCH that adds 1,000 members", 20, add, 1000, "member")
        self.client.ask("DELETE", f"/Groups/{group}")
        size = len(self.users) // 2
        self.repeat(f"GET of a group of {size:,}", 3, lambda n: ("GET", "/Groups/" + self.groups["large"]), size, "member")
        self.replace()

    def replace(self):
        size = len(self.users) // 4
        ids = [id for id, _ in self.users[: size + 100]]

        def body(first):
            members = [{"value": id} for id in ids[first : first + size]]
            return {"schemas": [GROUP], "displayName": "Replaced", "members": members}

        location = "/Groups/" + self.client.json("POST", "/Groups?excludedAttributes=members", body(0))["id"]
        path = location + "?excludedAttributes=members"
        self.repeat(f"PUT of a group of {size:,} that changes ten", 3, lambda n: ("PUT", path, body(n * 5)), size, "member")
        self.client.ask("DELETE", location)

    def bulk(self):
        count = 50 if self.quick else BULK_OPERATIONS

        def person(kind, n, k):
            return {"schemas": [USER], "userName": f"{kind}.{n}.{k}@example.com", "displayName": f"{kind} {k}",
                    "emails": [{"value": f"{kind}.{n}.{k}@example.com", "type": "work", "primary": True}]}  # fmt: skip

        def request(n):
            operations = [
                {"method": "POST", "path": "/Users", "bulkId": str(k), "data": person("bulk", n, k)} for k in range(count)
            ]
            return "POST", "/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations}

        self.repeat(f"POST /Bulk with {count:,} creates", 5, request, count, "create")
        together = self.rows[-1]["median_ms"]
        with self.measured(f"{count:,} times POST /Users, one after the other", 1, count, "create") as total:
            began = time.monotonic()
            for k in range(count):
                self.client.ask("POST", "/Users", person("single", 0, k))
            total.append((time.monotonic() - began) * 1000)
        self.rows[-1]["note"] = f"{total[0] / together:.1f} times as long as in bulk"
        say(f"    {self.rows[-1]['note']}")

    def all(self):
        self.reads()
        self.walk()
        self.members()
        self.bulk()
        return self.rows


def table(rows):
    lines = ["| what | median ms | worst ms | server CPU ms | db CPU ms | server MB | per second |", "|---|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        what = row["what"] + (f" ({row['note']})" if "note" in row else "")
        rate = f"{row['per_second']:,.0f} {row['unit']}s"
        lines.append(
            f"| {what} | {row['median_ms']:.2f} | {row['worst_ms']:.2f} | {row['server_cpu_ms']:.2f} | {row['db_cpu_ms']:.2f} | "
            f"{row['peak_mb']:.0f} | {rate} |"
        )
    return "\n".join(lines)


def measure(stack, quick):
    return Large(stack, quick).all()
