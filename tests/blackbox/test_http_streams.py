"""HTTP/2 connections that are hostile or unlucky: resets, floods, bodies that do not end."""

import select
import socket
import threading
import time

import pytest

from http_bed import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PING,
    PREFACE,
    PRIORITY,
    SANITIZED,
    SETTINGS,
    WINDOW_UPDATE,
    Client,
    driver,
    frame,
    header_block,
    is_closed,
    open_raw,
    reset,
    wait_until,
)


@pytest.fixture
def bed(tmp_path):
    with driver(tmp_path, loops=1) as bed:
        yield bed


def cuts(bed, reason):
    return bed.metric(f'rollcall_connections_cut_total{{reason="{reason}"}}')


def cut_for_resets(bed):
    """Whichever is noticed first: streams given up, or more of them in one read than may be open."""
    return cuts(bed, "resets") + cuts(bed, "streams")


def send_until_cut(sock, pieces):
    """Sends piece by piece; the number that went out before the connection ended."""
    sent = 0
    try:
        for piece in pieces:
            sock.sendall(piece)
            sent += 1
    except (BrokenPipeError, ConnectionResetError):
        pass
    return sent


def test_streams_that_are_reset_in_the_same_packet_reach_no_queue(tmp_path):
    with driver(tmp_path, loops=1, max_resets=100000) as bed:
        block = header_block(path="/slow")
        sock = open_raw(bed)
        packets, streams = 100, 50
        for packet in range(packets):
            first = 2 * streams * packet + 1
            sock.sendall(
                b"".join(
                    frame(HEADERS, END_STREAM | END_HEADERS, i, block) + reset(i)
                    for i in range(first, first + 2 * streams, 2)
                )
            )
            wait_until(
                lambda: bed.metric("rollcall_requests_abandoned_total") == (packet + 1) * streams, "abandoned requests"
            )
        assert bed.ran() == 0
        sock.close()


def test_a_job_whose_client_left_while_it_waited_is_never_run(bed):
    assert bed.get("/gate/close", "POST").status == 204
    client = Client(bed)
    first = client.start("/slow")
    wait_until(lambda: bed.metric("rollcall_jobs_in_flight") == 1, "the first job")
    wait_until(lambda: bed.metric('rollcall_queue_depth{lane="read"}') == 0, "the worker to take it")
    streams = [client.start("/slow") for _ in range(20)]
    wait_until(lambda: bed.metric('rollcall_queue_depth{lane="read"}') == 20, "twenty waiting jobs")
    for stream in streams[:19]:
        client.reset(stream)
    wait_until(lambda: bed.metric('rollcall_queue_depth{lane="read"}') == 1, "one waiting job")
    assert bed.metric("rollcall_jobs_in_flight") == 2
    assert bed.get("/gate/open", "POST").status == 204
    assert client.finish(first).status == 200
    assert client.finish(streams[19]).status == 200
    assert bed.ran() == 2
    client.close()


def test_a_slot_is_held_until_the_job_is_back(tmp_path):
    with driver(tmp_path, loops=1, max_in_flight=1) as bed:
        bed.get("/gate/close", "POST")
        client = Client(bed)
        taken = client.start("/slow")
        wait_until(lambda: bed.metric("rollcall_jobs_in_flight") == 1, "the job")
        wait_until(lambda: bed.metric('rollcall_queue_depth{lane="read"}') == 0, "the worker to take it")
        client.reset(taken)
        wait_until(lambda: bed.metric("rollcall_requests_abandoned_total") == 1, "the reset")
        refused = client.get("/slow")
        assert refused.status == 503 and refused.headers["retry-after"] == "1"
        client.close()
        assert bed.metric("rollcall_jobs_in_flight") == 1  # even though the connection is gone
        bed.get("/gate/open", "POST")
        wait_until(lambda: bed.metric("rollcall_jobs_in_flight") == 0, "the job to come back")
        assert bed.get("/slow").status == 200


def test_a_full_queue_is_answered_at_once(tmp_path):
    with driver(tmp_path, loops=1, queue_capacity=5) as bed:
        bed.get("/gate/close", "POST")
        client = Client(bed)
        client.start("/slow")
        wait_until(lambda: bed.metric("rollcall_jobs_in_flight") == 1, "the job")
        wait_until(lambda: bed.metric('rollcall_queue_depth{lane="read"}') == 0, "the worker to take it")
        waiting = [client.start("/slow") for _ in range(5)]
        wait_until(lambda: bed.metric('rollcall_queue_depth{lane="read"}') == 5, "a full queue")
        refused = client.get("/slow")
        assert refused.status == 503 and refused.headers["retry-after"] == "1"
        bed.get("/gate/open", "POST")
        assert all(client.finish(stream).status == 200 for stream in waiting)
        client.close()


