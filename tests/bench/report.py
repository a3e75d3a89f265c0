"""From measurements to what is printed and written."""

ABOUT = {
    "h2o_hello": "bare h2o handler, 1.5 kB",
    "db_select": "MariaDB: one row by primary key, prepared, 4 connections",
    "get_by_id": "GET /Users/{id}",
    "get_by_id_mixed": "GET /Users/{id}, 1,000 organizations and tokens",
    "user_name_eq": 'GET /Users?filter=userName eq "…"',
    "email_eq": 'GET /Users?filter=emails.value eq "…"',
    "list_100": "GET /Users?startIndex=…&count=100",
    "get_by_id_h2load": "GET /Users/{id}, load from h2load",
    "get_by_id_http1": "GET /Users/{id}, HTTP/1.1, load from wrk",
    "db_insert": "MariaDB: sysbench oltp_insert, 64 connections",
    "post_user": "POST /Users",
    "patch_active": "PATCH /Users/{id}: active",
    "add_member_small": "PATCH /Groups/{id}: add a member, group of 10",
    "add_member_large": "PATCH /Groups/{id}: add a member, group of 50,000",
}
KEPT = ("rate", "p50_ms", "p99_ms", "server_cpu_us", "db_cpu_us", "client_cpu_us", "peak_mb")


def median(turns, key="rate"):
    """The turn in the middle, whole, so that its numbers belong together."""
    ordered = sorted(turns, key=lambda turn: turn[key])
    return ordered[(len(ordered) - 1) // 2]


def summary(results, base_of, half, memory):
    found = {}
    for name, turns in results.items():
        middle = median(turns)
        base = results.get(base_of[name])
        best = max(turn["rate"] for turn in turns)
        found[name] = {key: middle.get(key) for key in KEPT}
        found[name]["ratio"] = middle["rate"] / median(base)["rate"]
        found[name]["best"] = best
        found[name]["ratio_best"] = best / max(turn["rate"] for turn in base)
        found[name]["turns"] = [turn["rate"] for turn in turns]
    if half:
        found["get_by_id_half_rate"] = {key: half.get(key) for key in (*KEPT, "asked")}
    found["memory"] = memory
    return found


def cell(number, form):
    return "" if number is None else format(number, form)


def ratio(number):
    return format(number, ".2f" if number >= 0.1 else ".4f")


def row(name, numbers):
    cells = [
        f"`{name}`: {ABOUT[name]}",
        cell(numbers["rate"], ",.0f"),
        cell(numbers["best"], ",.0f"),
        ratio(numbers["ratio"]),
        ratio(numbers["ratio_best"]),
        cell(numbers["p50_ms"], ".2f"),
        cell(numbers["p99_ms"], ".2f"),
        cell(numbers["server_cpu_us"] or None, ".1f"),
        cell(numbers["db_cpu_us"] or None, ".1f"),
        cell(numbers["peak_mb"], ".0f"),
    ]
    return "| " + " | ".join(cells) + " |"


def table(found):
    lines = [
        "| what | rate/s | best/s | ratio | of bests | p50 ms | p99 ms | server CPU µs | db CPU µs | server MB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [row(name, found[name]) for name in ABOUT if name in found]
    half, memory = found.get("get_by_id_half_rate"), found["memory"]
    lines.append("")
    if half:
        lines.append(f"GET by id at {half['asked']:,}/s, half of its rate: p50 {half['p50_ms']:.2f} ms, p99 {half['p99_ms']:.2f} ms.")
    lines.append(f"Resident memory of the server: {memory['idle_mb']:.1f} MB idle, {memory['loaded_mb']:.1f} MB at most under load.")
    idle = memory["idle_connections"]
    lines.append(
        f"{idle['count']:,} idle HTTP/2 connections in clear text: {idle['after_mb'] - idle['before_mb']:.1f} MB, "
        f"{idle['kb_each']:.2f} kB each."
    )
    return "\n".join(lines)
