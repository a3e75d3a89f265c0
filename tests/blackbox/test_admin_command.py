"""rollcall-admin on the command line."""

import os
import stat
import subprocess

import pytest

from harness.database import ROOT


@pytest.fixture
def run(build):
    def run(*arguments, **variables):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        command = [build / "admin-api" / "rollcall-admin", *arguments]
        return subprocess.run(command, env={**environment, **variables}, capture_output=True, text=True, timeout=60)

    return run


def test_help_names_every_command_and_setting(run):
    for flag in ("--help", "-h"):
        done = run(flag)
        assert done.returncode == 0 and done.stderr == ""
        for word in ("serve", "migrate", "pepper", "operator-key", "--database-url", "ROLLCALL_ADMIN_LISTEN"):
            assert word in done.stdout
    assert run("--version").stdout.startswith("rollcall-admin ")


def test_the_settings_page_is_up_to_date(run):
    page = (ROOT / "docs" / "settings.md").read_text()
    assert page == run("settings-markdown").stdout, "run: rollcall-admin settings-markdown >docs/settings.md"


@pytest.mark.parametrize(
    "arguments, hint",
    [
        (["--databse-url", "x"], "--database-url"),
        (["sreve"], "unknown command"),
        (["serve", "migrate"], "unknown command"),
        (["--max-body", "x"], "whole number"),
        (["--log-level", "loud"], "debug, info, warn or error"),
    ],
)
def test_wrong_use_is_explained(run, arguments, hint):
    done = run(*arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert hint in done.stderr


@pytest.mark.parametrize(
    "variables, hint",
    [
        ({}, "--database-url"),
        ({"ROLLCALL_DATABASE_URL": "mariadb://x@localhost/x"}, "--pepper-file"),
        ({"ROLLCALL_DATABASE_URL": "mariadb://x@localhost/x", "ROLLCALL_PEPPER_FILE": "/nowhere"}, "rollcall-admin pepper"),
        (
            {"ROLLCALL_DATABASE_URL": "mariadb://x@localhost/x", "ROLLCALL_PUBLIC_URL": "example.com"},
            "--pepper-file",
        ),
    ],
)
def test_serving_without_what_it_needs_says_so(run, variables, hint):
    done = run("serve", **variables)
    assert done.returncode == 1
    assert hint in done.stderr


def test_a_pepper_file_is_private_and_never_overwritten(run, tmp_path):
    file = tmp_path / "pepper"
    assert run("pepper", "--pepper-file", str(file)).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_text()
    assert run("pepper", ROLLCALL_PEPPER_FILE=str(file)).returncode == 1
    assert file.read_text() == before


def test_a_second_operator_key_must_be_asked_for(rollcall):
    with pytest.raises(AssertionError, match="--another"):
        rollcall.rollcall_admin("operator-key")
    key = rollcall.rollcall_admin("operator-key", "--another").strip()
    assert key.startswith("scimp_")
    rollcall.operator.with_key(key).get("/v1/environments", expect=200)
    rollcall.operator.get("/v1/environments", expect=200)


def test_migrating_again_changes_nothing(rollcall):
    rollcall.rollcall_admin("migrate", url=rollcall.database.url("root"))
    rollcall.admin.get("/v1/organizations", expect=200)
