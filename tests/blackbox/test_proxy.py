"""deploy/haproxy/haproxy.cfg in front: TLS and HTTP/2 outside, the client's own view of scheme and host in every URL."""

import json
import os
import shutil
import subprocess

import pytest

from harness.database import ROOT
from harness.process import Process, free_port
from harness.scim import USER

CONFIGURATION = ROOT / "deploy" / "haproxy" / "haproxy.cfg"
HOST = "scim.example.com"

pytestmark = pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy is not installed")


@pytest.fixture(scope="module")
def proxied(make_rollcall, tmp_path_factory):
    """The shipped configuration; only ports and the certificate's path are put in."""
    rollcall = make_rollcall(server_options=["--trusted-proxies", "127.0.0.1"])
    directory = tmp_path_factory.mktemp("haproxy")
    port = free_port()
    certificate = make_certificate(directory)
    text = CONFIGURATION.read_text()
    for shipped, ours in (
        ("maxconn 10000", "maxconn 200"),  # 10,000 need more descriptors than a test may ask for
        (":443", f"127.0.0.1:{port}"),
        ("/etc/rollcall/tls.pem", str(certificate)),
        ("127.0.0.1:8080", f"127.0.0.1:{rollcall.server.port}"),
    ):
        assert shipped in text
        text = text.replace(shipped, ours)
    (directory / "haproxy.cfg").write_text(text)
    haproxy = Process("haproxy", ["haproxy", "-f", directory / "haproxy.cfg"], directory / "log", dict(os.environ))
    proxied = Proxied(rollcall.new_organization(), port, certificate)
    haproxy.wait_ready(lambda: proxied.curl("/ServiceProviderConfig", check=False).startswith("200"))
    yield proxied
    haproxy.stop()


def make_certificate(directory):
    key, certificate = directory / "key.pem", directory / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-days", "2"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    both = directory / "both.pem"
    both.write_text(key.read_text() + certificate.read_text())
    return both


class Proxied:
    def __init__(self, organization, port, certificate):
        self.organization, self.port, self.certificate = organization, port, certificate
        path = organization.connector_url.split("/orgs/")[1]
        self.url = f"https://{HOST}:{port}/orgs/{path}"

    def curl(self, path, *options, check=True):
        """Answers "STATUS VERSION BODY"."""
        command = ["curl", "-sS", "--max-time", "20", "--cacert", self.certificate]
        command += ["--resolve", f"{HOST}:{self.port}:127.0.0.1", "-w", "\n%{http_code} %{http_version}"]
        command += ["-H", f"Authorization: Bearer {self.organization.token}", *options, self.url + path]
        done = subprocess.run(command, capture_output=True, text=True)
        assert not check or done.returncode == 0, done.stderr
        body, _, status = done.stdout.rpartition("\n")
        return f"{status} {body}"


@pytest.mark.parametrize("option, version", [("--http2", "2"), ("--http1.1", "1.1")])
def test_a_user_is_made_and_read_through_tls(proxied, option, version):
    body = json.dumps({"schemas": [USER], "userName": f"through-{version}@example.com"})
    content_type = "Content-Type: application/scim+json"
    status, spoken, created = proxied.curl("/Users", option, "-H", content_type, "-d", body).split(" ", 2)
    assert (status, spoken) == ("201", version)
    location = json.loads(created)["meta"]["location"]
    assert location.startswith(f"{proxied.url}/Users/")
    read = proxied.curl(location.removeprefix(proxied.url), option).split(" ", 2)
    assert read[0] == "200" and json.loads(read[2]) == json.loads(created)


def test_operational_paths_are_for_the_inside(proxied):
    for path in ("/metrics", "/readyz"):
        command = ["curl", "-sS", "-o", os.devnull, "-w", "%{http_code}", "--cacert", proxied.certificate]
        command += ["--resolve", f"{HOST}:{proxied.port}:127.0.0.1", f"https://{HOST}:{proxied.port}{path}"]
        assert subprocess.run(command, capture_output=True, text=True).stdout == "403"


def test_H_01_the_proxy_of_the_guide_refuses_old_tls(proxied):
    done = subprocess.run(
        ["curl", "-sS", "--tls-max", "1.1", "--cacert", proxied.certificate,
         "--resolve", f"{HOST}:{proxied.port}:127.0.0.1", proxied.url],
        capture_output=True,
    )  # fmt: skip
    assert done.returncode != 0
