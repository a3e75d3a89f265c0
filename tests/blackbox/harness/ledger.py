"""Which writes were acknowledged, to compare with what is there after a fault."""

import threading


class Ledger:
    """Thread-safe. A write is `sent` before its request goes out, and `acknowledged` after its 2xx was read."""

    def __init__(self):
        self._lock = threading.Lock()
        self.sent = set()
        self.acknowledged = {}

    def send(self, key):
        with self._lock:
            assert key not in self.sent
            self.sent.add(key)

    def acknowledge(self, key, resource_id):
        with self._lock:
            self.acknowledged[key] = resource_id

    def compare(self, found):
        """found: list of (key, resource id), everything that is there. None lost, none doubled, none invented."""
        keys = [key for key, _ in found]
        assert len(keys) == len(set(keys)), f"doubled: {[key for key in keys if keys.count(key) > 1]}"
        there = dict(found)
        lost = {key: identifier for key, identifier in self.acknowledged.items() if there.get(key) != identifier}
        assert not lost, f"{len(lost)} of {len(self.acknowledged)} acknowledged writes are lost: {lost}"
        invented = set(keys) - self.sent
        assert not invented, f"never sent: {invented}"
