"""Writers that go on through faults, with a ledger of what was acknowledged."""

import http.client
import itertools
import threading

from .ledger import Ledger
from .scim import USER


class Writers:
    """Each thread creates users until told to stop. `with Writers(org, 8) as writers: …`"""

    def __init__(self, organization, count=8, tolerate_lost_connections=False):
        self.organization = organization
        self.ledger = Ledger()
        self.statuses = {}
        self.failures = []
        self._tolerate = tolerate_lost_connections
        self._stop = threading.Event()
        self._numbers = itertools.count()
        self._threads = [threading.Thread(target=self._write) for _ in range(count)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in self._threads), "a writer hangs"

    @property
    def acknowledged(self):
        return len(self.ledger.acknowledged)

    def _write(self):
        client = self.organization.client()
        while not self._stop.is_set():
            key = f"w{next(self._numbers)}@example.com"
            self.ledger.send(key)
            try:
                answer = client.post("/Users", {"schemas": [USER], "userName": key})
            except (OSError, http.client.HTTPException) as lost:
                if not self._tolerate:
                    self.failures.append((key, repr(lost)))
                self._stop.wait(0.02)
                continue
            except AssertionError as wrong:
                self.failures.append((key, str(wrong)))
                continue
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            if answer.status == 201:
                self.ledger.acknowledge(key, answer["id"])
            else:
                self._stop.wait(0.02)

    def check(self, allowed):
        """After the fault: only these statuses, nothing acknowledged is lost, nothing doubled."""
        assert not self.failures, self.failures[:5]
        assert set(self.statuses) <= set(allowed), self.statuses
        self.ledger.compare(list(everything(self.organization.client())))


def everything(client):
    start = 1
    while True:
        page = client.get(f"/Users?startIndex={start}&count=1000", expect=200)
        yield from ((user["userName"], user["id"]) for user in page["Resources"])
        start += page["itemsPerPage"]
        if start > page["totalResults"] or not page["itemsPerPage"]:
            return
