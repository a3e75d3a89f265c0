"""A stand-in for rollcall-admin that hands everything on and holds it against the description, for clients that are not
ours: the curl commands of the guides."""

import contextlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .admin import AdminWire

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@contextlib.contextmanager
def checking(url):
    """Yields the URL to be used instead; at the end it fails when a request or an answer was not as described."""
    wire, breaches = AdminWire(url), []

    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            length = self.headers.get("Content-Length")
            body = self.rfile.read(int(length)) if length else None
            headers = [(name, value) for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP]
            try:
                answer = wire.exchange(self.command, self.path, headers, body)
            except Exception as error:  # of any kind: it is the test that fails, not this thread
                breaches.append(f"{self.command} {self.path}: {error}")
                self.send_error(502)
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name.lower() not in HOP_BY_HOP | {"date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        wire.close()
    assert not breaches, "\n".join(breaches)
