"""Routing, headers, origin and the listener's own endpoints."""

import json
import re
import uuid

import pytest

from http_bed import Client, driver, is_closed, read_reply, wait_until


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    with driver(tmp_path_factory.mktemp("http"), trusted_proxies="127.0.0.1") as bed:
        yield bed


def ask(bed, protocol, path, method="GET", headers=(), body=b""):
    if protocol == "HTTP/2":
        client = Client(bed)
        try:
            return client.get(path, method=method, headers=headers, body=body)
        finally:
            client.close()
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return bed.get(path, method, lines, body)


both = pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2"])


@both
@pytest.mark.parametrize(
    "method,path,status,allow",
    [
        ("GET", "/hello", 200, None),
        ("GET", "//hello/", 200, None),
        ("HEAD", "/hello", 200, None),
        ("POST", "/hello", 405, "GET, HEAD, OPTIONS"),
        ("OPTIONS", "/inspect", 204, "GET, HEAD, POST, OPTIONS"),
        ("OPTIONS", "*", 204, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"),
        ("FOO", "/hello", 501, None),
        ("GET", "/nope", 404, None),
        ("GET", "/inspect/%2e%2e", 404, None),
        ("GET", "/inspect/../hello", 404, None),
        ("GET", "/inspect%2Fliteral", 404, None),
        ("GET", "/inspect/%00", 400, None),
        ("GET", "/inspect/%zz", 400, None),
        ("GET", "/inspect/%ff", 400, None),
        ("DELETE", "/made", 204, None),
    ],
)
def test_routes(bed, protocol, method, path, status, allow):
    reply = ask(bed, protocol, path, method)
    assert reply.status == status
    assert reply.headers.get("allow") == allow
    assert uuid.UUID(reply.headers["x-request-id"])
    assert "server" not in reply.headers
    if status >= 400:
        assert json.loads(reply.body)["status"] == status
        assert reply.headers["content-type"] == "application/problem+json"
    if status == 204:
        assert reply.body == b"" and "content-length" not in reply.headers
    else:
        assert "content-length" in reply.headers


@both
def test_what_the_use_case_sees(bed, protocol):
    headers = [("authorization", "Bearer x"), ("accept", "a/b"), ("accept", "c/d"), ("if-match", 'W/"1"')]
    reply = ask(bed, protocol, "/inspect/a%2Fb%C3%A9?q=%20+&q", "PUT", headers, b"body")
    seen = json.loads(reply.body)
    assert seen["parameter"] == "a/bé"
    assert seen["path"] == "/inspect/a%2Fb%C3%A9" and seen["query"] == "q=%20+&q"
    assert seen["authorization"] == "Bearer x" and seen["accept"] == "a/b, c/d" and seen["if_match"] == 'W/"1"'
    assert seen["body"] == 4 and seen["peer"] == "127.0.0.1"


@both
def test_literals_come_before_parameters(bed, protocol):
    assert ask(bed, protocol, "/inspect/literal").body == b"hello\n"


@both
def test_head_says_the_length_and_sends_nothing(bed, protocol):
    reply = ask(bed, protocol, "/hello", "HEAD")
    assert reply.headers["content-length"] == "6" and reply.body == b""


@both
def test_a_credential_that_comes_twice_is_refused(bed, protocol):
    reply = ask(bed, protocol, "/inspect", headers=[("authorization", "a"), ("authorization", "b")])
    assert reply.status == 400


@both
def test_a_trusted_proxy_says_how_the_client_came(bed, protocol):
    forwarded = [("x-forwarded-proto", "https"), ("x-forwarded-host", "scim.example"), ("x-forwarded-for", "9.9.9.9, 1.2.3.4")]
    seen = json.loads(ask(bed, protocol, "/inspect", headers=forwarded).body)
    assert seen["origin"] == "https://scim.example" and seen["peer"] == "1.2.3.4"


def test_other_peers_are_not_believed(tmp_path):
    with driver(tmp_path, trusted_proxies="10.0.0.0/8") as bed:
        forwarded = "X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-For: 1.2.3.4\r\n"
        seen = json.loads(bed.get("/inspect", headers=forwarded).body)
        assert seen["origin"] == "http://localhost" and seen["peer"] == "127.0.0.1"


def test_a_public_url_overrides_the_request(tmp_path):
    with driver(tmp_path, public_url="https://scim.example") as bed:
        assert json.loads(bed.get("/inspect").body)["origin"] == "https://scim.example"


def test_http2_without_an_authority_or_with_a_strange_one(bed):
    client = Client(bed)
    stream = client.start("/hello", authority="a/b")
    assert client.finish(stream).status == 400
    assert client.get("/hello").status == 200
    client.close()


def test_http2_errors_of_libh2o_have_the_services_body(bed):
    client = Client(bed)
    client.h2.config.validate_outbound_headers = False
    client.h2.config.normalize_outbound_headers = False
    reply = client.get("/hello", headers=[("x-bad", "a\x01b")])
    assert reply.status == 400 and json.loads(reply.body)["status"] == 400
    assert reply.headers["x-request-id"]
    assert client.get("/hello").body == b"hello\n"
    client.close()


@both
def test_large_answers_arrive_whole(bed, protocol):
    assert len(ask(bed, protocol, "/big/5000000").body) == 5000000


def test_endpoints(bed):
    assert bed.get("/healthz").body == b"ok\n"
    assert bed.get("/readyz").body == b"ready\n"
    text = bed.get("/metrics")
    assert text.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert bed.metric('rollcall_requests_total{operation="healthz",status="200"}') >= 1


def test_http10_ends_the_connection_unless_asked_to_keep_it(bed):
    sock = bed.connect()
    sock.sendall(b"GET /hello HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n")
    assert read_reply(sock).body == b"hello\n"
    sock.sendall(b"GET /hello HTTP/1.0\r\nHost: a\r\n\r\n")
    assert read_reply(sock).body == b"hello\n"
    assert is_closed(sock)


def test_the_access_log_has_routes_and_no_secrets(tmp_path):
    with driver(tmp_path, access_log_fd=1) as bed:
        bed.get("/inspect/bob%40example.com?filter=userName%20eq%20%22alice%22", "PUT", "Authorization: Bearer canary\r\n")
        bed.get("/nothing/canary?x=canary", headers="User-Agent: a\tb\r\n")
        with_log = bed
    text = with_log.access_log.read_text()
    for secret in ("bob", "alice", "canary", "filter"):
        assert secret not in text
    # Each loop writes its own lines, in its own time.
    found, missing = sorted((json.loads(line) for line in text.splitlines()), key=lambda line: line["status"])
    assert found["route"] == "/inspect/{}" and found["status"] == 200 and found["operation"] == "inspect"
    assert found["bytes"] > 0 and found["duration_us"] >= 0 and found["protocol"] == "HTTP/1"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", found["time"])
    assert "route" not in missing and missing["status"] == 404


def test_the_access_log_is_written_while_it_runs(tmp_path):
    with driver(tmp_path, access_log_fd=1) as bed:
        bed.get("/hello")
        wait_until(lambda: "hello" in bed.access_log.read_text(), "the log line")


def test_unix_sockets(tmp_path):
    import socket

    path = tmp_path / "socket"
    with driver(tmp_path, listen=f"unix:{path}"):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(str(path))
        sock.sendall(b"GET /inspect HTTP/1.1\r\nHost: a\r\n\r\n")
        assert json.loads(read_reply(sock).body)["peer"] == "unix"
        sock.close()
    assert not path.exists()
