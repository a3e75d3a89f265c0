"""Where requests to vendors' URLs must not lead, and what receivers may do to them: on the wire, by what rollcall-admin
posts with."""

import json
import os
import socket
import ssl
import subprocess
import threading

import pytest

from harness import sanitizers
from harness.database import ROOT
from harness.names import NameServer, may_replace_names
from harness.receiver import Authority, Receiver, endless, hang, hang_up, raw, reset, status
from harness.wait import until
from http_bed import driver

VECTORS = json.loads((ROOT / "tests" / "vectors" / "admin_api" / "outbound.json").read_text())
LOOPBACK = ("allow=127.0.0.0/8,::1,localhost", "http=1")

needs_names = pytest.mark.skipif(not may_replace_names(), reason="a resolv.conf of one's own takes root")


@pytest.fixture
def post(build, tmp_path):
    """Posts all of them at a time and returns what came of each."""

    def run(*requests, options=LOOPBACK, names=None, **variables):
        requests = [{"url": each} if isinstance(each, str) else each for each in requests]
        command = [build / "tests" / "outbound_driver", *options]
        command = names.command(*command) if names else command
        environment = {**os.environ, **sanitizers.environment(tmp_path), **variables}
        done = subprocess.run(
            command, input=json.dumps(requests), env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr + str(sanitizers.reports(tmp_path))
        return json.loads(done.stdout)

    return run


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


# --- where it must not lead ---


def test_WH_10_none_of_the_vectors_that_must_not_be_sent_is_sent(post):
    bad = [vector["url"] for vector in VECTORS["urls"] if "why" in vector]
    for url, result in zip(bad, post(*bad, options=())):
        assert result["end"] == "refused" and result["error"].startswith("Not sent: the URL "), f"{url!r}: {result}"


@pytest.mark.parametrize("spelling", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "[::1]"])
def test_WH_10_loopback_is_not_connected_to_however_it_is_spelt(post, spelling):
    family = socket.AF_INET6 if ":" in spelling else socket.AF_INET
    with Receiver(host="::1" if ":" in spelling else "127.0.0.1", family=family) as receiver:
        url = f"http://{spelling}:{receiver.port}/"
        for options in (("http=1",), ("http=1", "allow=localhost"), ("http=1", "allow=10.0.0.0/8,172.16.0.0/12")):
            assert post(url, options=options)[0]["end"] == "refused"
        assert receiver.connections == 0
        assert post(url)[0]["status"] == 200


def test_http_is_not_sent_unless_it_is_allowed(post):
    with Receiver() as receiver:
        refused = post(receiver.url, options=LOOPBACK[:1])[0]
        assert refused["end"] == "refused" and "https://" in refused["error"]
        assert receiver.connections == 0


@pytest.fixture
def world(tmp_path):
    """Receivers on one port of two addresses, and a way to have names for them."""
    inner = Receiver()
    outer = Receiver(host="127.0.0.2", port=inner.port)
    servers = []

    def names(**answers):
        named = {name.replace("_", ".") + ".example.com": rounds for name, rounds in answers.items()}
        servers.append(NameServer(tmp_path, named))
        return servers[-1]

    yield inner, outer, names
    for each in (inner, outer, *servers):
        each.close()


OUTER_ALONE = ("allow=127.0.0.2", "http=1")


@needs_names
def test_WH_10_a_name_that_leads_inside_is_not_connected_to(post, world):
    inner, outer, names = world
    servers = names(in_side=[["127.0.0.1"]], other=[["10.0.0.1", "fd00::1"]], cname=["in.side.example.com"], out=[["127.0.0.2"]])
    urls = [f"http://{name}.example.com:{inner.port}/" for name in ("in.side", "other", "cname", "out", "nobody")]
    results = post(*urls, options=OUTER_ALONE, names=servers)
    assert [result["end"] for result in results] == ["refused", "refused", "refused", "answered", "unreachable"]
    assert "a loopback address" in results[0]["error"] and "a private address" in results[1]["error"]
    assert (inner.connections, outer.connections) == (0, 1)