def test_one_connection_has_so_many_requests_under_way(tmp_path):
    with driver(tmp_path, loops=1, max_streams=3) as bed:
        bed.get("/gate/close", "POST")
        client, other = Client(bed), Client(bed)
        waiting = [client.start("/slow") for _ in range(3)]
        wait_until(lambda: bed.metric("rollcall_jobs_in_flight") == 3, "three jobs")
        assert client.get("/slow").status == 503
        waiting_too = other.start("/slow")
        wait_until(lambda: bed.metric("rollcall_jobs_in_flight") == 4, "another's job")
        bed.get("/gate/open", "POST")
        assert all(client.finish(stream).status == 200 for stream in waiting)
        assert other.finish(waiting_too).status == 200
        client.close()
        other.close()


def test_a_job_that_waited_too_long_is_answered_503(tmp_path):
    with driver(tmp_path, loops=1, queue_timeout_ms=200) as bed:
        bed.get("/gate/close", "POST")
        client = Client(bed)
        client.start("/slow")
        wait_until(lambda: bed.metric('rollcall_jobs_in_flight') == 1, "the job")
        wait_until(lambda: bed.metric('rollcall_queue_depth{lane="read"}') == 0, "the worker to take it")
        late = client.start("/slow")
        wait_until(lambda: bed.metric('rollcall_queue_depth{lane="read"}') == 1, "the late job")
        begun = time.monotonic()
        wait_until(lambda: time.monotonic() - begun > 0.25, "its deadline")
        bed.get("/gate/open", "POST")
        assert client.finish(late).status == 503
        client.close()


@pytest.mark.parametrize("path", ["/slow", "/hello", "/nope"])
def test_a_flood_of_resets_is_cut_and_others_are_served(bed, path):
    block = header_block(path=path)
    other = Client(bed)
    sock = open_raw(bed)
    pairs = (frame(HEADERS, END_STREAM | END_HEADERS, i, block) + reset(i) for i in range(1, 200001, 2))
    sent = send_until_cut(sock, pairs)
    assert is_closed(sock)
    assert sent < 100000
    assert cut_for_resets(bed) == 1
    assert bed.metric("rollcall_requests_abandoned_total") <= 500
    assert bed.ran() <= 500
    assert other.get("/slow").status == 200
    other.close()


def test_resets_of_streams_that_never_became_requests_count(bed):
    block = header_block("POST", "/echo")
    sock = open_raw(bed)
    send_until_cut(sock, (frame(HEADERS, END_HEADERS, i, block) + reset(i) for i in range(1, 200001, 2)))
    assert is_closed(sock)
    assert cut_for_resets(bed) == 1


def test_resets_that_the_server_is_provoked_to_send_count(bed):
    block = header_block(path="/slow")
    sock = open_raw(bed)
    zero = (0).to_bytes(4, "big")
    send_until_cut(
        sock,
        (frame(HEADERS, END_STREAM | END_HEADERS, i, block) + frame(WINDOW_UPDATE, 0, i, zero) for i in range(1, 200001, 2)),
    )
    assert is_closed(sock)
    assert cut_for_resets(bed) == 1
    assert bed.ran() <= 500


def test_a_client_that_gives_up_now_and_then_is_left_alone(tmp_path):
    with driver(tmp_path, loops=1, max_resets=10) as bed:
        client = Client(bed)
        for i in range(60):
            stream = client.start("/slow")
            if i % 3 == 0:
                client.reset(stream)
            else:
                assert client.finish(stream).status == 200
        client.close()
        assert cuts(bed, "resets") == 0


