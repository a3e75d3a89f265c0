"""What the request log costs: the same requests with and without it, in turns. Called by bench.py.

Servers that differ in their settings run side by side on one database, and one after the other is asked. A pair's two
measurements come right after one another; what counts is the CPU time of a request, in the server and the database
together, because the rates move with whatever else the machine does."""

import statistics

import measure
from stack import DATABASE, say

ASKED = ["post_user", "patch_active", "get_by_id"]
EVERYTHING = ["--request-log-rate", "0", "--request-log-total", "0"]
# name: the directory's policy, options of the server, what that is
VARIANTS = {
    "without": (None, ["--request-log", "0"], "no request log, no health"),
    "off": ("off", [], "requests without bodies, as many as the default rate keeps"),
    "redacted": ("redacted", [], "the default"),
    "full": ("full", [], "bodies with values, as many as the default rate keeps"),
    "off, all": ("off", EVERYTHING, "every request, without bodies"),
    "redacted, all": ("redacted", EVERYTHING, "every request, with redacted bodies"),
}


class Variant:
    def __init__(self, stack, name):
        self.mode, options, self.says = VARIANTS[name]
        self.port, self.server = stack.start_server(f"server-{name.replace(', ', '-')}", *options)


def set_mode(stack, mode):
    """For every directory, as the admin API would: a new revision of its rules."""
    policy = f'{{"request_log": "{mode}"}}' if mode else "{}"
    stack.database.sql(f"UPDATE directory SET policy = '{policy}', revision = revision + 1", DATABASE)


def one(stack, generators, variant, name):
    """What a directory may log at once is used up first: what lasts is what counts."""
    set_mode(stack, variant.mode)
    stack.server, stack.server_port = variant.server, variant.port
    seconds, generators.seconds = generators.seconds, 1
    generators.requests("get_by_id")
    generators.seconds = seconds
    numbers = generators.requests(name)
    numbers["cpu_us"] = numbers["server_cpu_us"] + numbers["db_cpu_us"]
    return numbers


def in_turns(stack, generators, variants, repeat):
    results = {}
    for turn in range(repeat):
        say(f"Turn {turn + 1} of {repeat}")
        for name in ASKED:
            order = list(variants.items())
            for variant_name, variant in order if turn % 2 == 0 else order[::-1]:
                numbers = one(stack, generators, variant, name)
                results.setdefault((name, variant_name), []).append(numbers)
                measure.show(f"{name}, {variant_name}", numbers)
    return results


def measure_log(stack, seconds, repeat):
    generators = measure.Generators(stack, seconds)
    variants = {name: Variant(stack, name) for name in VARIANTS}
    results = in_turns(stack, generators, variants, repeat)
    rows = []
    for name in ASKED:
        base = results[name, "without"]
        for variant_name, variant in variants.items():
            turns = results[name, variant_name]
            row = {"request": name, "log": variant_name, "says": variant.says}
            for number in ("rate", "server_cpu_us", "db_cpu_us", "cpu_us", "p50_ms", "p99_ms"):
                row[number] = statistics.median(turn[number] for turn in turns)
            row["cpu_more"] = statistics.median(
                mine["cpu_us"] / theirs["cpu_us"] - 1 for mine, theirs in zip(turns, base)
            )
            row["rate_less"] = statistics.median(1 - mine["rate"] / theirs["rate"] for mine, theirs in zip(turns, base))
            rows.append(row)
    return rows


def table(rows):
    lines = ["| request | log | rate/s | server CPU µs | db CPU µs | both | more CPU | less rate |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    for row in rows:
        lines.append(
            f"| `{row['request']}` | {row['log']}: {row['says']} | {row['rate']:,.0f} | {row['server_cpu_us']:.1f} "
            f"| {row['db_cpu_us']:.1f} | {row['cpu_us']:.1f} | {row['cpu_more']:+.1%} | {row['rate_less']:+.1%} |"
        )
    return "\n".join(lines)
