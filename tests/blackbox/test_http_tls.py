"""TLS: versions, protocols, and a certificate that is replaced while connections are open."""

import signal
import socket
import ssl
import subprocess

import pytest

from http_bed import Client, driver, is_closed, read_reply, wait_until

HELLO = b"GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"


def make_certificate(directory, name):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", f"/CN={name}", "-keyout", directory / "key.pem", "-out", directory / "certificate.pem"],
        check=True,
        capture_output=True,
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("tls")
    make_certificate(directory, "first")
    return directory


@pytest.fixture(scope="module")
def bed(files, tmp_path_factory):
    certificate, key = files / "certificate.pem", files / "key.pem"
    with driver(tmp_path_factory.mktemp("http"), tls_certificate=certificate, tls_key=key, request_timeout_ms=1000) as bed:
        yield bed


def context(lowest=None, highest=None):
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    if lowest:
        trusting.minimum_version = lowest
    if highest:
        trusting.maximum_version = highest
    return trusting


def ask(sock):
    sock.sendall(HELLO)
    return read_reply(sock)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_H_01_http1_over_tls_1_2_and_1_3(bed, version):
    sock = bed.connect(context(version, version), ["http/1.1"])
    assert sock.selected_alpn_protocol() == "http/1.1"
    reply = ask(sock)
    assert reply.body == b"hello\n"
    assert reply.headers["strict-transport-security"].startswith("max-age=")
    assert ask(sock).status == 200
    sock.close()


def test_http1_over_tls_without_alpn(bed):
    sock = bed.connect(context())
    assert ask(sock).body == b"hello\n"
    sock.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_H_01_http2_over_tls_1_2_and_1_3(bed, version):
    sock = bed.connect(context(version, version), ["h2", "http/1.1"])
    assert sock.selected_alpn_protocol() == "h2"
    client = Client(bed, sock)
    assert client.get("/hello").body == b"hello\n"
    assert len(client.get("/big/3000000").body) == 3000000
    assert client.get("/echo", method="POST", body=b"x" * 300000).body == b"x" * 300000
    assert b"https://localhost" in client.get("/inspect").body
    client.close()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_H_01_older_versions_are_refused(bed):
    old = context(ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        bed.connect(old)


def test_a_protocol_that_is_not_spoken_is_refused(bed):
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        bed.connect(context(), ["spdy/1"])


def test_H_01_clear_text_is_never_served(bed):
    sock = bed.connect()
    sock.sendall(HELLO)
    assert b"hello" not in b"".join(iter(lambda: received(sock), b""))


def received(sock):
    try:
        return sock.recv(65536)
    except ConnectionResetError:
        return b""


def test_a_handshake_that_does_not_end_is_ended(bed):
    sock = bed.connect()
    sock.sendall(b"\x16\x03\x01")
    assert is_closed(sock)


def name_of(bed):
    raw = bed.connect(context()).getpeercert(binary_form=True)
    text = subprocess.run(
        ["openssl", "x509", "-inform", "der", "-noout", "-subject"], input=raw, capture_output=True, check=True
    )
    return text.stdout.decode().strip().split("CN = ")[1]


def test_a_new_certificate_is_used_by_new_connections(bed, files):
    old = bed.connect(context())
    assert ask(old).status == 200
    assert name_of(bed) == "first"
    make_certificate(files, "second")
    bed.process.send_signal(signal.SIGHUP)
    wait_until(lambda: name_of(bed) == "second", "the new certificate")
    assert ask(old).status == 200
    old.close()


def test_a_broken_certificate_changes_nothing(bed, files):
    name = name_of(bed)
    whole = (files / "certificate.pem").read_bytes()
    (files / "certificate.pem").write_text("nonsense")
    bed.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "was not replaced" in bed.log.read_text(), "the complaint")
    assert name_of(bed) == name
    (files / "certificate.pem").write_bytes(whole)


def test_a_certificate_that_cannot_be_read_stops_the_start(tmp_path):
    from http_bed import DRIVER

    result = subprocess.run(
        [DRIVER, f"tls_certificate={tmp_path}/none", f"tls_key={tmp_path}/none"], capture_output=True, timeout=30
    )
    assert result.returncode == 3 and b"certificate" in result.stderr


def test_an_address_in_use_stops_the_start(tmp_path):
    from http_bed import DRIVER

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = subprocess.run([DRIVER, f"listen=127.0.0.1:{port}"], capture_output=True, timeout=30)
    assert result.returncode == 3 and b"in use" in result.stderr
