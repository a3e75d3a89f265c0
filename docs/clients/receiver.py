#!/usr/bin/env python3
"""Receives webhooks: verifies them, and keeps each once, however often it comes. Python 3.9, nothing else.

    ROLLCALL_SECRET=whsec_… python3 receiver.py 8000 events.db
"""

import base64, hmac, json, os, sqlite3, sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 300  # seconds


def verify(secret, headers, body, now):
    """The event. ValueError: nobody knows who sent it. body: the bytes as they came, not what a framework made of them."""
    id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if abs(now - int(timestamp)) > TOLERANCE:
        raise ValueError("it was sent long ago: perhaps by somebody who has recorded it")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, "sha256")
    ours = b"v1," + base64.b64encode(digest)
    theirs = headers.get("webhook-signature", "").encode().split(b" ")  # two, while a secret is being replaced
    if not any([hmac.compare_digest(ours, each) for each in theirs]):
        raise ValueError("no signature is right")
    return json.loads(body)


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            event = verify(os.environ["ROLLCALL_SECRET"], self.headers, body, time.time())
        except ValueError as error:
            return self.send_error(400, str(error))
        with sqlite3.connect(sys.argv[2]) as db:  # kept first, answered then: what is not answered comes again
            db.execute("CREATE TABLE IF NOT EXISTS events (id PRIMARY KEY, type, event)")
            db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?)", (self.headers["webhook-id"], event["type"], body))
        self.send_response(204)
        return self.end_headers()


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
