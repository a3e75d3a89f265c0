"""What another tenant's requests wait while an organization with 100,000 users is deleted and erased. Called by bench.py.

Reads and writes come at a steady rate, each kind on a connection of its own; a latency counts from when its request was
due, so that one that waits makes those behind it late, too. The same before, meanwhile and after, in one run."""

import http.client
import json
import os
import statistics
import threading
import time

from measure import first_tenant
from stack import Failure, say

TYPE = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
READS, WRITES = 100, 25  # a second
ERASE_SECONDS = 900
KINDS = {"read": "GET /Users/{id}", "write": "POST /Users", "disk": "the disk alone: 4 kB, fdatasync"}


class Caller(threading.Thread):
    """One kind of request, `rate` times a second, until it is told to stop."""

    def __init__(self, port, base, token, rate, request):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.base, self.rate, self.request = base, rate, request
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": TYPE}
        self.stopping = threading.Event()
        self.latencies = []  # (when it was due, ms)
        self.failure = None

    def run(self):
        due, number = time.monotonic(), 0
        while not self.stopping.is_set():
            time.sleep(max(0, due - time.monotonic()))
            try:
                self.ask(number)
            except (OSError, http.client.HTTPException, Failure) as failure:
                self.failure = failure
                return
            self.latencies.append((due, (time.monotonic() - due) * 1000))
            due, number = due + 1 / self.rate, number + 1

    def ask(self, number):
        method, path, body = self.request(number)
        self.connection.request(method, self.base + path, body and json.dumps(body), self.headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.status not in (200, 201):
            raise Failure(f"{method} {path} was answered {response.status}: {content[:500]}")
        return json.loads(content)

    def between(self, began, ended):
        return sorted(ms for due, ms in self.latencies if began <= due < ended)


class Disk(threading.Thread):
    """What a durable write of 4 kB takes beside the database, as often as its neighbour writes: the disk's own stalls."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        self.file = os.open(directory / "probe", os.O_CREAT | os.O_WRONLY)
        self.stopping = threading.Event()
        self.latencies = []
        self.failure = None

    def run(self):
        due = time.monotonic()
        while not self.stopping.is_set():
            time.sleep(max(0, due - time.monotonic()))
            os.pwrite(self.file, os.urandom(4096), 0)
            os.fdatasync(self.file)
            self.latencies.append((due, (time.monotonic() - due) * 1000))
            due += 1 / WRITES

    between = Caller.between


class Admin:
    def __init__(self, stack):
        self.connection = http.client.HTTPConnection("127.0.0.1", stack.admin_port, timeout=60)
        self.key = stack.operator_key()

    def ask(self, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        self.connection.request(method, path, body and json.dumps(body), headers)
        response = self.connection.getresponse()
        content = response.read()
        if response.status >= 400:
            raise Failure(f"{method} {path} was answered {response.status}: {content[:500]}")
        return json.loads(content) if content else None


def person(number):
    return {
        "schemas": [USER], "userName": f"erase.{number}@example.com", "displayName": f"Person {number}", "active": True,
        "name": {"givenName": "Person", "familyName": str(number)},
        "emails": [{"value": f"erase.{number}@example.com", "type": "work", "primary": True}],
    }  # fmt: skip


def neighbour(stack, admin, environment):
    """Another customer of the same vendor, with a user to read, and what sends its requests."""
    made = admin.ask("POST", f"/v1/organizations?environment_id={environment}", {"display_name": "Neighbour"})
    base = f"/orgs/{made['organization']['id']}/scim/v2"

    def caller(rate, request):
        return Caller(stack.server_port, base, made["token"], rate, request)

    first = caller(1, lambda n: ("POST", "/Users", person(-1))).ask(0)
    return {
        "read": caller(READS, lambda n: ("GET", f"/Users/{first['id']}", None)),
        "write": caller(WRITES, lambda n: ("POST", "/Users", person(n))),
    }


def rows_left(stack):
    """Cheap: what is erased before the directory itself is gone is no matter here."""
    return int(stack.database.sql("SELECT COUNT(*) FROM directory WHERE state = 3", "rollcall"))


def wait_until_erased(stack):
    deadline = time.monotonic() + ERASE_SECONDS
    while rows_left(stack) > 0:
        if time.monotonic() > deadline:
            raise Failure(f"it is not erased after {ERASE_SECONDS} s")
        stack.ensure_alive()
        time.sleep(0.2)


def summary(callers, phases):
    rows = []
    for name, began, ended in phases:
        for kind, caller in callers.items():
            latencies = caller.between(began, ended)
            rows.append({
                "phase": name, "what": KINDS[kind], "requests": len(latencies), "seconds": ended - began,
                "p50_ms": statistics.median(latencies), "p99_ms": latencies[int(len(latencies) * 0.99)],
                "worst_ms": latencies[-1], "above_50_ms": sum(ms > 50 for ms in latencies),
            })  # fmt: skip
    return rows


def measure(stack, seconds):
    admin = Admin(stack)
    doomed, _ = first_tenant(stack.data_set)
    environment = admin.ask("GET", f"/v1/organizations/{doomed}")["environment_id"]
    callers = {**neighbour(stack, admin, environment), "disk": Disk(stack.directory)}
    for caller in callers.values():
        caller.start()
    time.sleep(2)  # warm
    began = time.monotonic()
    time.sleep(seconds)
    deleted = time.monotonic()
    say(f"Deleting an organization with {stack.data_set.users:,} users")
    admin.ask("DELETE", f"/v1/organizations/{doomed}?grace_days=0")
    wait_until_erased(stack)
    erased = time.monotonic()
    say(f"Erased in {erased - deleted:.0f} s")
    time.sleep(seconds)
    ended = time.monotonic()
    for caller in callers.values():
        caller.stopping.set()
        caller.join()
        if caller.failure:
            raise caller.failure
    return summary(callers, [("before", began, deleted), ("while erasing", deleted, erased), ("after", erased, ended)])


def table(rows):
    lines = ["| when | what | requests | p50 ms | p99 ms | worst ms | above 50 ms |", "|---|---|---:|---:|---:|---:|---:|"]
    for row in rows:
        lines.append(
            f"| {row['phase']}, {row['seconds']:.0f} s | {row['what']} | {row['requests']:,} | {row['p50_ms']:.2f} | "
            f"{row['p99_ms']:.2f} | {row['worst_ms']:.2f} | {row['above_50_ms']} |"
        )
    return "\n".join(lines)
