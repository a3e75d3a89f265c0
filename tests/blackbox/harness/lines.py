"""Answers of many lines: exports and snapshots, read at once or slowly."""

import json
import socket
from urllib.parse import urlsplit


def lines_of(body):
    return [json.loads(line) for line in body.splitlines()]


def of_type(lines, name):
    return [line[name] for line in lines if line["type"] == name]


def fill(scim, users, prefix="user"):
    """Each with some kilobytes, so that there are many pieces."""
    text = "x" * 3000
    made = []
    for first in range(0, users, 100):
        operations = [
            {
                "method": "POST",
                "path": "/Users",
                "bulkId": f"b{n}",
                "data": {
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                    "userName": f"{prefix}{n}@example.com",
                    "title": text,
                },
            }
            for n in range(first, min(first + 100, users))
        ]
        message = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations}
        done = scim.post("/Bulk", message, expect=200)["Operations"]
        made += [operation["location"].rsplit("/", 1)[1] for operation in done]
    return made


class Reader:
    """Reads an answer as slowly as it likes."""

    def __init__(self, rollcall, path, admin=None):
        key = (admin or rollcall.admin).key
        parts = urlsplit(rollcall.admin_url)
        self.sock = socket.create_connection((parts.hostname, parts.port), timeout=60)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n\r\n"
        self.sock.sendall(request.encode())
        self.data = b""

    def read(self, bytes):
        while len(self.data) < bytes:
            piece = self.sock.recv(65536)
            if not piece:
                return False
            self.data += piece
        return True

    def read_all(self):
        while not self.data.endswith(b"0\r\n\r\n"):
            if not self.read(len(self.data) + 1):
                break
        head, _, rest = self.data.partition(b"\r\n\r\n")
        body = b""
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            if int(size, 16) == 0:
                break
            body += rest[: int(size, 16)]
            rest = rest[int(size, 16) + 2 :]
        return head, body

    def close(self):
        self.sock.close()
