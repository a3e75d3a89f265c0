"""HTTP/1 messages that two servers could read differently, against the real listener."""

import json

import pytest

from http_bed import driver, is_closed, read_reply

HOST = b"Host: localhost\r\n"
CHUNKED = b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
TAIL = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

AMBIGUOUS = {
    "length and chunked": b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "differing lengths": b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "equal lengths": b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list of lengths": b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 3, 4\r\n\r\nabc",
    "a negative length": b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "a signed length": b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: +3\r\n\r\nabc",
    "a huge length": b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\n",
    "chunked twice": b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "identity and chunked": b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "xchunked": b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked in 1.0": b"POST /echo HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded encoding": b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a blank before the colon": b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"GET /hello HTTP/1.1\nHost: localhost\n\n",
    "one bare line feed": b"GET /hello HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
    "a bare carriage return": b"GET /hello HTTP/1.1\r\n" + HOST + b"X: a\rHost: evil\r\n\r\n",
    "no host": b"GET /hello HTTP/1.1\r\n\r\n",
    "no host in 1.0": b"GET /hello HTTP/1.0\r\n\r\n",
    "two hosts": b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "an empty host": b"GET /hello HTTP/1.1\r\nHost: \r\n\r\n",
    "a host with a slash": b"GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "an absolute target of another host": b"GET http://other/hello HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target without a slash": b"GET hello HTTP/1.1\r\n" + HOST + b"\r\n",
    "a target with a fragment": b"GET /hello#a HTTP/1.1\r\n" + HOST + b"\r\n",
    "another version": b"GET /hello HTTP/9.9\r\n" + HOST + b"\r\n",
    "no version": b"GET /hello\r\n" + HOST + b"\r\n",
    "a folded header": b"GET /hello HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n",
    "a NUL": b"GET /hello HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n",
    "a header without a colon": b"GET /hello HTTP/1.1\r\n" + HOST + b"nonsense\r\n\r\n",
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\r\n",
    "a chunk size with 0x": CHUNKED + b"0x0\r\n\r\n",
    "a chunk size with a blank": CHUNKED + b"3 \r\nabc\r\n0\r\n\r\n",
    "a chunk extension ending in LF": CHUNKED + b"0;a\n\r\n",
    "a chunk size ending in LF": CHUNKED + b"0\n\r\n",
    "a chunk that is too long": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "a chunk size that is too long": CHUNKED + b"0000000000000003\r\nabc\r\n0\r\n\r\n",
    "a trailer ending in LF": CHUNKED + b"0\r\nX: y\n\r\n",
}

CLEAR = {
    "a length": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", b"abc"),
    "chunks": (CHUNKED + b"1\r\na\r\n2;x=y\r\nbc\r\n0\r\nT: u\r\n\r\n", b"abc"),
    "chunked in capitals": (b"POST /echo HTTP/1.1\r\n" + HOST + b"TRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n", b""),
    "an empty line before": (b"\r\nGET /hello HTTP/1.1\r\n" + HOST + b"\r\n", b"hello\n"),
    "an absolute target": (b"GET http://LOCALHOST/hello HTTP/1.1\r\n" + HOST + b"\r\n", b"hello\n"),
    "a body where none is needed": (b"GET /hello HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\nab", b"hello\n"),
    "an upgrade that is not wanted": (
        b"GET /hello HTTP/1.1\r\n" + HOST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: \r\n\r\n",
        b"hello\n",
    ),
}


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    with driver(tmp_path_factory.mktemp("http")) as bed:
        yield bed


def refusal_of(reply):
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["x-request-id"]
    return json.loads(reply.body)


@pytest.mark.parametrize("name", AMBIGUOUS)
@pytest.mark.parametrize("pieces", ["at once", "byte by byte"])
def test_ambiguous_messages_are_refused_and_end_the_connection(bed, name, pieces):
    sock = bed.connect()
    message = AMBIGUOUS[name]
    try:
        if pieces == "at once":
            sock.sendall(message + TAIL)
        else:
            for i in range(len(message)):
                sock.sendall(message[i : i + 1])
    except (BrokenPipeError, ConnectionResetError):
        pass  # it was refused before its end
    reply = read_reply(sock)
    assert reply.status == 400
    assert refusal_of(reply)["status"] == 400
    if not message.startswith((b"GET http://", b"GET hello", b"GET /hello#")):
        assert reply.headers["connection"] == "close"
        assert is_closed(sock)
    sock.close()


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_a_used_connection_is_read_no_less_strictly(bed, name):
    sock = bed.connect()
    for _ in range(2):
        sock.sendall(TAIL)
        assert read_reply(sock).body == b"hello\n"
    try:
        sock.sendall(AMBIGUOUS[name])
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert refusal_of(read_reply(sock))["status"] == 400
    sock.close()


