"""What the change feed costs those who write: the same requests with events and without, in turns. Called by bench.py.

Without: a server of a build before there were events (--before), beside the one of now on the same database; it leaves nothing
for the sequencer to do. With: the server of now, and rollcall-admin numbering meanwhile. Each is measured in a pair, right after
one another, in alternating order; `without` is paired with itself, too: what that shows is noise.

What numbering takes is counted apart, by the kernel's own count for each thread: the process rollcall-admin, and the threads
of MariaDB that serve it, less what both take when there is nothing to number."""

import statistics
import time
from pathlib import Path

import measure
from stack import DATABASE, Failure, say

ASKED = ["post_user", "patch_active", "patch_title", "add_member_small"]
SIDES = ["without", "with"]


def waiting(stack):
    return int(stack.database.sql("SELECT COUNT(*) FROM outbox", DATABASE))


def numbered(stack):
    return int(stack.database.sql("SELECT COALESCE(SUM(last_sequence), 0) FROM feed_end", DATABASE))


def thread_seconds(pid, threads=None):
    """CPU time of a process, or of some of its threads."""
    used = 0
    for folder in Path(f"/proc/{pid}/task").iterdir():
        if threads is None or folder.name in threads:
            used += int((folder / "schedstat").read_text().split()[0])
    return used / 1e9


def admin_seconds(stack):
    """Of rollcall-admin, and of MariaDB for it."""
    threads = stack.database.sql("SELECT tid FROM information_schema.processlist WHERE user = 'rollcall_admin'").split()
    return thread_seconds(stack.admin.pid), thread_seconds(stack.database.pid, threads)


def settle(stack):
    """Nothing of one measurement is left for the next."""
    measure.wait_until(lambda: waiting(stack) == 0, "the outbox is empty")


def one(stack, generators, server, name):
    stack.server_port, stack.server = server
    settle(stack)
    events, before, began = numbered(stack), admin_seconds(stack), time.monotonic()
    numbers = generators.requests(name)
    numbers["waiting"] = waiting(stack)
    settle(stack)
    took, used = time.monotonic() - began, [after - was for after, was in zip(admin_seconds(stack), before)]
    numbers["events"], numbers["seconds"] = numbered(stack) - events, took
    numbers["admin_share"], numbers["admin_db_share"] = (seconds / took for seconds in used)
    requests = numbers["rate"] * took  # about: admin's part of a request
    numbers["cpu_us"] = numbers["server_cpu_us"] + numbers["db_cpu_us"] + used[0] * 1e6 / max(requests, 1)
    return numbers


def numbering_us(without, numbers):
    """Of a change: in rollcall-admin and in MariaDB. The side without events is what both take anyway."""
    if not numbers["events"]:
        return 0
    share = sum(numbers[part] - without[part] for part in ("admin_share", "admin_db_share"))
    return share * numbers["seconds"] * 1e6 / numbers["events"]


def in_pairs(stack, generators, servers, asked, repeat):
    """{(request, side): [(numbers without, numbers of that side), …]}"""
    pairs = {}
    for turn in range(repeat):
        say(f"Turn {turn + 1} of {repeat}")
        for name in asked:
            for side in SIDES:
                both = ["without", side] if turn % 2 == 0 else [side, "without"]
                measured = [one(stack, generators, servers[s], name) for s in both]
                without, other = measured if turn % 2 == 0 else measured[::-1]
                pairs.setdefault((name, side), []).append((without, other))
                more, less = other["cpu_us"] / without["cpu_us"] - 1, 1 - other["rate"] / without["rate"]
                measure.show(f"{name}, {side} ({more:+.1%} CPU, {-less:+.1%} rate, {other['waiting']} wait)", other)
    return pairs


def quartiles(values):
    return statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3


def measure_writes(stack, seconds, repeat, before):
    if not before:
        raise Failure("--before must name the build directory of a commit without events, such as that of 630878f")
    old = stack.start_server("server-before", build=before)
    servers = {"with": (stack.server_port, stack.server), "without": old}
    generators = measure.Generators(stack, seconds)
    rows = []
    for (name, side), pairs in in_pairs(stack, generators, servers, ASKED, repeat).items():
        row = {"request": name, "side": side}
        for number in ("rate", "server_cpu_us", "db_cpu_us"):
            row[number] = statistics.median(other[number] for _, other in pairs)
        row["numbering_us"] = statistics.median(numbering_us(without, other) for without, other in pairs)
        row["cpu_more"] = quartiles([other["cpu_us"] / without["cpu_us"] - 1 for without, other in pairs])
        row["rate_change"] = quartiles([other["rate"] / without["rate"] - 1 for without, other in pairs])
        rows.append(row)
    return rows


def table(rows):
    lines = [
        "| request | events | rate/s | server CPU µs | db CPU µs | of it and of admin: numbering µs | rate: median (quartiles) | CPU: median (quartiles) |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        rate, cpu = (f"{m:+.1%} ({low:+.1%} to {high:+.1%})" for low, m, high in (row["rate_change"], row["cpu_more"]))
        lines.append(
            f"| `{row['request']}` | {row['side']} | {row['rate']:,.0f} | {row['server_cpu_us']:.1f} "
            f"| {row['db_cpu_us']:.1f} | {row['numbering_us']:.1f} | {rate} | {cpu} |"
        )
    return "\n".join(lines)
