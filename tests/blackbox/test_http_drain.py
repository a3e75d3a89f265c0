"""The end: no new connections, what is in flight is finished, and all of it within a bound."""

import signal
import threading

import pytest

from http_bed import Client, Bed, driver, is_closed, read_reply, wait_until

SLOW = b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"


def is_refused(bed):
    try:
        bed.connect().close()
        return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:  # the listener closed while this connection was in its backlog
        return False


def test_what_is_in_flight_is_finished(tmp_path):
    with driver(tmp_path, loops=1) as bed:
        idle, busy, client = bed.connect(), bed.connect(), Client(bed)
        idle.sendall(b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        assert read_reply(idle).status == 200
        bed.get("/gate/close", "POST")
        busy.sendall(SLOW)
        stream = client.start("/slow")
        wait_until(lambda: bed.metric("rollcall_jobs_in_flight") == 2, "two jobs")
        opener = bed.connect()
        opener.sendall(b"POST /gate/open HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n")  # all but its last byte
        assert bed.get("/hello").status == 200
        bed.process.send_signal(signal.SIGTERM)
        wait_until(lambda: is_refused(bed), "the listener to close")
        assert is_closed(idle)
        while not client.went_away:
            assert client.pump()
        opener.sendall(b"x")
        assert read_reply(opener).headers["connection"] == "close"
        assert client.finish(stream).status == 200
        reply = read_reply(busy)
        assert reply.status == 200 and reply.headers["connection"] == "close"
        assert is_closed(busy)


def test_an_idle_server_ends_at_once(tmp_path):
    bed = Bed(tmp_path)
    assert bed.get("/hello").status == 200
    assert bed.stop() == 0


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])
def test_what_does_not_end_is_cut_within_the_bound(tmp_path, protocol):
    bed = Bed(tmp_path, loops=1, drain_timeout_ms=500)
    if protocol == "HTTP/2":
        client = Client(bed)
        client.start("/big/100000000")
    else:
        sock = bed.connect(receive_buffer=4096)
        sock.sendall(b"GET /big/100000000 HTTP/1.1\r\nHost: a\r\n\r\n")
    wait_until(lambda: bed.metric('rollcall_requests_total{operation="big",status="200"}') == 1, "the answer to begin")
    assert bed.stop() == 1
    bed.kill()


def test_a_job_that_never_comes_home_does_not_stop_the_end(tmp_path):
    bed = Bed(tmp_path, loops=1, drain_timeout_ms=500)
    bed.get("/gate/close", "POST")
    client = Client(bed)
    client.start("/slow")
    wait_until(lambda: bed.metric("rollcall_jobs_in_flight") == 1, "the job")
    assert bed.stop() == 1
    bed.kill()


def test_no_request_is_lost_by_clients_that_come_back(tmp_path):
    """Clients that ask again and again: every request is answered, or was never accepted."""
    bed = Bed(tmp_path)
    lost, answered, stop = [], [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                sock = bed.connect()
            except OSError:
                return
            try:
                for _ in range(20):
                    sock.sendall(SLOW)
                    data = sock.recv(1)
                    if not data:
                        break  # ended between two requests
                    answered.append(1)
                    head = read_rest(sock)
                    if b"Connection: close" in head:
                        break
            except (ConnectionResetError, BrokenPipeError) as error:
                lost.append(error)
            finally:
                sock.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(answered) > 500, "some traffic")
    status = bed.stop()
    stop.set()
    for thread in threads:
        thread.join()
    bed.kill()
    assert status == 0
    assert len(lost) <= len(threads)  # a request may cross the end of a connection that was idle


def read_rest(sock):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        assert piece
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    length = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    while len(body) < length:
        body += sock.recv(65536)
    return head
