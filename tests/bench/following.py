"""How soon those who follow hear of a change, and how fast one reader gets on. Called by bench.py.

Users are made at a steady rate in 20 directories. A delay is the time between the event's `timestamp`, which is when its
request began (so before its commit), and the moment at which the reader has the event in hand, by the same clock."""

import http.client
import json
import re
import socket
import statistics
import threading
import time
from datetime import datetime, timezone
from urllib.parse import urlencode

from erase import Admin
from feed import numbered, settle
from measure import Generators, cpu_seconds, show, wait_until
from stack import Failure, say

RATE = 1000  # changes a second
DRAINED = 100_000
TIMESTAMP = re.compile(rb'"timestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z"')
NEXT = re.compile(rb'"next_cursor":"([^"]+)"')


def delays(content, now):
    """Of all events in some bytes, in ms."""
    for stamp in TIMESTAMP.findall(content):
        then = datetime.fromisoformat(stamp.decode()).replace(tzinfo=timezone.utc).timestamp()
        yield (now - then) * 1000


class Reader(Admin):
    """One client on one kept-alive connection."""

    def __init__(self, stack):
        super().__init__(stack)
        self.environment = self.ask("GET", "/v1/environments")["environments"][0]["id"]

    def open(self, accept="application/json", **query):
        path = "/v1/events?" + urlencode({"environment_id": self.environment, **query})
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {self.key}", "Accept": accept})
        response = self.connection.getresponse()
        if response.status != 200:
            raise Failure(f"GET {path} was answered {response.status}: {response.read()[:500]}")
        return response

    def page(self, **query):
        content = self.open(**query).read()
        return content, NEXT.findall(content)[-1].decode()


class Follower(threading.Thread):
    """Hears of events until it is told to stop; the delay of each."""

    def __init__(self, stack):
        super().__init__(daemon=True)
        self.reader = Reader(stack)
        self.stopping = threading.Event()
        self.delays = []
        self.failure = None
        _, self.cursor = self.reader.page(cursor="now")

    def run(self):
        try:
            self.follow()
        except (OSError, http.client.HTTPException, Failure) as failure:
            self.failure = failure

    def heard(self, content):
        self.delays += delays(content, time.time())

    def prepare(self):
        pass


class LongPolls(Follower):
    says = "long polls, one after the other, limit=1000"

    def follow(self):
        while not self.stopping.is_set():
            content, self.cursor = self.reader.page(cursor=self.cursor, wait=1, limit=1000)
            self.heard(content)


class Stream(Follower):
    says = "a stream of server-sent events"

    def follow(self):
        response = self.reader.open("text/event-stream", cursor=self.cursor)
        left = b""
        while not self.stopping.is_set():
            left += response.read1(1 << 18)
            whole, mark, left = left.rpartition(b"\n\n")
            self.heard(whole + mark)


