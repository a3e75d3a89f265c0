"""Readers of the change feed: pages, and streams of server-sent events, each held against the OpenAPI description."""

import http.client
from urllib.parse import urlsplit

from . import contract
from .wire import TIMEOUT_SECONDS, Answer

PATIENCE = 5  # comments, of which one comes after 15 seconds of silence
EVENT = contract.DOCUMENT["components"]["schemas"]["Event"]


def follow(admin, cursor=None, **parameters):
    """All events behind the cursor, and the cursor behind them."""
    found, more = [], True
    while more:
        page = page_of(admin, cursor, **parameters)
        found += page["events"]
        cursor, more = page["next_cursor"], page["has_more"]
    return found, cursor


def page_of(admin, cursor=None, **parameters):
    given = {"cursor": cursor, **parameters}
    query = "&".join(f"{name}={value}" for name, value in given.items() if value is not None)
    return admin.get(f"/v1/events?{query}", expect=200).json


class Stream:
    """GET /v1/events as text/event-stream. What is read is {"id", "event", "data"}, and {"comment"}."""

    def __init__(self, admin, query="", last_id=None, method="GET"):
        parts = urlsplit(admin.url)
        self.target = f"/v1/events{'?' if query else ''}{query}"
        self.headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {admin.key}"}
        if last_id is not None:
            self.headers["Last-Event-ID"] = last_id
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_SECONDS)
        self.connection.request(method, self.target, headers=self.headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.last_id = last_id
        self.retry_ms = None
        if self.status == 200:
            contract.check_begun(method, self.target, self.headers.items(), Answer(200, self.response.headers, b""))

    def answer(self):
        """Of a request that was refused."""
        answer = Answer(self.status, self.response.headers, self.response.read())
        contract.check("GET", self.target, list(self.headers.items()), None, answer)
        self.close()
        return answer

    def _block(self):
        """Lines up to an empty one; None: the stream has ended, or was cut."""
        lines = []
        while True:
            try:
                line = self.response.readline()
            except (http.client.HTTPException, ConnectionError):
                return None
            if not line:
                return None
            if line == b"\n":
                return lines
            lines.append(line.decode().removesuffix("\n"))

    def read(self):
        """What comes next; None: nothing will."""
        block = self._block()
        if block is None:
            return None
        if all(line.startswith(":") for line in block):
            return {"comment": block}
        fields = dict(line.split(": ", 1) for line in block)
        if "retry" in fields:
            self.retry_ms = int(fields["retry"])
            return self.read()
        data = Answer(200, {"content-type": "application/json"}, fields["data"].encode()).json
        event = {"id": fields["id"], "event": fields["event"], "data": data}
        contract.validate(event["data"], EVENT, "an event of a stream")
        assert event["event"] == event["data"]["type"] and "cursor" not in event["data"]
        self.last_id = event["id"]
        return event

    def event(self):
        """The next event, past signs of life; None: the stream has ended."""
        for _ in range(PATIENCE):
            found = self.read()
            if found is None or "event" in found:
                return found
        raise AssertionError(f"no event, nor its end, behind {self.last_id}")

    def events(self, count):
        found = [self.event() for _ in range(count)]
        assert None not in found, f"it ended early: {found}"
        return found

    def rest(self):
        """All until it ends."""
        found = []
        while (event := self.event()) is not None:
            found.append(event)
        return found

    def close(self):
        self.response.close()
        self.connection.close()
