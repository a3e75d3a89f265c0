"""How many connections there may be, and what they cost."""

import socket

import pytest

from http_bed import SANITIZED, driver, is_closed, read_reply, wait_until

HELLO = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"


def ask(sock):
    sock.sendall(HELLO)
    return read_reply(sock).status


@pytest.mark.parametrize("settings", [{"max_connections": 20}, {"descriptors": 64}], ids=["setting", "descriptors"])
def test_more_connections_than_fit_wait_their_turn(tmp_path, settings):
    with driver(tmp_path, **settings) as bed:
        first = [bed.connect()]
        assert ask(first[0]) == 200
        first += [bed.connect() for _ in range(120)]
        for sock in first[1:]:
            sock.sendall(HELLO)
        pid = bed.process.pid
        wait_until(lambda: "no more connections" in bed.log.read_text(), "the listener to pause")
        assert ask(first[0]) == 200  # those that are there are served
        ticks = cpu_ticks(pid)
        assert ask(first[0]) == 200
        assert cpu_ticks(pid) - ticks < 50  # and nothing spins
        for sock in first:  # each that goes makes room for one that waits
            if sock is not first[0]:
                assert read_reply(sock).status == 200
                sock.close()
        assert ask(first[0]) == 200
        first[0].close()


def cpu_ticks(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def test_connections_are_shared_among_the_loops(tmp_path):
    with driver(tmp_path, loops=4) as bed:
        socks = [bed.connect() for _ in range(40)]
        assert all(ask(sock) == 200 for sock in socks)
        for sock in socks:
            sock.close()


def test_clients_that_leave_at_once_do_no_harm(tmp_path):
    with driver(tmp_path) as bed:
        for i in range(300):
            sock = bed.connect()
            sock.sendall(HELLO[: i % 30])
            if i % 3 == 0:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            sock.close()
        wait_until(lambda: bed.metric("rollcall_connections_open") == 1, "their connections to end")


def test_an_http1_client_that_leaves_while_the_store_works_does_no_harm(tmp_path):
    with driver(tmp_path, loops=1) as bed:
        bed.get("/gate/close", "POST")
        for _ in range(20):
            sock = bed.connect()
            sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            wait_until(lambda: bed.metric("rollcall_jobs_in_flight") >= 1, "the job")
            sock.close()
        bed.get("/gate/open", "POST")
        wait_until(lambda: bed.metric("rollcall_jobs_in_flight") == 0, "the jobs to come back")
        wait_until(lambda: bed.metric("rollcall_connections_open") == 1, "their connections to end")


@pytest.mark.skipif(SANITIZED, reason="sanitizers have memory of their own")
def test_idle_connections_cost_little(tmp_path):
    with driver(tmp_path) as bed:
        before = bed.resident_kb()
        socks = [bed.connect() for _ in range(1000)]
        assert all(ask(sock) == 200 for sock in socks)
        assert bed.resident_kb() - before < 4000
        for sock in socks:
            sock.close()


def test_tls_on_the_clear_port_is_refused(tmp_path):
    with driver(tmp_path) as bed:
        sock = bed.connect()
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100)
        assert read_reply(sock).status == 400
        assert is_closed(sock)
