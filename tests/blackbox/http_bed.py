"""The HTTP room's test bed: the listener without a database (drivers/http_driver.c), and clients that speak raw bytes."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import h2.config
import h2.connection
import h2.events
import hpack
from hyperframe.frame import GoAwayFrame

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(os.environ.get("ROLLCALL_BUILD", ROOT / "build" / "asan")) / "tests" / "http_driver"
SANITIZED = DRIVER.exists() and any(word in DRIVER.read_bytes() for word in (b"__asan_init", b"__tsan_init"))
PATIENCE = 30  # seconds; only what is broken waits that long


def wait_until(condition, what):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.01)
    return value


class Bed:
    """One running http_driver."""

    def __init__(self, directory, **settings):
        self.settings = settings
        self.log = Path(directory) / "driver.log"
        self.access_log = Path(directory) / "access.log"
        arguments = [f"{name}={value}" for name, value in settings.items()]
        descriptor = None
        if settings.get("access_log_fd"):
            descriptor = os.open(self.access_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            arguments = [a for a in arguments if not a.startswith("access_log_fd=")] + [f"access_log_fd={descriptor}"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [DRIVER, *arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                pass_fds=[descriptor] if descriptor else [],
                env={**os.environ, "LSAN_OPTIONS": "print_suppressions=0"},
            )
        if descriptor:
            os.close(descriptor)
        line = self.process.stdout.readline().decode()
        assert line.startswith("listening "), self.log.read_text()
        self.port = int(line.split()[1])

    def stop(self):
        """Drains; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE)
        self.process.stdout.close()
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def resident_kb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def connect(self, tls=None, alpn=None, receive_buffer=None):
        sock = socket.socket()
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(PATIENCE)
        sock.connect(("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            if alpn:
                tls.set_alpn_protocols(alpn)
            sock = tls.wrap_socket(sock, server_hostname="localhost")
        return sock

    def get(self, path, method="GET", headers="", body=b""):
        """One request on a connection of its own."""
        with contextlib.closing(self.connect()) as sock:
            length = f"Content-Length: {len(body)}\r\n" if body else ""
            head = f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n"
            sock.sendall(head.encode() + body)
            return read_reply(sock, is_head=method == "HEAD")

    def metric(self, line):
        """The value of a line of /metrics; 0 when it is not there."""
        for row in self.get("/metrics").body.decode().splitlines():
            if row.rsplit(" ", 1)[0] == line:
                return int(row.rsplit(" ", 1)[1])
        return 0

    def ran(self):
        return int(self.get("/ran").body)


@contextlib.contextmanager
def driver(directory, **settings):
    """A bed that must end cleanly."""
    bed = Bed(directory, **settings)
    try:
        yield bed
        status = bed.stop()
        assert status == 0, f"exit status {status}\n{bed.log.read_text()}"
    finally:
        bed.kill()


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def read_reply(sock, is_head=False):
    """One HTTP/1 reply (1xx are returned as well)."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(1)  # not a byte of the next reply
        assert piece, f"the connection ended within a head: {data!r}"
        data += piece
    lines = data.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:-2]:
        name, value = line.split(": ", 1)
        headers[name.lower()] = value
    body = b""
    length = 0 if is_head else int(headers.get("content-length", 0))
    while len(body) < length:
        piece = sock.recv(length - len(body))
        assert piece, "the connection ended within a body"
        body += piece
    return Reply(int(lines[0].split()[1]), headers, body)


def is_closed(sock):
    """Waits for the end of the connection; bytes that still come are dropped."""
    try:
        while sock.recv(65536):
            pass
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        pass
    return True


# --- HTTP/2, frame by frame ---

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def header_block(method="GET", path="/hello", extra=(), authority="localhost"):
    fields = [(":method", method), (":scheme", "http"), (":path", path)]
    if authority is not None:
        fields.append((":authority", authority))
    encoder = hpack.Encoder()
    encoder.header_table_size = 0  # every block stands for itself
    return encoder.encode(fields + list(extra), huffman=False)


def open_raw(bed, settings=b""):
    sock = bed.connect()
    sock.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))
    return sock


def reset(stream, code=8):
    return frame(RST_STREAM, 0, stream, code.to_bytes(4, "big"))


class Client:
    """A well-behaved HTTP/2 connection."""

    def __init__(self, bed, sock=None):
        self.sock = sock or bed.connect()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.replies = {}
        self.ended = set()
        self.went_away = False
        # h2 takes GOAWAY for the end of everything; answers to what was asked before still come (RFC 9113 section 6.8).
        self.h2._frame_dispatch_table[GoAwayFrame] = self.on_goaway
        self.flush()

    def on_goaway(self, _):
        self.went_away = True
        return [], []

    def flush(self):
        self.sock.sendall(self.h2.data_to_send())

    def start(self, path, method="GET", headers=(), body=b"", authority="localhost", end=True):
        stream = self.h2.get_next_available_stream_id()
        fields = [(":method", method), (":scheme", "http"), (":authority", authority), (":path", path), *headers]
        self.h2.send_headers(stream, fields, end_stream=end and not body)
        self.replies[stream] = Reply(None, {}, b"")
        self.flush()
        if body:
            self.send(stream, body, end)
        return stream

    def send(self, stream, body, end=True):
        while body:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(body))
            if room == 0:
                self.pump()
                continue
            piece, body = body[:room], body[room:]
            self.h2.send_data(stream, piece, end_stream=end and not body)
            self.flush()

    def pump(self):
        """Reads once; False at the end of the connection."""
        data = self.sock.recv(65536)
        if not data:
            return False
        for event in self.h2.receive_data(data):
            self.on_event(event)
        self.flush()
        return True

    def on_event(self, event):
        if isinstance(event, h2.events.ResponseReceived):
            reply = self.replies[event.stream_id]
            reply.headers = dict(event.headers)
            reply.status = int(reply.headers[":status"])
        elif isinstance(event, h2.events.DataReceived):
            self.replies[event.stream_id].body += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            self.ended.add(event.stream_id)

    def finish(self, stream):
        while stream not in self.ended:
            assert self.pump(), "the connection ended before the reply"
        return self.replies[stream]

    def get(self, path, **options):
        return self.finish(self.start(path, **options))

    def reset(self, stream):
        self.h2.reset_stream(stream)
        self.flush()

    def close(self):
        self.sock.close()
