"""The commands of docs/admin-api.md, and of the page that goes on from it, work as they stand there."""

import os
import re
import subprocess

from harness.database import ROOT
from harness.proxy import checking


def test_the_guides_commands_work(rollcall, tmp_path):
    guide = "".join((ROOT / "docs" / page).read_text() for page in ("admin-api.md", "reading.md", "existing-users.md"))
    script = "\n".join(re.findall(r"```sh\n(.*?)```", guide, re.DOTALL))
    script = script.replace("admin=http://127.0.0.1:8081", "admin=$ADMIN_URL")
    script = script.replace("rollcall-admin operator-key", "rollcall-admin operator-key --another")
    script = script.replace("curl -s", "curl -sS --fail-with-body")
    variables = rollcall._environment("rollcall_admin")
    variables["ROLLCALL_DATABASE_URL"] = rollcall.database.url("rollcall_admin")
    variables["PATH"] = f"{rollcall.build / 'admin-api'}:{os.environ['PATH']}"
    with checking(rollcall.admin_url) as variables["ADMIN_URL"]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"connector_url"' in done.stdout and '"users":[]' in done.stdout and '"token":"scimt_' in done.stdout
    assert '"type":"end"' in done.stdout
