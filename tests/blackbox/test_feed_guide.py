"""The commands of docs/feed.md work as they stand there."""

import json
import os
import re
import subprocess

from harness.database import ROOT
from harness.events import follow

PAGE = (ROOT / "docs" / "feed.md").read_text()


def test_the_commands_of_the_page_work(rollcall, tmp_path):
    admin = rollcall.new_environment()
    organization = rollcall.new_organization(admin)
    user = organization.scim.new_user("grace")
    organization.scim.new_group("staff", [user["id"]])
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
    script = script.replace("admin=http://127.0.0.1:8081", f"admin={rollcall.admin_url}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "key": admin.key},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    events, _ = follow(admin)
    printed = done.stdout.splitlines()
    assert [line for line in printed if line.startswith("[")] == [
        json.dumps([event["type"], event["timestamp"]], separators=(",", ":")) for event in events[2:]
    ]
    stream = (tmp_path / "stream.txt").read_text()
    assert re.findall("^event: (.*)", stream, re.MULTILINE) == [event["type"] for event in events[2:]]
    assert (tmp_path / "last-id").read_text().strip() == events[-1]["cursor"]
    assert "      1 user.created" in printed and printed[-1] == "2", done.stdout
    organization.scim.close()
    admin.wire.close()
