"""One measurement each: functions that run a generator and return its numbers."""

import contextlib
import json
import random
import re
import socket
import time
from pathlib import Path

from stack import TOOLS, Failure, run, say

CONNECTIONS = 64
STREAMS = 10
LIST_STREAMS = 1  # a page is a hundred resources: with 640 under way each would wait in line for seconds
ROUND = 4000
EXTRA_SECONDS = 120
IDLE_CONNECTIONS = 10_000
SYSBENCH_DATABASE = "sbtest"
TWIN = "twin."  # in front of the userName of the second of two users who are alike otherwise
H2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\x04" + bytes(5)  # the preface and empty SETTINGS


class Generators:
    """Knows the running stack, and which numbers were used up."""

    def __init__(self, stack, seconds):
        self.stack = stack
        self.seconds = seconds
        self.used = {}
        self.seed = 0

    def requests(self, name, rate=0):
        """tests/bench/generate against rollcall-server."""
        server = self.stack.server
        server.forget_peak()
        numbers = self._generate(name, self.stack.server_port, server.pid, rate)
        numbers["peak_mb"] = server.status("VmHWM")
        self.stack.ensure_alive()
        return numbers

    def hello(self):
        return self._generate("hello", self.stack.hello_port, self.stack.hello.pid)

    def _generate(self, name, port, server_pid, rate=0):
        self.seed += 1
        command = [TOOLS / "generate", "--request", name, "--port", port, "--data", self.stack.data_set.data]
        command += ["--connections", CONNECTIONS, "--streams", LIST_STREAMS if name == "list_100" else STREAMS, "--seconds", self.seconds]
        command += ["--round", min(ROUND, self.stack.data_set.users // 2), "--rate", rate, "--seed", self.seed]
        command += ["--first", self.used.get(name, 0), "--warm-up-ms", 500]
        command += ["--server-pid", server_pid, "--database-pid", self.stack.database.pid]
        try:
            numbers = json.loads(run(*command, seconds=self.seconds + EXTRA_SECONDS))
        except Failure:
            self.stack.ensure_alive()
            raise
        self.used[name] = numbers["next"]
        return numbers

    def db_select(self):
        database = self.stack.database
        arguments = [database.socket, "rollcall", self.stack.data_set.data, 4, self.seconds, database.pid]
        return json.loads(run(TOOLS / "select", *arguments, seconds=self.seconds + EXTRA_SECONDS))

    def prepare_sysbench(self):
        self.stack.database.sql(f"CREATE DATABASE IF NOT EXISTS {SYSBENCH_DATABASE}")
        self._sysbench("prepare")

    def _sysbench(self, command, *options):
        return run(
            "sysbench", "oltp_insert", "--db-driver=mysql", f"--mysql-socket={self.stack.database.socket}",
            "--mysql-user=root", f"--mysql-db={SYSBENCH_DATABASE}", "--tables=1", "--table-size=10000", *options,
            command, seconds=self.seconds + EXTRA_SECONDS,
        )  # fmt: skip

    def db_insert(self):
        """sysbench's own INSERT of a small row, one durable commit each, 64 connections."""
        pid = self.stack.database.pid
        before = cpu_seconds(pid)
        output = self._sysbench("run", "--threads=64", f"--time={self.seconds}", "--histogram=on", "--percentile=99")
        used = cpu_seconds(pid) - before
        count, rate = re.search(r"transactions:\s+(\d+)\s+\(([\d.]+) per sec", output).groups()
        histogram = [(float(ms), int(n)) for ms, n in re.findall(r"^\s*([\d.]+) \|.*?\s(\d+)$", output, re.MULTILINE)]
        return {
            "rate": float(rate),
            "p50_ms": of_histogram(histogram, 50),
            "p99_ms": of_histogram(histogram, 99),
            "db_cpu_us": used * 1e6 / int(count),
        }

    def h2load(self):
        """The same GETs from nghttp2's own generator: a check of ours. All its connections walk the same list."""
        tenant, token = first_tenant(self.stack.data_set)
        users = (self.stack.data_set.data / "users.txt").read_text().split()[::2]
        urls = self.stack.directory / "urls.txt"
        base = f"http://127.0.0.1:{self.stack.server_port}/orgs/{tenant}/scim/v2/Users/"
        urls.write_text("".join(f"{base}{id}\n" for id in random.sample(users, min(len(users), 20_000))))
        output = run(
            "h2load", f"-c{CONNECTIONS}", f"-m{STREAMS}", "-t1", "-D", self.seconds, "--warm-up-time=1",
            "-H", f"authorization: Bearer {token}", "-i", urls, seconds=self.seconds + EXTRA_SECONDS,
        )  # fmt: skip
        succeeded = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", output).groups()
        if any(int(n) for n in succeeded[1:]):
            raise Failure(f"h2load met answers that were no success: {output}")
        return {"rate": float(re.search(r"finished in [\d.]+m?s, ([\d.]+) req/s", output).group(1))}

    def wrk(self):
        """The same GETs over HTTP/1.1: 64 connections, so 64 requests at a time."""
        script = Path(__file__).parent / "get.lua"
        output = run(
            "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{self.seconds}s", "--latency", "-s", script,
            f"http://127.0.0.1:{self.stack.server_port}/", "--", self.stack.data_set.data,
            seconds=self.seconds + EXTRA_SECONDS,
        )  # fmt: skip
        if "Non-2xx" in output or "Socket errors" in output:
            raise Failure(f"wrk met answers that were no success: {output}")
        return {
            "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", output).group(1)),
            "p50_ms": milliseconds(re.search(r"^\s+50%\s+(\S+)$", output, re.MULTILINE).group(1)),
            "p99_ms": milliseconds(re.search(r"^\s+99%\s+(\S+)$", output, re.MULTILINE).group(1)),
        }


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def of_histogram(histogram, percent):
    wanted = sum(n for _, n in histogram) * percent / 100
    for ms, n in histogram:
        wanted -= n
        if wanted <= 0:
            return ms
    return None


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def first_tenant(data_set):
    with open(data_set.data / "tenants.txt", encoding="ascii") as file:
        return file.readline().split()