@pytest.mark.parametrize(
    "name,flooding",
    [
        ("ping", frame(PING, 0, 0, b"12345678")),
        ("settings", frame(SETTINGS, 0, 0)),
        ("priority", frame(PRIORITY, 0, 1, b"\0\0\0\0\x10")),
        ("window update", frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01")),
        ("unknown", frame(0xBB, 0, 0, b"x")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_floods_of_frames_that_ask_for_nothing_are_cut(bed, name, flooding):
    sock = open_raw(bed)
    send_until_cut(sock, [flooding * 1000] * 1000)
    assert is_closed(sock)
    assert cuts(bed, "flood") == 1
    assert bed.log.read_text() == ""  # libh2o prints a line for each frame that it does not know


def test_empty_data_frames_are_no_body(bed):
    sock = open_raw(bed)
    sock.sendall(frame(HEADERS, END_HEADERS, 1, header_block("POST", "/echo")))
    send_until_cut(sock, [frame(DATA, 0, 1) * 1000] * 1000)
    assert is_closed(sock)
    assert cuts(bed, "flood") == 1


def test_empty_continuations_are_cut(bed):
    sock = open_raw(bed)
    sock.sendall(frame(HEADERS, END_STREAM, 1, header_block()))
    send_until_cut(sock, [frame(CONTINUATION, 0, 1) * 1000] * 1000)
    assert is_closed(sock)
    assert cuts(bed, "flood") == 1


def test_a_header_block_that_does_not_end_is_cut(bed):
    sock = open_raw(bed)
    sock.sendall(frame(HEADERS, END_STREAM, 1, header_block()))
    send_until_cut(sock, [frame(CONTINUATION, 0, 1, b"\x00" * 16000)] * 100)
    assert is_closed(sock)
    assert cuts(bed, "header") == 1


def test_unknown_frames_now_and_then_do_no_harm(bed):
    client = Client(bed)
    for i in range(50):
        client.sock.sendall(frame(0xFA, 0, 0, b"grease") + frame(0x2A, 0, 0))
        assert client.get("/hello").body == b"hello\n"
    client.close()
    assert bed.log.read_text() == ""


def test_an_unknown_frame_in_pieces_does_no_harm(bed):
    client = Client(bed)
    for byte in frame(0xFA, 0, 0, b"grease" * 10) + frame(PING, 0, 0, b"12345678"):
        client.sock.sendall(bytes([byte]))
    assert client.get("/hello").body == b"hello\n"
    client.close()


def test_frames_are_counted_again_after_the_server_stopped_reading(bed):
    """libh2o stops reading while much waits to be written, and starts again without a word."""
    sock = bed.connect(receive_buffer=4096)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    sock.sendall(PREFACE + frame(SETTINGS, 0, 0) + frame(WINDOW_UPDATE, 0, 0, b"\x7f\0\0\0"))
    block = header_block("DELETE", "/made")
    end = b""
    for batch in range(200):  # each request earns ten pings
        first = 200 * batch + 1
        sock.sendall(b"".join(frame(HEADERS, END_STREAM | END_HEADERS, i, block) for i in range(first, first + 200, 2)))
        sock.sendall(frame(PING, 0, 0, b"%08d" % batch))
        while frame(PING, ACK, 0, b"%08d" % batch) not in end:
            end = end[-100:] + sock.recv(65536)
    pings = frame(PING, 0, 0, b"12345678") * 100
    bytes_sent = 0
    sock.setblocking(False)
    while select.select([], [sock], [], 0.5)[1]:
        bytes_sent += sock.send(pings)
        assert bytes_sent < 200000 * 17, "the server went on reading"
    sock.setblocking(True)
    rest = -bytes_sent % len(pings)
    answered = 0
    sender = threading.Thread(target=lambda: sock.sendall(pings[len(pings) - rest :]))
    sender.start()
    while answered < bytes_sent + rest:
        answered += len(sock.recv(65536))
    sender.join()
    sock.sendall(frame(0xBB, 0, 0, b"x") + frame(PING, 0, 0, b"12345678"))
    assert sock.recv(65536)
    assert bed.log.read_text() == ""
    sock.close()


def test_many_large_bodies_left_open_are_cut(bed):
    before = bed.resident_kb()
    sock = open_raw(bed)
    block = header_block("POST", "/echo")
    for i in range(1, 200, 2):
        sock.sendall(frame(HEADERS, END_HEADERS, i, block))
    chunk = b"x" * 16384

    def bodies():
        for _ in range(64):
            for i in range(1, 200, 2):
                yield frame(DATA, 0, i, chunk)

    send_until_cut(sock, bodies())
    assert is_closed(sock)
    assert cuts(bed, "bodies") == 1
    assert SANITIZED or bed.resident_kb() - before < 40 * 1024  # a hundred times the limit would be 100 MiB


def test_a_body_that_is_too_large_is_413_and_the_connection_goes_on(bed):
    client = Client(bed)
    reply = client.get("/little", method="POST", body=b"x" * 1001)
    assert reply.status == 413
    reply = client.get("/echo", method="POST", body=b"x" * (1024 * 1024 + 1))
    assert reply.status == 413
    reply = client.get("/echo", method="POST", body=b"x" * (3 * 1024 * 1024))
    assert reply.status == 413
    assert client.get("/hello").status == 200
    client.close()


def test_headers_that_are_too_large_are_431(bed):
    client = Client(bed)
    headers = [(f"x-{i}", f"{i}" * 400) for i in range(60)]
    assert client.get("/hello", headers=headers).status == 431
    assert client.get("/hello").status == 200
    client.close()


def test_a_continuation_after_goaway_does_not_spin(tmp_path):
    with driver(tmp_path, loops=1, drain_timeout_ms=3000) as bed:
        sock = open_raw(bed)
        sock.sendall(frame(HEADERS, END_STREAM, 1, header_block()))
        assert bed.get("/hello").status == 200  # the loop is past that frame
        waiting = Client(bed)
        bed.get("/gate/close", "POST")
        waiting.start("/slow")
        bed.process.terminate()
        while not waiting.went_away and waiting.pump():
            pass
        while not is_gone(sock, frame(CONTINUATION, END_HEADERS, 1)):
            pass
        bed.process.wait(20)
        bed.stop = lambda: 0  # it was not clean: a job was out


def is_gone(sock, data):
    try:
        sock.sendall(data)
        return sock.recv(65536) == b""
    except (BrokenPipeError, ConnectionResetError):
        return True
