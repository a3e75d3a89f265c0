"""A whole Rollcall: a private MariaDB, rollcall-server, rollcall-admin, and what a vendor would make in it."""

import contextlib
import json
import os
import secrets
import subprocess
import urllib.error
import urllib.request
import uuid
from pathlib import Path

from . import sanitizers
from .admin import Admin
from .database import ROOT, Database
from .process import Process, free_port, tail
from .scim import Scim

SERVER_ROLE = "rollcall_data"
ADMIN_ROLE = "rollcall_control"
RECEIVERS = ["--webhook-allow", "127.0.0.0/8,::1,localhost", "--webhook-allow-http", "1"]  # where those of tests are


def build_directory():
    return Path(os.environ.get("ROLLCALL_BUILD", ROOT / "build" / "asan")).resolve()


class Organization:
    """A customer with its primary directory and a token: what a vendor hands to an IT admin."""

    def __init__(self, rollcall, created, external_id):
        self.rollcall = rollcall
        self.id = created["organization"]["id"]
        self.external_id = external_id
        self.directory_id = created["directory"]["id"]
        self.connector_url = created["connector_url"]
        self.token = created["token"]
        self.scim = self.client()

    def client(self, *headers, suffix="", server=None):
        """As another identity provider, or through another server."""
        url = self.connector_url
        if server is not None:
            url = server.url + url[url.index("/orgs/") :]
        return Scim(url, self.token, headers, suffix)

    def set_rules(self, policy=None, catalog=None, directory_id=None, expect=0):
        """Gives the directory another policy, another catalog (dicts, see docs/internals/rules.md), or both. Every server
        obeys from its next request on. expect=2: they are refused; returns why."""
        return self.rollcall.set_rules(directory_id or self.directory_id, policy, catalog, expect)


class Server:
    """One rollcall-server process."""

    def __init__(self, rollcall, name, options=(), database_socket=None):
        self.rollcall = rollcall
        self.name = name
        self.options = list(options)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database_socket = database_socket
        self.process = None

    def start(self, wait=True):
        self.process = self.rollcall.spawn(
            self.name,
            "server/rollcall-server",
            ["--listen", f"127.0.0.1:{self.port}", "--database-url", self._database_url(), *self.options],
            "server",
        )
        if wait:
            self.wait_ready()

    def _database_url(self):
        return self.rollcall.database.url("rollcall_server", self.database_socket)

    def is_ready(self):
        return answers(f"{self.url}/readyz")

    def wait_ready(self):
        self.process.wait_ready(self.is_ready)

    def stop(self):
        status = self.process.stop()
        assert status == 0, f"{self.name} ended with {status}:\n{tail(self.process.log)}"

    def kill(self):
        self.process.kill()

    def restart(self):
        self.stop()
        self.start()


