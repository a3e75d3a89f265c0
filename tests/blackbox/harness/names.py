"""A name server that tells what a test wants, and processes that ask it alone."""

import contextlib
import os
import socket
import struct
import threading

A, CNAME, AAAA = 1, 5, 28

# mount(2) is of this process and its children alone: the machine's own resolv.conf stays as it is
IN_NAMESPACE = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"']


def may_replace_names():
    return os.geteuid() == 0


def _encoded(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"


class NameServer:
    """answers: for a name, None (there is no answer, ever), or a list of rounds; a round is a list of addresses or one other name (a CNAME). Each look-up of
    the name's IPv4 addresses takes the next round; the last one stays. Who gets no answer asks again `attempts` times, every `timeout` seconds."""

    def __init__(self, directory, answers, timeout=2, attempts=2):
        self.answers = {name: rounds and list(rounds) for name, rounds in answers.items()}
        self.asked = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = self._bind()
        self.resolv_conf = directory / "resolv.conf"
        self.resolv_conf.write_text(f"nameserver {self.address}\noptions timeout:{timeout} attempts:{attempts}\n")
        threading.Thread(target=self._serve, daemon=True).start()

    def _bind(self):
        for number in range(2, 250):
            with contextlib.suppress(OSError):
                self.socket.bind((f"127.53.{os.getpid() % 250 + 1}.{number}", 53))
                return self.socket.getsockname()[0]
        raise AssertionError("no address of 127.53.0.0/16 is free")

    def command(self, *words):
        return [*IN_NAMESPACE, str(self.resolv_conf), *map(str, words)]

    def _serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            answer = self._answer(query)
            if answer:
                self.socket.sendto(answer, peer)

    @staticmethod
    def _question(query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        return ".".join(labels).lower(), struct.unpack(">H", query[at + 1 : at + 3])[0], at + 5

    def _answer(self, query):
        name, kind, end = self._question(query)
        self.asked.append((name, kind))
        if self.answers.get(name, ()) is None:
            return None
        records = self._records(name, kind)
        code = 0 if name in self.answers else 3
        header = query[:2] + struct.pack(">HHHHH", 0x8580 | code, 1, len(records), 0, 0)
        return header + query[12:end] + b"".join(records)

    def _records(self, name, kind):
        rounds = self.answers.get(name, [[]])
        found = rounds[0] if kind != A or len(rounds) == 1 else rounds.pop(0)
        if isinstance(found, str):
            target = [self._record(name, CNAME, _encoded(found))]
            return target + self._records(found, kind)
        wanted = socket.AF_INET6 if kind == AAAA else socket.AF_INET
        addresses = [address for address in found if (":" in address) == (kind == AAAA)]
        return [self._record(name, kind, socket.inet_pton(wanted, address)) for address in addresses]

    @staticmethod
    def _record(name, kind, data):
        return _encoded(name) + struct.pack(">HHIH", kind, 1, 0, len(data)) + data

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
