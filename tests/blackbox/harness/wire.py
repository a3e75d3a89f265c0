"""HTTP/1.1 as it stands on the wire: the target and the headers go out exactly as given, nothing is retried."""

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 60
IDLE_SECONDS = 20  # after which a server may have closed a connection (--idle-timeout)


class Answer:
    """A response: status, headers (any case), body, and its JSON, whose members are answer["name"]."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body
        self._json = None

    @property
    def json(self):
        lines = self.headers["content-type"] == "application/x-ndjson"  # no one document
        if self._json is None and self.body and not lines:
            self._json = json.loads(self.body, object_pairs_hook=_refuse_duplicates)
        return self._json

    def __getitem__(self, name):
        return self.json[name]

    def __contains__(self, name):
        return name in (self.json or {})

    def get(self, name, default=None):
        return (self.json or {}).get(name, default)

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:2000]!r}>"


def _refuse_duplicates(pairs):
    names = [name.lower() for name, _ in pairs]
    assert len(names) == len(set(names)), f"a member occurs twice: {names}"
    return dict(pairs)


class Wire:
    """One keep-alive connection per thread to one origin."""

    def __init__(self, origin):
        parts = urlsplit(origin)
        self.host, self.port = parts.hostname, parts.port
        self.origin = origin
        self._local = threading.local()

    @property
    def connection(self):
        connection = getattr(self._local, "connection", None)
        if connection is not None and time.monotonic() - self._local.used_at > IDLE_SECONDS:
            self.close()
            connection = None
        self._local.used_at = time.monotonic()
        if connection is None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)
            self._local.connection = connection
        return connection

    def close(self):
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
        self._local.connection = None

    def exchange(self, method, target, headers, body=None):
        """headers: list of (name, value). A Content-Length is added for a body, nothing else."""
        connection = self.connection
        try:
            own_host = any(name.lower() == "host" for name, _ in headers)
            connection.putrequest(method, target, skip_host=own_host, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            content = response.read()
            return Answer(response.status, response.headers, content)
        except BaseException:
            self.close()
            raise