@pytest.mark.parametrize("name", CLEAR)
@pytest.mark.parametrize("pieces", ["at once", "byte by byte"])
def test_clear_messages_are_served_and_so_is_what_follows(bed, name, pieces):
    message, body = CLEAR[name]
    sock = bed.connect()
    for piece in [message + TAIL] if pieces == "at once" else [bytes([b]) for b in message + TAIL]:
        sock.sendall(piece)
    reply = read_reply(sock)
    assert (reply.status, reply.body) == (200, body)
    assert read_reply(sock).body == b"hello\n"
    sock.close()


def test_many_requests_in_one_packet_are_answered_in_order(bed):
    sock = bed.connect()
    messages = [
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\n%03d" % i
        if i % 3 == 0
        else CHUNKED + b"3\r\n%03d\r\n0\r\n\r\n" % i
        if i % 3 == 1
        else b"POST /slow HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % i + b"x" * i
        for i in range(60)
    ]
    sock.sendall(b"".join(messages))
    for i in range(60):
        reply = read_reply(sock)
        assert reply.status == 200
        assert reply.body == b"%03d" % i if i % 3 < 2 else json.loads(reply.body)["body"] == i
    sock.close()


def test_a_refused_message_does_not_hurry_past_the_ones_before(bed):
    sock = bed.connect()
    sock.sendall(b"GET /slow HTTP/1.1\r\n" + HOST + b"\r\n" + AMBIGUOUS["two hosts"] + TAIL)
    assert read_reply(sock).status == 200
    assert read_reply(sock).status == 400
    assert is_closed(sock)


def test_expectations(bed):
    sock = bed.connect()
    sock.sendall(b"POST /echo HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert read_reply(sock).status == 100
    sock.sendall(b"abc")
    assert read_reply(sock).body == b"abc"
    sock.sendall(b"POST /echo HTTP/1.1\r\n" + HOST + b"Expect: tea\r\nContent-Length: 3\r\n\r\nabc")
    reply = read_reply(sock)
    assert reply.status == 417 and refusal_of(reply)["status"] == 417
    sock.close()


def test_an_upload_that_is_announced_too_large_is_not_invited(bed):
    sock = bed.connect()
    sock.sendall(b"POST /little HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 1001\r\n\r\n")
    reply = read_reply(sock)
    assert reply.status == 413 and refusal_of(reply)["detail"] == "The request body is larger than 1000 bytes."
    assert is_closed(sock)


@pytest.mark.parametrize(
    "body",
    ids=["just", "far", "one chunk", "a big chunk", "small chunks"],
    argvalues=[
        b"Content-Length: 1001\r\n\r\n" + b"x" * 1001,
        b"Content-Length: 3000000\r\n\r\n" + b"x" * 3000000,
        b"Transfer-Encoding: chunked\r\n\r\n" + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"x" * 65536 + b"\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n" + b"1;" + b"e" * 250 + b"\r\nx\r\n" + b"1\r\nx\r\n" * 999 + b"1\r\nx\r\n0\r\n\r\n",
    ],
)
def test_a_body_that_is_too_large_is_413_and_the_connection_goes_on(bed, body):
    sock = bed.connect()
    sock.sendall(b"POST /little HTTP/1.1\r\n" + HOST + body + TAIL)
    reply = read_reply(sock)
    assert reply.status == 413 and refusal_of(reply)["status"] == 413
    assert read_reply(sock).body == b"hello\n"
    sock.close()


def test_a_body_of_just_the_limit_is_taken(bed):
    sock = bed.connect()
    sock.sendall(b"POST /little HTTP/1.1\r\n" + HOST + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000)
    assert read_reply(sock).body == b"x" * 1000
    sock.sendall(b"POST /little HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
    sock.sendall(b"1\r\nx\r\n" * 1000 + b"0\r\n\r\n")
    assert read_reply(sock).body == b"x" * 1000
    sock.close()


@pytest.mark.parametrize(
    "head",
    ids=["one header", "target", "many headers"],
    argvalues=[
        b"GET /hello HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 40000 + b"\r\n\r\n",
        b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /hello HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 101 + b"\r\n",
    ],
)
def test_heads_that_are_too_large_are_431(bed, head):
    sock = bed.connect()
    sock.sendall(head)
    reply = read_reply(sock)
    assert reply.status == 431 and refusal_of(reply)["status"] == 431
    assert is_closed(sock)


def test_head_answers_to_refused_messages_have_no_body(bed):
    sock = bed.connect()
    sock.sendall(b"HEAD /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    reply = read_reply(sock, is_head=True)
    assert reply.status == 400
    assert sock.recv(1) == b""