class Rollcall:
    def __init__(self, directory, server_options=(), database_options=(), relay=None, admin_options=()):
        """relay: makes, from the socket of MariaDB, the socket that the first server is to use instead."""
        self.directory = Path(directory)
        self.logs = self.directory / "log"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.build = build_directory()
        self.database = Database(self.directory / "mariadb", database_options)
        self.server_options = list(server_options)
        self.admin_options = list(admin_options)
        self.relay = relay
        self.servers = []
        self.processes = []
        self.admin_port = free_port()
        self.admin_url = f"http://127.0.0.1:{self.admin_port}"
        self.server = self.admin_process = self.operator = self.admin = None

    def start(self):
        self.database.start()
        self.database.create()
        self._make_secrets()
        self.rollcall_admin("migrate", url=self.database.url("root"))
        for account, role in (("rollcall_server", SERVER_ROLE), ("rollcall_admin", ADMIN_ROLE)):
            self.database.create_account(account, self._password(account), role)
        key = self.rollcall_admin("operator-key").strip().splitlines()[-1]
        self.server = self.another_server(database_socket=self.relay and self.relay(self.database.socket))
        self._start_admin()
        self.operator = Admin(self.admin_url, key)
        self.admin = self.new_environment()

    def _make_secrets(self):
        self.pepper = self.directory / "pepper"
        self.rollcall_admin("pepper", url=None)
        for account in ("rollcall_server", "rollcall_admin"):
            file = self._password_file(account)
            file.touch(mode=0o600)
            file.write_text(secrets.token_hex(24))

    def _password_file(self, account):
        return self.directory / f"{account}.password"

    def _password(self, account):
        return self._password_file(account).read_text()

    def _environment(self, account):
        variables = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        variables.update(sanitizers.environment(self.logs))
        variables["ROLLCALL_PEPPER_FILE"] = str(self.pepper)
        if account:
            variables["ROLLCALL_DATABASE_PASSWORD_FILE"] = str(self._password_file(account))
        return variables

    def rollcall_admin(self, *arguments, url="default"):
        """Runs `rollcall-admin …` to its end and returns what it printed."""
        if url == "default":
            url = self.database.url("rollcall_admin")
        account = "rollcall_admin" if url and "rollcall_admin@" in url else None
        variables = self._environment(account)
        if url:
            variables["ROLLCALL_DATABASE_URL"] = url
        command = [self.build / "admin-api" / "rollcall-admin", *arguments]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f"rollcall-admin {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def spawn(self, name, executable, options, role):
        # what tests send wrong on purpose comes from one address: tests of the guard give a number of their own, later
        command = [self.build / executable, "--auth-failures", "0", *options, "--access-log", self.logs / f"{name}.access.log"]
        log = self.logs / f"{name}.log"
        process = Process(name, [str(word) for word in command], log, self._environment(f"rollcall_{role}"))
        self.processes.append(process)
        return process

    def another_server(self, *options, database_socket=None):
        """One more rollcall-server on the same database, ready to be used."""
        name = f"server-{len(self.servers) + 1}"
        server = Server(self, name, [*self.server_options, *options], database_socket)
        self.servers.append(server)
        server.start()
        return server

    def _start_admin(self):
        options = ["--listen", f"127.0.0.1:{self.admin_port}", "--public-url", self.server.url]
        options += RECEIVERS
        options += ["--database-url", self.database.url("rollcall_admin"), *self.admin_options]
        self.admin_process = self.spawn("admin", "admin-api/rollcall-admin", options, "admin")
        self.admin_process.wait_ready(lambda: answers(f"{self.admin_url}/readyz"))

    def another_admin(self, *options):
        """One more rollcall-admin on the same database: its process and its URL, ready to be used."""
        port = free_port()
        name = f"admin-{1 + sum(process.name.startswith('admin') for process in self.processes)}"
        options = ["--listen", f"127.0.0.1:{port}", "--public-url", self.server.url, *RECEIVERS, *self.admin_options, *options]
        options += ["--database-url", self.database.url("rollcall_admin")]
        process = self.spawn(name, "admin-api/rollcall-admin", options, "admin")
        process.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        return process, f"http://127.0.0.1:{port}"

    def server_metrics(self):
        """What the first server says of itself, as Prometheus reads it."""
        with urllib.request.urlopen(f"{self.server.url}/metrics", timeout=30) as response:
            return response.read().decode()

    def new_environment(self):
        """A client that holds the key of a fresh environment."""
        environment = self.operator.post("/v1/environments", {"name": f"env {uuid.uuid4()}"}, expect=201)
        key = self.operator.post(f"/v1/environments/{environment['id']}/keys", {"label": "tests"}, expect=201)
        return self.operator.with_key(key["key"])

    def new_organization(self, admin=None, **attributes):
        external_id = f"customer-{uuid.uuid4()}"
        wanted = {"display_name": "Example", "external_id": external_id, **attributes}
        return Organization(self, (admin or self.admin).post("/v1/organizations", wanted, expect=201), external_id)

    @staticmethod
    def id_bytes(prefixed):
        return id_bytes(prefixed)

    def set_rules(self, directory_id, policy=None, catalog=None, expect=0):
        """directory_id as the admin API shows it. What is None stays as it is. expect=2: they are refused; returns why."""
        command = [self.build / "tests" / "rules_driver", directory_id]
        texts = {"policy": policy, "catalog": catalog}
        command += [f"{name}={json.dumps(text)}" for name, text in texts.items() if text is not None]
        variables = {**self._environment(None), "ROLLCALL_DATABASE_URL": self.database.url("root")}
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)
        assert done.returncode == expect, done.stderr
        return done.stderr.strip()

    def act_inside(self, organization, *ops, cause=2, actor=None, commit=True, expect=0):
        """Acts on the organization's directory as jobs of the admin API do. Returns what came of each op, or why nothing
        was done (expect=2)."""
        request = {"directory": organization.directory_id, "organization": organization.id, "cause": cause}
        request |= {"actor": str(actor or uuid.uuid4()), "commit": commit, "ops": list(ops)}
        variables = {**self._environment(None), "ROLLCALL_DATABASE_URL": self.database.url("root")}
        command = [self.build / "tests" / "inside_driver"]
        done = subprocess.run(
            command, input=json.dumps(request), env=variables, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == expect, done.stderr
        return json.loads(done.stdout) if expect == 0 else done.stderr.strip()

    def ensure_running(self):
        """Brings back what a test before this one let crash, so that one crash is one failure. The admin clients are
        shared, too: their connections may have been idle for longer than the server keeps such."""
        for client in (self.operator, self.admin):
            client.wire.close()
        for process, start in ((self.server.process, self.server.start), (self.admin_process, self._start_admin)):
            if not process.running:
                start()

    def crashes(self):
        """Processes that ended although nobody asked them to, and what the sanitizers wrote."""
        ended = [p for p in self.processes if not p.running and not p.expected_to_end]
        found = [f"{p.name} ended with {p.child.returncode}:\n{tail(p.log)}" for p in ended]
        return found + [f"{name}:\n{text}" for name, text in sanitizers.reports(self.logs).items()]

    def log_tails(self):
        return "\n".join(f"--- {file.name}\n{tail(file, 15)}" for file in sorted(self.logs.glob("*")))

    def stop(self):
        with contextlib.ExitStack() as stack:
            stack.callback(self.database.stop)
            for process in self.processes:
                if process.running:
                    stack.callback(self._stop_process, process)

    @staticmethod
    def _stop_process(process):
        status = process.stop()
        assert status == 0, f"{process.name} ended with {status}:\n{tail(process.log)}"


def id_bytes(prefixed):
    """The sixteen bytes of an id such as dir-01j…, as the database holds it."""
    number = 0
    for character in prefixed.split("-", 1)[1]:
        number = number * 32 + "0123456789abcdefghjkmnpqrstvwxyz".index(character)
    return number.to_bytes(16, "big")


def answers(url):
    """True when a GET is answered 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
