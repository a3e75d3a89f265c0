"""The data set and the processes that are measured: a private MariaDB, rollcall-server, rollcall-admin, the bare handler."""

import hashlib
import os
import secrets
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "build" / "release"
TOOLS = ROOT / "build" / "bench" / "tools"
DATABASE = "rollcall"
DATABASE_OPTIONS = [
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-buffer-pool-size=2G",
    "--innodb-log-file-size=1G",
    "--max-connections=300",
]
START_SECONDS = 60
STOP_SECONDS = 60
LOAD_SECONDS = 1800


class Failure(Exception):
    """What went wrong, in words for whoever runs the benchmark."""


def say(text):
    print(text, flush=True)


def run(*command, seconds=120, stdin=None, env=None):
    """Runs a program to its end and returns what it printed."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(words, input=stdin, env=env, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failure(f"{words[0]} has not ended after {seconds} s") from None
    if done.returncode != 0:
        raise Failure(f"{' '.join(words[:4])} failed:\n{(done.stderr + done.stdout)[-2000:]}")
    return done.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MariaDB:
    """deploy/private-mariadb in a directory."""

    script = ROOT / "deploy" / "private-mariadb"

    def __init__(self, directory):
        self.directory = directory
        self.socket = None

    def start(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.socket = run(self.script, "start", self.directory, *DATABASE_OPTIONS).strip()

    def stop(self):
        if self.directory.is_dir():
            run(self.script, "stop", self.directory)

    def sql(self, text, database=None):
        options = ["--batch", "--skip-column-names", *([database] if database else [])]
        return run(self.script, "client", self.directory, *options, stdin=text, seconds=600)

    def url(self, account):
        return f"mariadb://{account}@localhost/{DATABASE}?socket={self.socket}"

    @property
    def pid(self):
        return int((self.directory / "run" / "pid").read_text())


class DataSet:
    """What is loaded once and copied for each run, so that each begins with the same."""

    def __init__(self, directory, users, organizations, users_each):
        self.directory = directory
        self.sizes = [str(users), str(organizations), str(users_each)]
        self.users = users
        self.database = MariaDB(directory / "mariadb")
        self.pepper = directory / "pepper"
        self.data = directory / "data"

    def ensure(self, fresh):
        key = self._key()
        kept = self.directory / "key"
        if not fresh and kept.is_file() and kept.read_text() == key:
            return
        say(f"Loading {self.sizes[0]} users in one organization and {self.sizes[2]} in each of {self.sizes[1]} more")
        shutil.rmtree(self.directory, ignore_errors=True)
        self.data.mkdir(parents=True)
        began = time.monotonic()
        try:
            self._fill()
        finally:
            self.database.stop()
        kept.write_text(key)
        say(f"Loaded in {time.monotonic() - began:.0f} s")

    def _key(self):
        """Everything that decides what the loader writes."""
        digest = hashlib.sha256(" ".join(self.sizes).encode())
        here = Path(__file__).parent
        patterns = [(ROOT / "migrations", "*.sql"), (ROOT / "server/scim", "*"), (here, "load*"), (here, "users.*")]
        for directory, pattern in patterns:
            for file in sorted(directory.glob(pattern)):
                digest.update(file.name.encode() + file.read_bytes())
        return digest.hexdigest()

    def _fill(self):
        self.database.start()
        self.database.sql(f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
        environment = {**os.environ, "ROLLCALL_DATABASE_URL": self.database.url("root"), "ROLLCALL_PEPPER_FILE": str(self.pepper)}
        run(RELEASE / "admin-api" / "rollcall-admin", "migrate", env=environment)
        run(RELEASE / "admin-api" / "rollcall-admin", "pepper", env=environment)
        url = self.database.url("root")
        run(TOOLS / "load", url, self.pepper, self.data, *self.sizes, seconds=LOAD_SECONDS)

    def copy_database(self, directory):
        """A database of the run's own. The copy shares its blocks with the original where the file system can."""
        directory.mkdir(parents=True)
        run("cp", "-a", "--reflink=auto", self.database.directory / "data", directory, seconds=600)
        run("sync", "-f", directory, seconds=600)  # not while the first turn is measured


