"""What takes too long is ended: slow senders, slow readers, idle connections, connections that only ping."""

import time

import pytest

from http_bed import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PATIENCE,
    PING,
    SETTINGS,
    WINDOW_UPDATE,
    Client,
    driver,
    frame,
    header_block,
    is_closed,
    open_raw,
    read_reply,
    wait_until,
)

LIMITS = {"request_timeout_ms": 1000, "response_timeout_ms": 1000, "idle_timeout_ms": 2000, "loops": 1}


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    with driver(tmp_path_factory.mktemp("http"), **LIMITS) as bed:
        yield bed


@pytest.fixture(scope="module")
def patient(tmp_path_factory):
    """Idle connections may stay."""
    with driver(tmp_path_factory.mktemp("http"), **{**LIMITS, "idle_timeout_ms": 600000}) as bed:
        yield bed


def drip(sock, piece):
    """Sends the same again and again, but too little for a flood, until the connection ends."""
    end = time.monotonic() + PATIENCE
    sock.settimeout(0.02)
    while True:
        assert time.monotonic() < end, "the connection was not ended"
        try:
            sock.sendall(piece)
            while sock.recv(65536):
                pass
            return
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            return


def test_a_slow_head_is_answered_408(patient):
    sock = patient.connect()
    sock.sendall(b"GET /hello HT")
    reply = read_reply(sock)
    assert reply.status == 408 and reply.headers["content-type"] == "application/problem+json"
    assert is_closed(sock)


def test_a_slow_body_is_answered_408(patient):
    sock = patient.connect()
    sock.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
    assert read_reply(sock).status == 408
    assert is_closed(sock)


def test_a_body_whose_bytes_drip_is_ended(patient):
    sock = patient.connect()
    sock.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
    drip(sock, b"x")


def test_the_second_message_has_a_deadline_of_its_own(patient):
    sock = patient.connect()
    sock.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /hel")
    assert read_reply(sock).status == 200
    assert read_reply(sock).status == 408


def test_an_http2_body_that_does_not_end_is_ended(patient):
    sock = open_raw(patient)
    sock.sendall(frame(HEADERS, END_HEADERS, 1, header_block("POST", "/echo")))
    drip(sock, frame(DATA, 0, 1, b"x"))
    assert patient.metric('rollcall_connections_cut_total{reason="slow request"}') >= 1


def test_pings_do_not_keep_an_unfinished_request_alive(patient):
    sock = open_raw(patient)
    sock.sendall(frame(HEADERS, END_HEADERS, 1, header_block("POST", "/echo")))
    drip(sock, frame(PING, 0, 0, b"12345678"))


def test_a_header_block_that_does_not_end_is_ended(patient):
    sock = open_raw(patient)
    sock.sendall(frame(HEADERS, END_STREAM, 1, header_block()))
    assert is_closed(sock)


@pytest.mark.parametrize("greeting", [b"", b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"], ids=["fresh", "used"])
def test_idle_http1_connections_are_ended(bed, greeting):
    sock = bed.connect()
    sock.sendall(greeting)
    assert is_closed(sock)


def test_idle_http2_connections_are_told_to_go(bed):
    client = Client(bed)
    assert client.get("/hello").status == 200
    while client.pump():
        pass
    assert client.went_away


@pytest.mark.parametrize(
    "piece",
    [frame(PING, 0, 0, b"12345678"), frame(SETTINGS, 0, 0), frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01"), frame(0xBB, 0, 0)],
    ids=["ping", "settings", "window update", "unknown"],
)
def test_connections_that_only_make_conversation_are_idle(bed, piece):
    before = bed.metric('rollcall_connections_cut_total{reason="idle"}')
    drip(open_raw(bed), piece)
    assert bed.metric('rollcall_connections_cut_total{reason="idle"}') == before + 1


def test_a_connection_that_asks_now_and_then_is_not_idle(bed):
    client = Client(bed)
    end = time.monotonic() + 2 * LIMITS["idle_timeout_ms"] / 1000
    while time.monotonic() < end:
        assert client.get("/hello").status == 200
        time.sleep(0.05)
    client.close()


def test_a_request_that_the_store_takes_long_for_is_not_idle(bed):
    bed.get("/gate/close", "POST")
    client, sock = Client(bed), bed.connect()
    stream = client.start("/slow")
    sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
    end = time.monotonic() + 2 * LIMITS["idle_timeout_ms"] / 1000
    wait_until(lambda: time.monotonic() > end, "the idle timeout")
    bed.get("/gate/open", "POST")
    assert client.finish(stream).status == 200
    assert read_reply(sock).status == 200
    client.close()
    sock.close()


def test_a_zero_window_is_ended(patient):
    sock = open_raw(patient, settings=b"\x00\x04\x00\x00\x00\x00")  # SETTINGS_INITIAL_WINDOW_SIZE = 0
    sock.sendall(frame(HEADERS, END_STREAM | END_HEADERS, 1, header_block(path="/big/100000")))
    drip(sock, frame(PING, 0, 0, b"12345678"))
    assert patient.metric('rollcall_connections_cut_total{reason="slow reader"}') >= 1


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
def test_a_client_that_does_not_read_is_ended(patient, protocol):
    before = patient.metric('rollcall_connections_cut_total{reason="slow reader"}')
    sock = patient.connect(receive_buffer=4096)
    if protocol == "HTTP/1.1":
        sock.sendall(b"GET /big/50000000 HTTP/1.1\r\nHost: a\r\n\r\n")
    else:
        client = Client(patient, sock)
        client.h2.increment_flow_control_window(2**30)
        client.start("/big/50000000")
    wait_until(lambda: patient.metric('rollcall_connections_cut_total{reason="slow reader"}') > before, "the cut")
    wait_until(lambda: patient.metric("rollcall_connections_open") == 1, "the end of the connection")
    sock.close()
