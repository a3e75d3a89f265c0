"""The commands of docs/feed.md and docs/snapshot.md work as they stand there."""

import json
import os
import re
import subprocess

from harness.database import ROOT
from harness.events import follow


def run(page, rollcall, key, folder):
    text = (ROOT / "docs" / page).read_text()
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    script = script.replace("admin=http://127.0.0.1:8081", f"admin={rollcall.admin_url}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "ADMIN_KEY": key},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_the_commands_of_the_page_work(rollcall, tmp_path):
    admin = rollcall.new_environment()
    organization = rollcall.new_organization(admin)
    user = organization.scim.new_user("grace")
    organization.scim.new_group("staff", [user["id"]])
    printed = run("feed.md", rollcall, admin.key, tmp_path)
    events, _ = follow(admin)
    assert [line for line in printed if line.startswith("[")] == [
        json.dumps([event["type"], event["timestamp"]], separators=(",", ":")) for event in events[2:]
    ]
    stream = (tmp_path / "stream.txt").read_text()
    assert re.findall("^event: (.*)", stream, re.MULTILINE) == [event["type"] for event in events[2:]]
    assert (tmp_path / "last-id").read_text().strip() == events[-1]["cursor"]
    assert "      1 user.created" in printed and printed[-1] == "2", printed
    organization.scim.close()
    admin.wire.close()


def test_the_command_of_the_snapshots_page_gives_a_cursor(rollcall, tmp_path):
    admin = rollcall.new_environment()
    admin.post("/v1/organizations", {"display_name": "Acme", "external_id": "4711"}, expect=201)
    (cursor,) = run("snapshot.md", rollcall, admin.key, tmp_path)
    assert admin.get(f"/v1/events?cursor={cursor}", expect=200)["events"] == []
    admin.wire.close()