class Process:
    """A program that runs until it is stopped."""

    def __init__(self, name, command, log, env=None):
        self.name = name
        self.log = log
        with open(log, "ab") as output:
            self.child = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=env
            )

    @property
    def pid(self):
        return self.child.pid

    def wait_ready(self, ready):
        deadline = time.monotonic() + START_SECONDS
        while not ready():
            if self.child.poll() is not None:
                raise Failure(f"{self.name} ended: {self.tail()}")
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} is not ready: {self.tail()}")
            time.sleep(0.05)

    def tail(self):
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
        try:
            self.child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def status(self, field):
        """A number of /proc/PID/status, in MB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
        raise Failure(f"{self.name} has no {field}")

    def forget_peak(self):
        """VmHWM begins again at what is used now."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


class Stack:
    """A database with the data set, and the executables on it."""

    def __init__(self, directory, data_set, cleanup):
        self.directory = directory
        self.data_set = data_set
        self.cleanup = cleanup
        self.database = MariaDB(directory / "mariadb")
        self.server = self.admin = self.hello = None
        self.server_port = self.hello_port = self.admin_port = 0

    def start(self, admin_options=()):
        say("Copying the data and starting")
        self.data_set.copy_database(self.database.directory)
        self.cleanup.callback(self.database.stop)
        self.database.start()
        self._make_account("rollcall_server", f"{DATABASE}_data")
        self._make_account("rollcall_admin", f"{DATABASE}_control")
        self._warm()
        self.server_port, self.server = self.start_server("server")
        self._start_admin(*admin_options)
        self.hello_port = free_port()
        self.hello = self._spawn("hello", [TOOLS / "hello", self.hello_port, os.cpu_count()])
        self.hello.wait_ready(lambda: accepts(self.hello_port))

    def _make_account(self, account, role):
        password = secrets.token_hex(24)
        file = self.directory / f"{account}.password"
        file.touch(mode=0o600)
        file.write_text(password)
        self.database.sql(
            f"CREATE USER `{account}`@localhost IDENTIFIED BY '{password}'; GRANT `{role}` TO `{account}`@localhost; "
            f"SET DEFAULT ROLE `{role}` FOR `{account}`@localhost"
        )

    def _warm(self):
        """Everything is in memory from the start, as it is in a server that has run for a while."""
        for table in ("resource", "attribute_value", "membership", "`change`"):
            self.database.sql(f"SELECT COUNT(*) FROM {table}", DATABASE)
        self.database.sql("SELECT SUM(LENGTH(document)) FROM resource", DATABASE)
        self.database.sql("SELECT COUNT(*) FROM resource FORCE INDEX (unique_key)", DATABASE)

    def _spawn(self, name, command, env=None):
        process = Process(name, command, self.directory / f"{name}.log", env)
        self.cleanup.callback(process.stop)
        return process

    def _environment(self, account):
        variables = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        variables["ROLLCALL_PEPPER_FILE"] = str(self.data_set.pepper)
        variables["ROLLCALL_DATABASE_URL"] = self.database.url(account)
        variables["ROLLCALL_DATABASE_PASSWORD_FILE"] = str(self.directory / f"{account}.password")
        return variables

    def start_server(self, name, *options, build=RELEASE):
        """Defaults everywhere, so no access log."""
        port = free_port()
        command = [build / "server" / "rollcall-server", "--listen", f"127.0.0.1:{port}", *options]
        process = self._spawn(name, command, self._environment("rollcall_server"))
        process.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
        return port, process

    def operator_key(self):
        command = [RELEASE / "admin-api" / "rollcall-admin", "operator-key", "--another"]
        return run(*command, env={**os.environ, **self._environment("rollcall_admin")}).split()[-1]

    def _start_admin(self, *options):
        port = self.admin_port = free_port()
        command = [RELEASE / "admin-api" / "rollcall-admin", "--listen", f"127.0.0.1:{port}", *options]
        self.admin = self._spawn("admin", command, self._environment("rollcall_admin"))
        self.admin.wait_ready(lambda: answers(f"http://127.0.0.1:{port}/readyz"))

    def ensure_alive(self):
        for process in (self.server, self.admin, self.hello):
            if process.child.poll() is not None:
                raise Failure(f"{process.name} ended with {process.child.returncode}: {process.tail()}")


def accepts(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False
