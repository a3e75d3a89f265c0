"""The commands of docs/webhooks.md work as they stand there, one after another, and print what the page says."""

import os
import re
import shutil
import subprocess

from harness.database import ROOT
from harness.process import free_port

PAGE = (ROOT / "docs" / "webhooks.md").read_text()


def test_WH_13_the_page_registers_receives_verifies_and_sends_again(rollcall, tmp_path):
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE))
    script = script.replace("admin=http://127.0.0.1:8081", f"admin={rollcall.admin_url}")
    port = str(free_port())
    script = script.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("receiver.py 8000", f"receiver.py {port}")
    shutil.copy(ROOT / "docs" / "clients" / "receiver.py", tmp_path)
    variables = {**os.environ, "ADMIN_KEY": rollcall.new_environment().key}
    whole = f"trap 'kill $(jobs -p)' EXIT\n{script}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", whole], env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    printed = done.stdout.splitlines()
    for promised in re.findall(r"^prints `([^`]*)`", PAGE, re.MULTILINE):
        pattern = re.escape(promised).replace("…", '[^"]+')
        assert any(re.fullmatch(pattern, line) for line in printed), f"{promised} is not in {done.stdout}"
    assert '["active",0]' in printed and any(line.startswith("rpl-") for line in printed)
    assert "whsec_" in printed
