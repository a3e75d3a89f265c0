"""A listening socket that outlives the server, as a service manager holds one (LISTEN_FDS): restarts drop no connection."""

import os
import socket
import subprocess
import sys
import threading

import pytest
import requests

from harness.process import Process, tail
from harness.wait import until

# Puts the descriptor where LISTEN_FDS promises it, and becomes the server.
BECOME = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True);"
    "os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS='1'); os.execv(sys.argv[2], sys.argv[2:])"
)


class Inheriting(Process):
    def __init__(self, rollcall, name, listener):
        self.name, self.log, self.expected_to_end = name, rollcall.logs / f"{name}.log", False
        server = str(rollcall.build / "server" / "rollcall-server")
        url = rollcall.database.url("rollcall_server")
        command = [sys.executable, "-c", BECOME, str(listener.fileno()), server, "--database-url", url]
        with open(self.log, "ab") as output:
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=rollcall._environment("rollcall_server"),
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        rollcall.processes.append(self)

    def serves(self):
        return "serving" in tail(self.log)


@pytest.fixture
def listener():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(512)
        yield listening


def test_a_restart_behind_an_inherited_socket_drops_no_connection(rollcall, listener):
    url = "http://127.0.0.1:%d/healthz" % listener.getsockname()[1]
    first = Inheriting(rollcall, "inheriting-1", listener)
    first.wait_ready(first.serves)
    failures, answered, stop = [], [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                answered.append(requests.get(url, timeout=20, headers={"Connection": "close"}).status_code)
            except requests.RequestException as failure:
                failures.append(failure)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        second = Inheriting(rollcall, "inheriting-2", listener)
        second.wait_ready(second.serves)
        assert first.stop() == 0
        served = len(answered)
        until(lambda: len(answered) > served + 50 or failures, "the second server serves alone")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert second.stop() == 0
    assert not failures
    assert set(answered) == {200}
