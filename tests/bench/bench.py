"""The benchmark, once everything is built: tests/bench/run calls it."""

import argparse
import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import erase
import feed
import following
import large
import measure
import reading
import report
import request_log
from stack import ROOT, DataSet, Failure, Stack, say

READS = ["get_by_id", "get_by_id_mixed", "user_name_eq", "email_eq", "list_100"]
WRITES = ["post_user", "patch_active", "add_member_small", "add_member_large"]
CHECKS = ["get_by_id_h2load", "get_by_id_http1"]
NAMES = ["h2o_hello", "db_select", *READS, *CHECKS, "db_insert", *WRITES]
BASE_OF = {name: "db_insert" if name in (*WRITES, "db_insert") else "db_select" for name in NAMES}


def read_options():
    parser = argparse.ArgumentParser(prog="tests/bench/run", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", type=lambda text: text.split(","), default=NAMES)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--repeat", type=int)
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--names", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--erase", action="store_true")
    parser.add_argument("--request-log", action="store_true")
    parser.add_argument("--reading", action="store_true")
    parser.add_argument("--feed", action="store_true")
    parser.add_argument("--follow", action="store_true")
    parser.add_argument("--before", type=Path)
    parser.add_argument("--place", type=Path)
    options = parser.parse_args()
    options.seconds = options.seconds or (1 if options.quick else 6)
    options.repeat = options.repeat or (1 if options.quick else 3)
    unknown = [name for name in options.only if name not in NAMES]
    if unknown:
        parser.error(f"there is no measurement {unknown[0]}; there are {', '.join(NAMES)}")
    if not 1 <= options.seconds <= 60 or not 1 <= options.repeat <= 20:
        parser.error("--seconds can be 1 to 60, --repeat 1 to 20")
    return options


def one(generators, name):
    if name == "h2o_hello":
        return generators.hello()
    if name == "db_select":
        return generators.db_select()
    if name == "db_insert":
        return generators.db_insert()
    if name == "get_by_id_h2load":
        return generators.h2load()
    if name == "get_by_id_http1":
        return generators.wrk()
    return generators.requests(name)


def in_turns(generators, names, repeat):
    """Each in turn, then all again: a disturbance hits one turn of some and not all turns of one."""
    results = {name: [] for name in names}
    for turn in range(repeat):
        say(f"Turn {turn + 1} of {repeat}")
        for name in names:
            numbers = one(generators, name)
            results[name].append(numbers)
            measure.show(name, numbers)
    return results


def at_half_rate(generators, results, repeat):
    """Latency when the server is not saturated: GETs evenly spaced at half the median rate."""
    if "get_by_id" not in results:
        return None
    rate = int(report.median(results["get_by_id"])["rate"] / 2)
    turns = [generators.requests("get_by_id", rate) for _ in range(repeat)]
    middle = report.median(turns, key="p99_ms")
    measure.show("at half the rate", middle)
    return {**middle, "asked": rate}


def measure_all(options, stack):
    wanted = [name for name in NAMES if name in options.only or name in {BASE_OF[n] for n in options.only}]
    idle_mb = stack.server.status("VmRSS")
    measure.check_loader(stack)
    generators = measure.Generators(stack, options.seconds)
    generators.prepare_sysbench()
    connections = 200 if options.quick else min(measure.IDLE_CONNECTIONS, descriptors() - 100)
    idle = measure.idle_connections(stack, connections)
    results = in_turns(generators, wanted, options.repeat)
    half = at_half_rate(generators, results, options.repeat)
    peaks = [turn["peak_mb"] for turns in results.values() for turn in turns if "peak_mb" in turn]
    memory = {"idle_mb": idle_mb, "loaded_mb": max(peaks, default=idle_mb), "idle_connections": idle}
    return report.summary(results, BASE_OF, half, memory)


def descriptors():
    """Raises this process's limit, which what it starts inherits, and returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def data_set_for(options, place):
    if options.quick:
        return DataSet(place / "data-quick", 2_000, 20, 100)
    if options.large:
        return DataSet(place / "data-large", 200_000, 10, 100)
    if options.request_log or options.feed or options.follow:
        return DataSet(place / "data-log", 20_000, 20, 100)
    return DataSet(place / "data", 100_000, 1_000, 100)


def benchmark(options):
    place = ROOT / "build" / "bench"
    data_set = data_set_for(options, place)
    data_set.ensure(options.fresh)
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=options.place or place))
    directory.chmod(0o711)  # so that MariaDB can run as the user mysql
    with contextlib.ExitStack() as cleanup:
        if options.keep:
            say(f"Kept: {directory}")
        else:
            cleanup.callback(shutil.rmtree, directory, ignore_errors=True)
        stack = Stack(directory, data_set, cleanup)
        stack.start(["--webhook-allow", "127.0.0.1", "--webhook-allow-http", "1"] if options.follow else [])
        if options.erase:
            return erase.measure(stack, 2 if options.quick else 20)
        if options.request_log:
            return request_log.measure_log(stack, options.seconds, options.repeat, options.only)
        if options.feed:
            return feed.measure_writes(stack, options.seconds, options.repeat, options.before)
        if options.follow:
            return following.measure_following(stack, options.seconds)
        if options.reading:
            return reading.measure(stack, options.quick)
        return large.measure(stack, options.quick) if options.large else measure_all(options, stack)


def interrupted(number, _frame):
    raise KeyboardInterrupt(signal.Signals(number).name)


def report_rows(rows, table, options):
    say("\n" + table)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")
    return 0


def main():
    options = read_options()
    if options.names:
        say("\nNames: " + " ".join(NAMES))
        return 0
    signal.signal(signal.SIGTERM, interrupted)
    descriptors()
    try:
        summary = benchmark(options)
    except KeyboardInterrupt:
        say("Interrupted.")
        return 130
    except Failure as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    kinds = [(options.erase, erase), (options.reading, reading), (options.request_log, request_log), (options.large, large), (options.feed, feed), (options.follow, following)]
    for asked, module in kinds:
        if asked:
            return report_rows(summary, module.table(summary), options)
    summary["run"] = {"cores": os.cpu_count(), "seconds": options.seconds, "repeat": options.repeat, "quick": options.quick}
    say("\n" + report.table(summary))
    if options.json:
        options.json.write_text(json.dumps(summary, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
