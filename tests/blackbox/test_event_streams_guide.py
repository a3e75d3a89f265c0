"""The commands of docs/event-streams.md work as they stand there."""

import json
import os
import re
import subprocess

from harness.database import ROOT

PAGE = (ROOT / "docs" / "event-streams.md").read_text()
EVENT = "urn:ietf:params:scim:event:"


def test_the_commands_of_the_page_work(rollcall, tmp_path):
    admin = rollcall.new_environment()
    organization = rollcall.new_organization(admin)
    user = organization.scim.new_user("grace")
    group = organization.scim.new_group("staff", [user["id"]])
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
    script = script.replace("admin=http://127.0.0.1:8081", f"admin={rollcall.admin_url}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**os.environ, "ADMIN_KEY": admin.key},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (key,) = [key for key in admin.get("/v1/event-keys")["event_keys"] if key["state"] == "retiring"]
    assert done.stdout.splitlines() == [
        "false",
        json.dumps([f"/Users/{user['id']}", f"{EVENT}feed:add"], separators=(",", ":")),
        json.dumps([f"/Groups/{group['id']}", f"{EVENT}feed:add"], separators=(",", ":")),
        f"{key['id']}\tES256",
        "waiting",
    ]
    organization.scim.close()
    admin.wire.close()


def test_the_page_names_each_event_that_there_is(rollcall, org):
    for uri in org.scim.get("/ServiceProviderConfig", expect=200)["securityEvents"]["eventUris"]:
        name = uri.removeprefix(EVENT).removesuffix(":full").removesuffix(":notice")
        assert f"`{name}`" in PAGE, name