def idle_connections(stack, wanted):
    """Resident memory per connection that has spoken HTTP/2 and then says nothing, in a server of its own."""
    port, server = stack.start_server("idle", "--max-connections", wanted + 100)
    before = server.status("VmRSS")
    with contextlib.ExitStack() as opened:
        for _ in range(wanted):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            connection.sendall(H2_HELLO)
            connection.recv(64)
        after = settled(server)
    server.stop()
    return {"count": wanted, "before_mb": before, "after_mb": after, "kb_each": (after - before) * 1024 / wanted}


def wait_until(condition, what, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def settled(server):
    """Resident memory once it has stopped growing, or after five seconds."""
    last = 0
    for _ in range(50):
        now = server.status("VmRSS")
        if now == last:
            return now
        last = now
        time.sleep(0.1)
    return last


def check_loader(stack):
    """Does the server store what the loader stores? One user, who has a manager, goes both ways."""
    tenant, token = first_tenant(stack.data_set)
    id, name = (stack.data_set.data / "users.txt").read_text().splitlines()[5].split()
    base = f"http://127.0.0.1:{stack.server_port}/orgs/{tenant}/scim/v2/Users"
    headers = ["-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/scim+json"]
    resource = json.loads(run("curl", "-sS", "--fail-with-body", *headers, f"{base}/{id}"))
    sent = {key: value for key, value in resource.items() if key not in ("id", "meta", "groups")}
    sent["userName"] = TWIN + name
    posted = json.loads(run("curl", "-sS", "--fail-with-body", *headers, "-d", "@-", base, stdin=json.dumps(sent)))
    rows = [stored(stack, of) for of in (id, posted["id"])]
    run("curl", "-sS", "--fail-with-body", *headers, "-X", "DELETE", f"{base}/{posted['id']}")
    if rows[0] != rows[1]:
        raise Failure("the loader stores something else than the server:\n" + "\n".join(rows))


def stored(stack, id):
    """A user's rows, without what is its own."""
    hexadecimal = id.replace("-", "")
    text = stack.database.sql(
        f"SELECT type, LOWER(HEX(unique_key)), external_key, display, HEX(manager_id), open_braces, version, document "
        f"FROM resource WHERE id = UNHEX('{hexadecimal}') AND type = 1; "
        f"SELECT attribute, value_key FROM attribute_value WHERE resource_id = UNHEX('{hexadecimal}'); "
        f"SELECT kind, version, ordinal, document, members FROM `change` WHERE resource_id = UNHEX('{hexadecimal}')",
        "rollcall",
    )
    for own in (id, TWIN, TWIN.encode().hex()):
        text = text.replace(own, "")
    return "\n".join(sorted(text.splitlines()))


def show(name, numbers):
    line = f"  {name:17} {numbers['rate']:>10,.0f}/s"
    if numbers.get("p99_ms") is not None:
        line += f"   p50 {numbers['p50_ms']:.2f} ms   p99 {numbers['p99_ms']:.2f} ms"
    say(line)
