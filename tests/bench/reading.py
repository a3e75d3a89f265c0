"""What it costs to read a directory of 100,000 users through the admin API, page by page, with roles by 20 rules. Called
by bench.py.

One client on one kept-alive connection, which reads the bytes and does not parse them. CPU times are those of the two
processes; "users per core second" is what one core of rollcall-admin alone can answer."""

import contextlib
import re
import statistics
import time
from urllib.parse import quote

from erase import Admin
from measure import cpu_seconds, first_tenant
from stack import Failure, say

ROLES = 20
NEXT = re.compile(r'<https?://[^/]+(/[^>]*)>; rel="next"')


class Reader(Admin):
    def page(self, path):
        """The number of bytes, and the path of the next page."""
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {self.key}"})
        response = self.connection.getresponse()
        content = response.read()
        if response.status != 200:
            raise Failure(f"GET {path} was answered {response.status}: {content[:500]}")
        following = NEXT.search(response.headers.get("Link", ""))
        return len(content), following and following[1]


def make_roles(reader, environment, directory):
    for number in range(ROLES):
        body = {"name": f"role-{number}", "environment_id": environment}
        reader.ask("POST", "/v1/roles", body)
    groups = reader.ask("GET", f"/v1/directories/{directory}/groups?limit=1000&view=profile")["groups"]
    rules = [
        {"group_name": groups[number % len(groups)]["displayName"], "role": f"role-{number}", "priority": number}
        for number in range(ROLES)
    ]
    reader.ask("PUT", f"/v1/directories/{directory}/role-mappings", {"rules": rules})


@contextlib.contextmanager
def measured(stack, rows, what, users):
    stack.admin.forget_peak()
    pids = stack.admin.pid, stack.database.pid
    before = [cpu_seconds(pid) for pid in pids]
    latencies, sizes = [], []
    began = time.monotonic()
    yield latencies, sizes
    wall = time.monotonic() - began
    used = [cpu_seconds(pid) - was for pid, was in zip(pids, before)]
    stack.ensure_alive()
    rows.append({
        "what": what, "pages": len(latencies), "users": users, "users_per_second": users / wall,
        "users_per_core_second": users / used[0] if used[0] else 0, "median_ms": statistics.median(latencies),
        "worst_ms": max(latencies), "admin_cpu_us": used[0] * 1e6 / users, "db_cpu_us": used[1] * 1e6 / users,
        "kb": sum(sizes) / 1000 / len(sizes), "peak_mb": stack.admin.status("VmHWM"),
    })  # fmt: skip
    row = rows[-1]
    say(f"  {what}: {row['users_per_second']:,.0f} users a second, {row['users_per_core_second']:,.0f} a second of a core, "
        f"CPU {row['admin_cpu_us']:.1f} + {row['db_cpu_us']:.1f} µs a user, {row['median_ms']:.1f} ms a page")  # fmt: skip


def walk(stack, reader, rows, what, path, users, times):
    with measured(stack, rows, what, users * times) as (latencies, sizes):
        for _ in range(times):
            following = path
            while following:
                began = time.monotonic()
                size, following = reader.page(following)
                latencies.append((time.monotonic() - began) * 1000)
                sizes.append(size)


def measure(stack, quick):
    reader, rows = Reader(stack), []
    organization, _ = first_tenant(stack.data_set)
    found = reader.ask("GET", f"/v1/organizations/{organization}")
    directory = found["primary_directory_id"]
    make_roles(reader, found["environment_id"], directory)
    users, times = stack.data_set.users, 1 if quick else 3
    place = f"/v1/directories/{directory}/users?limit=1000"
    reader.page(place)
    walk(stack, reader, rows, "everybody", place, users, times)
    walk(stack, reader, rows, "everybody, view=profile", place + "&view=profile", users, times)
    walk(stack, reader, rows, "everybody, include_deleted", place + "&include_deleted=true", users, times)
    everyone = quote("userName pr and active eq true or active eq false")
    walk(stack, reader, rows, "a filter that all match", f"{place}&filter={everyone}", users, 1)
    group = reader.ask("GET", f"/v1/directories/{directory}/groups?limit=1")["groups"][0]["id"]
    inside = count_users(reader, f"{place}&view=profile&filter=" + quote(f'groups eq "{group}"'))
    walk(stack, reader, rows, "users of a group", f"{place}&filter=" + quote(f'groups eq "{group}"'), inside, 1)
    return rows


def count_users(reader, path):
    count = 0
    while path:
        page = reader.ask("GET", path)
        count += len(page["users"])
        cursor = page["next_cursor"]
        base = path.split("&cursor=")[0]
        path = cursor and f"{base}&cursor={cursor}"
    return count


def table(rows):
    lines = [
        "| what | users/s | users per core second | admin CPU µs per user | db CPU µs per user | median ms a page | kB a page | admin MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        lines.append(
            f"| {row['what']} | {row['users_per_second']:,.0f} | {row['users_per_core_second']:,.0f} | {row['admin_cpu_us']:.1f} | "
            f"{row['db_cpu_us']:.1f} | {row['median_ms']:.1f} | {row['kb']:,.0f} | {row['peak_mb']:.0f} |"
        )
    return "\n".join(lines)