class Receiver(Follower):
    says = "a webhook, its receiver answers at once"

    def prepare(self):
        """Without TLS, on this machine."""
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        made = self.reader.ask("POST", "/v1/webhooks", {"url": url, "environment_id": self.reader.environment})
        self.path = f"/v1/webhooks/{made['id']}"

    def follow(self):
        self.listener.settimeout(0.2)
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=self.receive, args=(connection,), daemon=True).start()
        self.reader.ask("DELETE", self.path)

    def receive(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        left = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in left:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    left += piece
                head, _, left = left.partition(b"\r\n\r\n")
                length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
                while len(left) < length:
                    left += connection.recv(65536)
                self.heard(left[:length])
                left = left[length:]
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def measure_delay(stack, generators, kind, rows):
    follower = kind(stack)
    follower.prepare()
    follower.start()
    before, busy = numbered(stack), [cpu_seconds(process.pid) for process in (stack.admin, stack.database)]
    numbers = generators.requests("post_user_mixed", RATE)
    settle(stack)
    events = numbered(stack) - before
    wait_until(lambda: follower.failure or len(follower.delays) >= events, f"{kind.says} has heard of {events} events")
    used = [cpu_seconds(process.pid) - was for process, was in zip((stack.admin, stack.database), busy)]
    follower.stopping.set()
    follower.join(10)
    if follower.failure:
        raise follower.failure
    if len(follower.delays) != events:
        raise Failure(f"{kind.says} has heard of {len(follower.delays)} events, there were {events}")
    ordered = sorted(follower.delays)
    rows.append({
        "what": kind.says, "events": events, "rate": numbers["rate"], "p50_ms": statistics.median(ordered),
        "p99_ms": ordered[int(len(ordered) * 0.99)], "worst_ms": ordered[-1],
        "request_p99_ms": numbers["p99_ms"], "admin_cpu_us": used[0] * 1e6 / events,
    })  # fmt: skip
    say(f"  {kind.says}: {events:,} events, p50 {rows[-1]['p50_ms']:.0f}, p99 {rows[-1]['p99_ms']:.0f}, worst {ordered[-1]:.0f} ms")


def make_events(stack, generators, kinds):
    """At least DRAINED, of the kinds in turn."""
    before, turn = numbered(stack), 0
    while numbered(stack) - before < DRAINED:
        show(kinds[turn % len(kinds)], generators.requests(kinds[turn % len(kinds)]))
        settle(stack)
        turn += 1


def drain(stack, cursor, what, rows, parses):
    reader = Reader(stack)
    busy = [cpu_seconds(process.pid) for process in (stack.admin, stack.database)]
    began, count, size = time.monotonic(), 0, 0
    while count < DRAINED:
        content, cursor = reader.page(cursor=cursor, limit=1000)
        count += len(json.loads(content)["events"]) if parses else content.count(b'"cursor":"')
        size += len(content)
    took = time.monotonic() - began
    used = [cpu_seconds(process.pid) - was for process, was in zip((stack.admin, stack.database), busy)]
    rows.append({
        "what": what, "events": count, "seconds": took * DRAINED / count, "mb": size / 1e6,
        "admin_cpu_us": used[0] * 1e6 / count, "db_cpu_us": used[1] * 1e6 / count,
    })  # fmt: skip
    say(f"  {what}: {count:,} events in {took:.2f} s, {size / 1e6:.0f} MB")


def open_event_stream(stack, algorithm):
    """Its path; what is polled there is what happens from now on."""
    reader = Reader(stack)
    body = {"label": "bench", "delivery": "poll", "algorithm": algorithm, "environment_id": reader.environment}
    return f"/v1/streams/{reader.ask('POST', '/v1/streams', body)['id']}/poll"


def drain_tokens(stack, path, algorithm, most, rows):
    """Of an event stream (RFC 8936), each answer acknowledged by the next request."""
    reader = Reader(stack)
    busy = [cpu_seconds(process.pid) for process in (stack.admin, stack.database)]
    began, count, size, ack = time.monotonic(), 0, 0, []
    while count < most:
        asked = {"returnImmediately": True, "maxEvents": 1000, "ack": ack}
        sets = reader.ask("POST", path, asked)["sets"]
        ack, count, size = list(sets), count + len(sets), size + sum(map(len, sets.values()))
    took = time.monotonic() - began
    used = [cpu_seconds(process.pid) - was for process, was in zip((stack.admin, stack.database), busy)]
    what = f"creates, as tokens of {algorithm} that are polled and acknowledged"
    rows.append({
        "what": what, "events": count, "seconds": took * DRAINED / count, "mb": size / 1e6 * DRAINED / count,
        "admin_cpu_us": used[0] * 1e6 / count, "db_cpu_us": used[1] * 1e6 / count,
    })  # fmt: skip
    say(f"  {what}: {count:,} in {took:.2f} s")


def measure_following(stack, seconds):
    generators = Generators(stack, seconds)
    delays_of, drains = [], []
    for kind in (LongPolls, Stream, Receiver):
        measure_delay(stack, generators, kind, delays_of)
    generators.seconds = 5
    streams = {algorithm: open_event_stream(stack, algorithm) for algorithm in ("ES256", "RS256")}
    for kinds, what in ((["post_user"], "creates"), (["post_user", "patch_active"], "creates and updates, in turn")):
        _, cursor = Reader(stack).page(cursor="now")
        make_events(stack, generators, kinds)
        for parses in (False, True):
            drain(stack, cursor, what + (", parsed by the reader (Python)" if parses else ""), drains, parses)
    for algorithm, most in (("ES256", DRAINED), ("RS256", DRAINED // 20)):
        drain_tokens(stack, streams[algorithm], algorithm, most, drains)
    return {"delays": delays_of, "drains": drains}


def table(summary):
    lines = [
        "| follower | changes/s | events | p50 ms | p99 ms | worst ms | of the request, p99 ms | admin CPU µs an event |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in summary["delays"]:
        lines.append(
            f"| {row['what']} | {row['rate']:,.0f} | {row['events']:,} | {row['p50_ms']:.0f} | {row['p99_ms']:.0f} "
            f"| {row['worst_ms']:.0f} | {row['request_p99_ms']:.0f} | {row['admin_cpu_us']:.0f} |"
        )
    lines += ["", "| drained | events | s for 100,000 | MB | admin CPU µs an event | db CPU µs |", "|---|---:|---:|---:|---:|---:|"]
    for row in summary["drains"]:
        lines.append(
            f"| {row['what']} | {row['events']:,} | {row['seconds']:.2f} | {row['mb']:.0f} | {row['admin_cpu_us']:.1f} "
            f"| {row['db_cpu_us']:.1f} |"
        )
    return "\n".join(lines)
