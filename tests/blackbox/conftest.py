"""Fixtures of the black-box tests. ROLLCALL_BUILD names the build directory (build/asan unless set)."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness.rollcall import Rollcall, build_directory  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a few seconds")


@pytest.fixture(scope="session")
def build():
    directory = build_directory()
    for executable in ("server/rollcall-server", "admin-api/rollcall-admin"):
        if not (directory / executable).exists():
            pytest.exit(f"{directory / executable} is missing: build it, or set ROLLCALL_BUILD", returncode=3)
    return directory


@pytest.fixture(scope="session")
def make_rollcall(build, tmp_path_factory):
    """Starts a Rollcall of its own for tests that kill, freeze or fill something. Stopped at the end of the test run."""
    started = []

    def make(**options):
        rollcall = Rollcall(tmp_path_factory.mktemp("rollcall"), **options)
        started.append(rollcall)
        rollcall.start()
        return rollcall

    yield make
    failures = [failure for rollcall in started for failure in finish(rollcall)]
    assert not failures, "\n\n".join(failures)


@pytest.fixture(scope="session")
def shared_rollcall(make_rollcall):
    return make_rollcall()


@pytest.fixture
def rollcall(shared_rollcall):
    """The Rollcall that tests share: one MariaDB, one server, one admin."""
    shared_rollcall.ensure_running()
    return shared_rollcall


@pytest.fixture
def own_rollcall(make_rollcall):
    """A Rollcall that only this test uses, and may break."""
    rollcall = make_rollcall()
    yield rollcall
    failures = finish(rollcall)
    assert not failures, "\n\n".join(failures)


@pytest.fixture
def org(rollcall):
    """A fresh organization with connector_url, token and a client, org.scim."""
    organization = rollcall.new_organization()
    yield organization
    organization.scim.close()


@pytest.fixture
def scim(org):
    return org.scim


def finish(rollcall):
    """Stops everything once, and says what went wrong while it ran."""
    if getattr(rollcall, "finished", False):
        return []
    rollcall.finished = True
    failures = []
    try:
        rollcall.stop()
    except AssertionError as failure:
        failures.append(str(failure))
    failures += rollcall.crashes()
    if not failures:
        shutil.rmtree(rollcall.directory, ignore_errors=True)
    return failures


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed and hasattr(item, "funcargs"):
        for fixture in item.funcargs.values():
            if isinstance(fixture, Rollcall):
                report.sections.append(("logs", fixture.log_tails()))
                break
