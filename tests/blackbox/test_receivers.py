"""The receivers of docs/clients: they take what is signed and fresh, once, and nothing else."""

import base64
import hmac
import importlib.util
import json
import os
import secrets
import socket
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from harness.database import ROOT
from harness.process import Process, free_port
from harness.wait import until

CLIENTS = ROOT / "docs" / "clients"
COMMANDS = {"receiver.py": "/usr/bin/python3", "receiver.mjs": "node"}
# of the checklist, behind WH-13
KNOWN = {
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "timestamp": 1614265330,
    "body": '{"test": 2432232314}',
    "signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def verify_in_python(secret, headers, body, now):
    spec = importlib.util.spec_from_file_location("receiver", CLIENTS / "receiver.py")
    receiver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(receiver)
    try:
        return receiver.verify(secret, headers, body.encode(), now)
    except ValueError:
        return None


def verify_in_node(secret, headers, body, now):
    program = f"""
        import {{ verify }} from {json.dumps(str(CLIENTS / "receiver.mjs"))};
        const [secret, headers, body, now] = JSON.parse(process.argv[1]);
        let event = null;
        try {{ event = verify(secret, headers, Buffer.from(body), now); }} catch {{}}
        console.log(JSON.stringify(event));"""
    command = ["node", "--input-type=module", "-e", program, json.dumps([secret, headers, body, now])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def headers_of(id, timestamp, signature):
    sent = {"webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature}
    return {name: str(value) for name, value in sent.items() if value is not None}


@pytest.mark.parametrize("verify", [verify_in_python, verify_in_node])
@pytest.mark.parametrize(
    "change, passes",
    [
        ({}, True),
        ({"now": KNOWN["timestamp"] + 300}, True),
        ({"now": KNOWN["timestamp"] - 300}, True),
        ({"now": KNOWN["timestamp"] + 301}, False),
        ({"now": KNOWN["timestamp"] - 301}, False),
        ({"signature": "v1,AAAA " + KNOWN["signature"]}, True),
        ({"signature": KNOWN["signature"] + " v1a,AAAA"}, True),
        ({"signature": KNOWN["signature"].lower()}, False),
        ({"signature": "v1a," + KNOWN["signature"][3:]}, False),
        ({"signature": KNOWN["signature"] + ","}, False),
        ({"signature": "\u00e4"}, False),
        ({"signature": ""}, False),
        ({"signature": None}, False),
        ({"id": "msg_other"}, False),
        ({"id": None}, False),
        ({"timestamp": KNOWN["timestamp"] + 1}, False),
        ({"timestamp": "soon"}, False),
        ({"timestamp": None}, False),
        ({"body": '{"test":2432232314}'}, False),
        ({"secret": "whsec_" + "A" * 32}, False),
    ],
    ids=repr,
)
def test_WH_13_a_signature_is_taken_when_it_is_right_and_fresh(verify, change, passes):
    sent = {"now": KNOWN["timestamp"], **KNOWN, **change}
    headers = headers_of(sent["id"], sent["timestamp"], sent["signature"])
    event = verify(sent["secret"], headers, sent["body"], sent["now"])
    assert event == ({"test": 2432232314} if passes else None)


class Receiver:
    def __init__(self, name, directory, port=None, secret=None):
        self.file, self.port = directory / "events", port or free_port()
        self.key = secrets.token_bytes(32)
        variables = {**os.environ, "ROLLCALL_SECRET": secret or "whsec_" + base64.b64encode(self.key).decode()}
        command = [COMMANDS[name], str(CLIENTS / name), str(self.port), str(self.file)]
        self.process = Process(name, command, directory / "log", variables)
        self.process.wait_ready(self.is_ready)

    def is_ready(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def send(self, id, event, key=None, timestamp=None):
        body = json.dumps(event).encode()
        timestamp = int(timestamp or time.time())
        digest = hmac.digest(key or self.key, f"{id}.{timestamp}.".encode() + body, "sha256")
        headers = headers_of(id, timestamp, "v1," + base64.b64encode(digest).decode())
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status
        except urllib.error.HTTPError as error:
            return error.code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()

    def kept(self):
        if not self.file.exists():
            return []
        if self.process.name.endswith(".mjs"):
            return [(line["id"], line["event"]) for line in map(json.loads, self.file.read_text().splitlines())]
        with sqlite3.connect(self.file, timeout=30) as db:
            if not db.execute("SELECT 1 FROM sqlite_master").fetchone():
                return []
            rows = db.execute("SELECT id, event FROM events ORDER BY rowid").fetchall()
        return [(id, json.loads(event)) for id, event in rows]


@pytest.mark.parametrize("name", COMMANDS)
def test_WH_13_each_webhook_is_kept_once(tmp_path, name):
    with Receiver(name, tmp_path) as receiver:
        one, two = {"type": "user.created", "data": {"name": "\u2603"}}, {"type": "user.deleted", "data": {}}
        assert [receiver.send("evt-1", one) for _ in range(3)] == [204] * 3
        assert receiver.send("evt-2", two) == 204
        assert receiver.send("evt-3", two, key=b"x" * 32) == 400
        assert receiver.send("evt-4", two, timestamp=time.time() - 1000) == 400
        assert receiver.kept() == [("evt-1", one), ("evt-2", two)]


@pytest.mark.parametrize("name", COMMANDS)
def test_WH_13_what_is_sent_is_taken_also_while_the_secret_is_being_replaced(rollcall, tmp_path, name):
    port, admin = free_port(), rollcall.new_environment()
    org = rollcall.new_organization(admin)
    webhook = admin.post("/v1/webhooks", {"url": f"http://127.0.0.1:{port}/", "types": ["user.*"]}, expect=201)
    with Receiver(name, tmp_path, port, webhook["secret"]) as receiver:
        one = org.scim.new_user("one")["id"]
        until(lambda: receiver.kept(), "the first has come")
        admin.post(f"/v1/webhooks/{webhook['id']}/rotate-secret", {}, expect=200)
        two = org.scim.new_user("two")["id"]
        until(lambda: len(receiver.kept()) == 2, "the second has come, though the receiver has the old secret")
        events = admin.get("/v1/events?types=user.*", expect=200)["events"]
        assert [event["data"]["user"]["id"] for event in events] == [one, two]
        told = [{member: event[member] for member in event if member != "cursor"} for event in events]
        assert receiver.kept() == [(event["id"], event) for event in told], "as the feed tells it"
