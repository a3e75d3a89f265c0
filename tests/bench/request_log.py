"""What the request log costs: the same requests with and without it, in turns. Called by bench.py.

Servers that differ in their settings run side by side on one database. Each is measured in a pair with the one that has no
log, right after one another, in alternating order. What counts is the CPU time of a request, in the server and the
database together, because the rates move with whatever else the machine does. The variant `without` is paired with
itself: what it shows is noise."""

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


def in_pairs(stack, generators, variants, asked, repeat):
    """{(request, variant): [(numbers without the log, numbers with it), …]}, the two of a pair in either order."""
    pairs = {}
    for turn in range(repeat):
        say(f"Turn {turn + 1} of {repeat}")
        for name in asked:
            for variant_name, variant in variants.items():
                both = [variants["without"], variant]
                measured = [one(stack, generators, v, name) for v in (both if turn % 2 == 0 else both[::-1])]
                without, logged = measured if turn % 2 == 0 else measured[::-1]
                pairs.setdefault((name, variant_name), []).append((without, logged))
                measure.show(f"{name}, {variant_name} ({logged['cpu_us'] / without['cpu_us'] - 1:+.1%} CPU)", logged)
    return pairs


def quartiles(values):
    return statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3


def measure_log(stack, seconds, repeat, only):
    generators = measure.Generators(stack, seconds)
    variants = {name: Variant(stack, name) for name in VARIANTS}
    asked = [name for name in ASKED if name in only]
    rows = []
    for (name, variant_name), pairs in in_pairs(stack, generators, variants, asked, repeat).items():
        row = {"request": name, "log": variant_name, "says": variants[variant_name].says}
        for number in ("rate", "server_cpu_us", "db_cpu_us", "cpu_us"):
            row[number] = statistics.median(logged[number] for _, logged in pairs)
        row["cpu_more"] = quartiles([logged["cpu_us"] / without["cpu_us"] - 1 for without, logged in pairs])
        row["rate_less"] = quartiles([1 - logged["rate"] / without["rate"] for without, logged in pairs])
        rows.append(row)
    return rows


def table(rows):
    lines = [
        "| request | log | rate/s | server CPU µs | db CPU µs | more CPU: median (quartiles) | less rate |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        low, middle, high = row["cpu_more"]
        lines.append(
            f"| `{row['request']}` | {row['log']}: {row['says']} | {row['rate']:,.0f} | {row['server_cpu_us']:.1f} "
            f"| {row['db_cpu_us']:.1f} | {middle:+.1%} ({low:+.1%} to {high:+.1%}) | {row['rate_less'][1]:+.1%} |"
        )
    return "\n".join(lines)
