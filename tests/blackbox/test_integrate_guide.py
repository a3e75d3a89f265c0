"""The commands of docs/integrate.md work as they stand there, one after another, and print what the page says."""

import json
import os
import re
import shutil
import sqlite3
import subprocess

from harness.database import ROOT
from harness.process import free_port

PAGE = (ROOT / "docs" / "integrate.md").read_text()


def test_the_page_takes_a_vendor_from_nothing_to_users_in_step(rollcall, tmp_path):
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
    script = script.replace("admin=http://127.0.0.1:8081", f"admin={rollcall.admin_url}")
    script = script.replace("8000", str(free_port()))
    shutil.copy(ROOT / "docs" / "clients" / "receiver.py", tmp_path)
    variables = {**os.environ, "ADMIN_KEY": rollcall.new_environment().key}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout.splitlines()
    for promised in re.findall(r"^prints `([^`]*)`", PAGE, re.MULTILINE):
        pattern = re.escape(promised).replace("…", "[^\"]+")
        assert any(re.fullmatch(pattern, line) for line in printed), f"{promised} is not in {done.stdout}"
    assert "developer" in printed  # at sign-in
    assert any("token.rotated" in line for line in printed)
    with sqlite3.connect(tmp_path / "webhooks.db") as received:
        types = {type for (type,) in received.execute("SELECT type FROM events")}
    assert types >= {"webhook.ping", "user.deactivated"}
    users = json.loads((tmp_path / "users.json").read_text())
    assert [user["email"] for user in users.values()] == ["grace@acme.example"]
