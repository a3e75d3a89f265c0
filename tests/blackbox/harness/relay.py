"""Stands between a server and its MariaDB and cuts the connection at a COMMIT."""

import socket
import struct
import threading

COM_QUERY = 0x03
COM_STMT_PREPARE = 0x16
COM_STMT_EXECUTE = 0x17

APPLIED = "applied"  # MariaDB commits; its answer never arrives
LOST = "lost"  # the COMMIT never arrives
WAYS = (APPLIED, LOST)


class Relay:
    """Give its socket path to the server. Thread-safe."""

    def __init__(self, path, upstream):
        self.path = str(path)
        self.upstream = str(upstream)
        self._lock = threading.Lock()
        self._armed = []
        self.cuts = 0
        self.commits = 0
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_next(self, way, times=1):
        with self._lock:
            self._armed += [way] * times

    def disarm(self):
        with self._lock:
            self._armed.clear()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.upstream)
            except OSError:
                client.close()
                continue
            _Session(self, client, server).start()

    def take_order(self):
        """What is to happen to the COMMIT that just came by."""
        with self._lock:
            self.commits += 1
            if not self._armed:
                return None
            self.cuts += 1
            return self._armed.pop(0)


class _Session:
    def __init__(self, relay, client, server):
        self.relay, self.client, self.server = relay, client, server
        self.commit_statements = set()
        self.preparing_commit = False
        self.swallow = False

    def start(self):
        threading.Thread(target=self._run, args=(self._to_server,), daemon=True).start()
        threading.Thread(target=self._run, args=(self._to_client,), daemon=True).start()

    def _run(self, pump):
        try:
            pump()
        except OSError:
            pass
        self._end()

    def _end(self):
        for end in (self.client, self.server):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def _to_server(self):
        stream = self.client.makefile("rb")
        while True:
            packet = _read_packet(stream)
            if packet is None:
                return
            if self._is_commit(packet):
                order = self.relay.take_order()
                if order == LOST:
                    return
                self.swallow = order == APPLIED
            self.server.sendall(packet)

    def _to_client(self):
        while True:
            data = self.server.recv(65536)
            if not data or self.swallow:
                return
            if self.preparing_commit and data[4:5] == b"\0":
                self.commit_statements.add(struct.unpack_from("<I", data, 5)[0])
                self.preparing_commit = False
            self.client.sendall(data)

    def _is_commit(self, packet):
        sequence, command = packet[3], packet[4] if len(packet) > 4 else None
        if sequence != 0:
            return False
        text = packet[5:].strip().upper()
        if command == COM_STMT_PREPARE:
            self.preparing_commit = text.startswith(b"COMMIT")
            return False
        if command == COM_STMT_EXECUTE:
            return struct.unpack_from("<I", packet, 5)[0] in self.commit_statements
        return command == COM_QUERY and text.startswith(b"COMMIT")


def _read_packet(stream):
    header = stream.read(4)
    if len(header) < 4:
        return None
    length = int.from_bytes(header[:3], "little")
    body = stream.read(length)
    return header + body if len(body) == length else None
