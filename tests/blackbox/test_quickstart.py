"""deploy/quickstart and what the README tells people to type."""

import contextlib
import json
import random
import re
import socket
import subprocess

import pytest

from harness.database import ROOT
from harness.scim import Scim

pytestmark = pytest.mark.slow

QUICKSTART = ROOT / "deploy" / "quickstart"
TIMEOUT_SECONDS = 900  # the first run may build


def quickstart(prefix, *options, succeeds=True):
    command = [QUICKSTART, "--prefix", prefix, *options]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT_SECONDS)
    assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
    return done


def two_free_ports():
    """A pair below the ports that the system itself gives to connections and to the other tests' servers."""
    while True:
        port = random.randrange(20000, 32000, 2)
        with contextlib.ExitStack() as probes:
            try:
                for number in (port, port + 1):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", number))
            except OSError:
                continue
            return port


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("quickstart") / "prefix"
    port = two_free_ports()
    first = quickstart(prefix, "--json", "--port", str(port))
    yield prefix, port, json.loads(first.stdout.splitlines()[-1]), first
    quickstart(prefix, "--reset")
    assert not prefix.exists()


def test_the_last_line_is_json_with_everything_one_needs(installed):
    prefix, port, printed, first = installed
    assert set(printed) == {"connector_url", "token", "admin_url", "admin_key", "organization_id"}
    assert printed["connector_url"] == f"http://127.0.0.1:{port}/orgs/{printed['organization_id']}/scim/v2"
    assert printed["admin_url"] == f"http://127.0.0.1:{port + 1}"
    assert printed["token"].startswith("scimt_") and printed["admin_key"].startswith("scima_")
    scim = Scim(printed["connector_url"], printed["token"])
    user = scim.new_user("quick@example.com")
    scim.delete(f"/Users/{user['id']}", expect=204)


def test_again_it_resumes_and_prints_all_but_the_token(installed):
    prefix, port, printed, _ = installed
    again = quickstart(prefix, "--json")
    assert json.loads(again.stdout.splitlines()[-1]) == {**printed, "token": None}
    assert "rotate" in again.stderr
    words = quickstart(prefix).stdout
    for value in (printed["connector_url"], printed["admin_url"], printed["admin_key"]):
        assert value in words
    assert printed["token"] not in words


def test_it_stops_twice_and_starts_again_with_its_data(installed):
    prefix, port, printed, _ = installed
    scim = Scim(printed["connector_url"], printed["token"])
    user = scim.new_user("stays@example.com")
    quickstart(prefix, "--stop")
    assert not listening(port) and not listening(port + 1)
    quickstart(prefix, "--stop")
    quickstart(prefix)
    scim.close()
    scim.get(f"/Users/{user['id']}", expect=200)
    scim.delete(f"/Users/{user['id']}", expect=204)


def test_another_port_moves_it(installed):
    prefix, port, printed, _ = installed
    other = two_free_ports()
    moved = json.loads(quickstart(prefix, "--json", "--port", str(other)).stdout.splitlines()[-1])
    assert not listening(port)
    assert moved["connector_url"] == printed["connector_url"].replace(str(port), str(other))
    Scim(moved["connector_url"], printed["token"]).get("/Users", expect=200)
    quickstart(prefix, "--port", str(port))


def test_secrets_are_the_owners_alone(installed):
    prefix, _, printed, _ = installed
    assert (prefix / "secrets").stat().st_mode & 0o077 == 0
    for file in (prefix / "secrets").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
    for file in (prefix / "log").iterdir():
        text = file.read_text(errors="replace")
        assert printed["token"] not in text and printed["admin_key"] not in text, file


def test_a_port_in_use_is_said_clearly(tmp_path):
    port = two_free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        refused = quickstart(tmp_path / "p", "--port", str(port), succeeds=False)
    assert f"port {port} is in use" in refused.stderr
    quickstart(tmp_path / "p", "--reset")


def test_a_directory_of_someone_else_is_never_touched(tmp_path):
    (tmp_path / "precious").write_text("x")
    for options in ((), ("--reset",), ("--stop",)):
        assert str(tmp_path) in quickstart(tmp_path, *options, succeeds=False).stderr
    assert (tmp_path / "precious").read_text() == "x"


def test_a_long_prefix_works(tmp_path):
    prefix = tmp_path / ("long" * 20) / ("path" * 20)
    quickstart(prefix, "--port", str(two_free_ports()))
    quickstart(prefix, "--reset")
    assert not prefix.exists()


def test_nonsense_is_refused(tmp_path):
    for options in (("--port", "0"), ("--port", "65535"), ("--port", "x"), ("--nonsense",), ("--port",)):
        quickstart(tmp_path / "p", *options, succeeds=False)
    assert "--prefix DIR" in quickstart(tmp_path / "p", "--help").stdout
    assert not (tmp_path / "p" / "mariadb").exists()


MARKED_BLOCK = re.compile(r"<!-- tested: (\w+) -->\n```sh\n(.*?)```", re.DOTALL)


def test_the_commands_of_the_readme_work(installed):
    """Each marked block as it stands, in one shell; only prefix and port are put in."""
    prefix, port, printed, _ = installed
    blocks = dict(MARKED_BLOCK.findall((ROOT / "README.md").read_text()))
    assert set(blocks) == {"start", "variables", "create", "read", "follow", "stop"}
    assert blocks["start"].strip() == "deploy/quickstart"

    variables = re.sub(r"(?m)^(\w+)=.*$", lambda line: f"{line[1]}={shell_value(line[1], printed)}", blocks["variables"])
    line = "echo; echo ====="
    commands = (variables, blocks["create"], line, blocks["read"], line, blocks["follow"])
    script = "set -euo pipefail\n" + "\n".join(commands)
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    created, read, follow = (json.loads(part) for part in done.stdout.split("====="))
    assert created["userName"] == "ada@example.com"
    assert [user["userName"] for user in read["users"]] == ["ada@example.com"]
    assert read["users"][0]["id"] == created["id"]
    told = follow["events"][-1]  # other tests have written before
    assert (told["type"], told["data"]["user"]["id"]) == ("user.created", created["id"])
    assert blocks["stop"].split() == ["deploy/quickstart", "--stop"]


def shell_value(name, printed):
    return "'" + printed[{"CONNECTOR_URL": "connector_url", "TOKEN": "token", "ADMIN_URL": "admin_url",
                          "ADMIN_KEY": "admin_key"}[name]] + "'"  # fmt: skip


def test_the_curl_lines_that_it_prints_work(installed, tmp_path):
    prefix, port, printed, _ = installed
    fresh = tmp_path / "fresh"
    words = quickstart(fresh, "--port", str(two_free_ports())).stdout
    try:
        commands = re.findall(r"^  (curl .*?)\n\n", words, re.DOTALL | re.MULTILINE)
        assert len(commands) == 2
        create, read = (subprocess.run(["bash", "-c", c], capture_output=True, text=True).stdout for c in commands)
        assert json.loads(create)["userName"] == "ada@example.com"
        assert "ada@example.com" in read
    finally:
        quickstart(fresh, "--reset")