@needs_names
def test_WH_10_of_several_addresses_only_good_ones_are_connected_to(post, world):
    inner, outer, names = world
    servers = names(both=[["127.0.0.1", "127.0.0.2"]], mapped=[["::ffff:127.0.0.1", "::1"]])
    urls = [f"http://{name}.example.com:{inner.port}/" for name in ("both", "mapped")]
    results = post(*urls, options=OUTER_ALONE, names=servers)
    assert [result["end"] for result in results] == ["answered", "refused"]
    assert (inner.connections, outer.connections) == (0, 1)


@needs_names
def test_WH_10_a_name_that_leads_elsewhere_when_it_is_asked_again_is_looked_at_again(post, world):
    """Each connection looks at the address that it is made to, so it does not matter what was answered before."""
    inner, outer, names = world
    servers = names(rebound=[["127.0.0.2"], ["127.0.0.1"]])
    url = f"http://rebound.example.com:{inner.port}/"
    assert post(url, options=OUTER_ALONE, names=servers)[0]["end"] == "answered"
    assert post(url, options=OUTER_ALONE, names=servers)[0]["end"] == "refused"
    assert (inner.connections, outer.connections) == (0, 1)


def test_WH_10_redirects_are_not_followed(post):
    with Receiver() as elsewhere:
        for code in (301, 302, 303, 307, 308):
            with Receiver(status(code, f"Location: {elsewhere.url}")) as receiver:
                result = post(receiver.url)[0]
                assert (result["end"], result["status"]) == ("answered", code)
        assert elsewhere.connections == 0


def test_WH_10_proxies_of_the_environment_are_not_used(post):
    with Receiver() as receiver, Receiver() as proxy:
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
        variables = {name: f"http://127.0.0.1:{proxy.port}" for name in names}
        assert post(receiver.url, **variables)[0]["status"] == 200
        assert proxy.connections == 0


# --- what is sent ---


def test_WH_01_the_body_is_sent_byte_for_byte_and_headers_as_given(post):
    body = '{"name":"Zoë \u20ac", "n": 1.0 }\n'
    with Receiver() as receiver:
        headers = ["webhook-id: evt-1", "Content-Type: application/json"]
        post({"url": receiver.url + "?key=a%20b", "body": body, "headers": headers})
        (request,) = receiver.requests
        assert (request.method, request.path, request.body) == ("POST", "/hook?key=a%20b", body.encode())
        assert request.headers["webhook-id"] == "evt-1" and request.headers["content-type"] == "application/json"
        assert set(request.headers) == {
            "host", "user-agent", "accept", "webhook-id", "content-type", "content-length"
        }  # fmt: skip


def test_a_large_body_does_not_wait_to_be_asked_for(post):
    with Receiver() as receiver:
        post({"url": receiver.url, "body": "x" * 3_000_000})
        assert len(receiver.requests[0].body) == 3_000_000 and "expect" not in receiver.requests[0].headers


def test_a_connection_is_used_again(post):
    with Receiver() as receiver:
        post(receiver.url, options=(*LOOPBACK, "rounds=5"))
        assert len(receiver.requests) == 5 and receiver.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_made_again(post):
    with Receiver() as receiver:

        def answer_once(connection, request):
            status(200)(connection, request)
            return False

        receiver.answer = answer_once
        assert post(receiver.url, options=(*LOOPBACK, "rounds=3"))[0]["status"] == 200
        assert receiver.connections == 3


# --- what comes back ---


def test_WH_08_an_answer_is_told_with_its_headers_and_the_beginning_of_its_body(post):
    answer = status(503, "Retry-After:  120 ", "X-Custom: a", body=b"y" * 5000)
    with Receiver(answer) as receiver:
        result = post(receiver.url)[0]
        assert (result["end"], result["status"], result["retry_after"]) == ("answered", 503, "120")
        assert "X-Custom: a\r\n" in result["headers"] and not result["headers"].startswith("HTTP/")
        assert result["body"] == "y" * 4096 and result["cut"] and result["error"] == ""


def test_what_comes_before_the_answer_is_not_the_answer(post):
    with Receiver(raw(b"HTTP/1.1 100 Continue\r\nX-First: 1\r\n\r\nHTTP/1.1 204 No\r\nX-Second: 2\r\n\r\n")) as receiver:
        result = post(receiver.url)[0]
        assert result["status"] == 204 and result["headers"] == "X-Second: 2\r\n"


def test_an_endless_body_is_cut(post):
    with Receiver(endless()) as receiver:
        result = post(receiver.url)[0]
        assert (result["end"], result["status"], result["cut"]) == ("answered", 200, True)
        assert len(result["body"]) == 4096


