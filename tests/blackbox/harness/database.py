"""The private MariaDB of a test run, started by the same script that deploy/quickstart uses."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path

import pymysql

from .wait import until

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "deploy" / "private-mariadb"


class Database:
    name = "rollcall"

    def __init__(self, directory, options=()):
        self.directory = Path(directory)
        self.options = list(options)
        self.socket = None

    def start(self):
        command = [SCRIPT, "start", self.directory, "--innodb-buffer-pool-size=64M", *self.options]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        self.socket = done.stdout.strip()

    def stop(self):
        subprocess.run([SCRIPT, "stop", self.directory], check=True)

    @property
    def pid(self):
        return int((self.directory / "run" / "pid").read_text())

    def kill(self):
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: not _alive(pid), "mariadbd is gone")

    @contextlib.contextmanager
    def frozen(self):
        """Hung, as a machine with a dying disk is: connections stay, nothing answers."""
        pid = self.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def connect(self, database=None):
        return pymysql.connect(
            unix_socket=self.socket, user="root", database=database, autocommit=True, charset="utf8mb4"
        )

    def query(self, statement, *parameters):
        """Rows of a statement, as the owner of everything: for looking behind the scenes."""
        with self.connect(self.name) as connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()

    def execute(self, statement, *parameters):
        """Changes rows behind everybody's back; returns how many."""
        with self.connect(self.name) as connection, connection.cursor() as cursor:
            return cursor.execute(statement, parameters)

    def create(self):
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS {self.name} CHARACTER SET utf8mb4")

    def create_account(self, account, password, role):
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE USER IF NOT EXISTS `{account}`@localhost IDENTIFIED BY %s", (password,))
            cursor.execute(f"GRANT `{role}` TO `{account}`@localhost")
            cursor.execute(f"SET DEFAULT ROLE `{role}` FOR `{account}`@localhost")

    def url(self, account, socket=None):
        return f"mariadb://{account}@localhost/{self.name}?socket={socket or self.socket}"


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
