"""Receivers of webhooks: real sockets, HTTP/1.1 with or without TLS, that answer as a test wants them to."""

import datetime
import ipaddress
import socket
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .wait import until


class Request:
    """path, headers (a dict, names in lower case), raw header lines, body (bytes), and the port it came from."""

    def __init__(self, head, body, peer):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, self.version = lines[0].split(" ")
        self.lines = lines[1:]
        self.headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in self.lines)}
        self.body = body
        self.peer = peer


# What a receiver may answer: functions of (connection, request) that say whether the connection goes on.


def status(code, *headers, body=b""):
    lines = [f"HTTP/1.1 {code} Whatever", f"Content-Length: {len(body)}", *headers]
    whole = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body

    def answer(connection, request):
        connection.sendall(whole)
        return True

    return answer


def raw(data):
    """These bytes, then the connection is closed."""

    def answer(connection, request):
        connection.sendall(data)
        return False

    return answer


def hang(connection, request):
    """No answer, until the other side gives up."""
    connection.settimeout(120)
    while connection.recv(4096):
        pass
    return False


def hang_up(connection, request):
    """Closed without a word."""
    return False


def reset(connection, request):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return False


def endless(head=b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n", piece=b"x" * 16384, seconds=0):
    """A head, and pieces until the other side has enough."""

    def answer(connection, request):
        connection.sendall(head)
        stop = threading.Event()
        while not stop.wait(seconds):
            connection.sendall(piece)
        return False

    return answer


class Receiver:
    """Every request is recorded in `requests`, then answered by `answer`, which may be exchanged at any time."""

    def __init__(self, answer=None, tls=None, host="127.0.0.1", port=0, family=socket.AF_INET):
        self.answer = answer or status(200)
        self.tls = tls
        self.requests = []
        self.connections = 0
        self.lock = threading.Lock()
        self.open = set()
        self.listener = socket.create_server((host, port), family=family, backlog=256)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/hook"

    def wait_for(self, count, seconds=60):
        """The requests, once there are so many."""
        until(lambda: len(self.requests) >= count, f"{count} requests came", seconds)
        return list(self.requests)

    def _accept(self):
        while True:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, peer), daemon=True).start()

    def _serve(self, connection, peer):
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with self.lock:
                self.open.add(connection)
            while self._serve_one(connection, peer[1]):
                pass
        except OSError:
            pass  # the other side has left
        finally:
            with self.lock:
                self.open.discard(connection)
            connection.close()

    def _serve_one(self, connection, peer):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = Request(head, b"", peer).headers.get("content-length", "0")
        while len(body) < int(length):
            body += connection.recv(65536)
        request = Request(head, body, peer)
        with self.lock:
            self.requests.append(request)
        return self.answer(connection, request)

    def close(self):
        """Nobody answers any more."""
        self.listener.shutdown(socket.SHUT_RDWR)  # accept(2) ends, which would hold it open
        self.thread.join()
        self.listener.close()
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it has ended by itself

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign("Test authority", self.key.public_key(), None, is_authority=True)
        self.file = directory / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, name, key, names, is_authority=False, days=2):
        now = datetime.datetime.utcnow()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=3))
        builder = builder.not_valid_after(now + datetime.timedelta(days=days))
        builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, *names, days=2):
        """A file with a certificate for these names (addresses without) and its key. days below zero: it has ended."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [_name_of(name) for name in names or ("127.0.0.1", "localhost")]
        certificate = self._sign("receiver", key.public_key(), alternatives, days=days)
        file = self.directory / f"receiver-{certificate.serial_number}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
        return file

    def context(self, *names, days=2, version=None):
        """For a receiver."""
        file = self.issue(*names, days=days)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if version:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
        context.load_cert_chain(file)
        return context


def _name_of(text):
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