def test_endless_headers_are_cut(post):
    answer = endless(b"HTTP/1.1 200 OK\r\n", b"X: " + b"x" * 8000 + b"\r\n")
    with Receiver(answer) as receiver:
        assert post(receiver.url)[0]["end"] == "broken"


BROKEN = {
    "hang up": (hang_up, "without an answer"),
    "reset": (reset, "connection"),
    "half an answer": (raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"), "before the answer was whole"),
    "another protocol": (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "no HTTP"),
    "no status": (raw(b"HTTP/1.1 \r\n\r\n"), ""),
}


@pytest.mark.parametrize("answer, why", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer_is_told_as_such(post, answer, why):
    with Receiver(answer) as receiver:
        result = post(receiver.url)[0]
        assert (result["end"], result["status"]) == ("broken", 0) and why in result["error"]


@pytest.mark.parametrize(
    "answer", [hang, endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x", 0.05), endless(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05)]
)
def test_WH_09_who_answers_too_slowly_is_left(post, answer):
    with Receiver(answer) as slow, Receiver() as good:
        results = post({"url": slow.url, "total_ms": 700}, good.url)
        assert [result["end"] for result in results] == ["timeout", "answered"]
        assert results[0]["error"] == "The answer did not come in time."


def test_a_port_where_nobody_listens_is_told_as_such(post):
    receiver = Receiver()
    receiver.close()
    result = post(receiver.url)[0]
    assert result["end"] == "unreachable" and "Nothing accepts connections" in result["error"]


# --- TLS ---


def trusting(authority):
    return (*LOOPBACK, f"ca={authority.file}")


def test_a_certificate_of_the_authority_is_trusted_and_no_other(post, authority, tmp_path):
    with Receiver(tls=authority.context()) as receiver:
        assert post(receiver.url, options=trusting(authority))[0]["status"] == 200
        other = post(receiver.url, options=trusting(Authority(tmp_path / "other")))[0]
        unknown = post(receiver.url)[0]
        for result in (other, unknown):
            assert result["end"] == "unreachable" and result["error"].startswith("TLS: ")
        assert len(receiver.requests) == 1


def test_a_certificate_of_another_name_or_that_has_ended_is_refused(post, authority):
    for context in (authority.context("elsewhere.example.com"), authority.context(days=-1)):
        with Receiver(tls=context) as receiver:
            result = post(receiver.url, options=trusting(authority))[0]
            assert result["end"] == "unreachable" and result["error"].startswith("TLS: ")
            assert receiver.requests == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_TLS_before_1_2_is_refused(post, authority):
    for version, end in ((ssl.TLSVersion.TLSv1_1, "unreachable"), (ssl.TLSVersion.TLSv1_2, "answered")):
        with Receiver(tls=authority.context(version=version)) as receiver:
            assert post(receiver.url, options=trusting(authority))[0]["end"] == end


def test_a_port_that_speaks_no_TLS_is_told_as_such(post):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_in_clear():
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer_in_clear)
        thread.start()
        result = post(f"https://127.0.0.1:{listener.getsockname()[1]}/")[0]
        thread.join()
        assert result["end"] == "unreachable" and result["error"].startswith("TLS: ")


def test_HTTP_2_is_spoken_where_it_is_offered(post, authority, tmp_path):
    file = authority.issue()
    with driver(tmp_path, tls_certificate=file, tls_key=file, access_log_fd=1) as bed:
        requests = [{"url": f"https://127.0.0.1:{bed.port}/echo", "body": f"body {n}"} for n in range(20)]
        results = post(*requests, options=(*trusting(authority), "rounds=5"))
        assert [(result["status"], result["body"]) for result in results] == [(200, f"body {n}") for n in range(20)]
        lines = until(lambda: (found := bed.access_log.read_text().splitlines()) and len(found) >= 100 and found, "logged")
        assert {json.loads(line)["protocol"] for line in lines} == {"HTTP/2"}


def test_many_at_a_time_come_back_each_with_its_own(post):
    def echo(connection, request):
        return status(200, body=request.body)(connection, request)

    with Receiver(echo) as receiver:
        results = post(*({"url": receiver.url, "body": str(number)} for number in range(300)))
        assert [result["body"] for result in results] == [str(number) for number in range(300)]
