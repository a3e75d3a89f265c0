"""The commands of the pages about keys, setup links and the audit log work as they stand there."""

import os
import re
import subprocess

import pytest

from harness.database import ROOT
from harness.proxy import checking


def blocks(page, kind):
    return re.findall(rf"```{kind}\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)


@pytest.mark.parametrize(
    "page, said",
    [
        ("keys.md", ['"kind":"operator_key"', '"kind":"signing_key"', '"scopes":["read","manage"]']),
        ("setup-links.md", ['"display_name":"Initech"', '"idp":"okta"', '"token":"scimt_', '"state":"in_use"']),
        ("audit.md", ['"actor":"key-', "intact to "]),
    ],
)
def test_the_pages_commands_work(rollcall, tmp_path, page, said):
    admin = rollcall.new_environment()
    admin.post("/v1/organizations", {"display_name": "Acme"}, expect=201)
    environment = admin.get("/v1/key", expect=200)["environment"]["id"]
    variables = rollcall._environment("rollcall_admin")
    variables["ROLLCALL_DATABASE_URL"] = rollcall.database.url("rollcall_admin")
    variables["PATH"] = f"{rollcall.build / 'admin-api'}:{os.environ['PATH']}"
    variables |= {"operator": rollcall.operator.key, "key": admin.key, "environment": environment}
    for program in blocks(page, "python"):
        (tmp_path / "check.py").write_text(program)
    script = "\n".join(blocks(page, "sh")).replace("curl -s", "curl -sS --fail-with-body")
    script = script.replace('"$admin" "$now"', f'"{rollcall.admin_url}" "$now"')  # the audience, whatever stands between
    # Other tests tamper with chains: that of this environment is intact, whatever the command says of theirs.
    script = script.replace("rollcall-admin audit-verify", "(rollcall-admin audit-verify || [ $? = 3 ]) | grep $environment")
    with checking(rollcall.admin_url) as variables["admin"]:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], env=variables, cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stdout + done.stderr
    for text in said:
        assert text in done.stdout, done.stdout
    if page == "audit.md":
        hashes = re.findall(r"(?:intact to |^|, )([0-9a-f]{64})$", done.stdout, re.MULTILINE)
        assert len(hashes) == 3 and len(set(hashes)) == 1, "check.py, the API and the command agree"
