"""The question to Prometheus, with whatever password."""

import shutil
import subprocess
import threading
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.cluster_check import run
from slurm_appliance.cluster_check.targets import curl_config
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.secrets.generate import render

PASSWORDS = (
    "correct horse",
    'quote"s',
    "back\\slash\\\\n\\t\\",
    '"#{}\\"',
    "{{ x }}:%s $HOME",
    "pässwörd 😀",
    "'",
    "\\",
)


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_curl_sends_the_password_itself() -> None:
    sent: list[str] = []

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent.append(b64decode(self.headers["Authorization"].partition(" ")[2]).decode())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for password in PASSWORDS:
            subprocess.run(
                ["curl", "--silent", "--noproxy", "*", "--config", "-", f"http://127.0.0.1:{server.server_port}"],
                input=curl_config("operator", password), text=True, check=True,
            )  # fmt: skip
        server.shutdown()
    assert sent == [f"operator:{password}" for password in PASSWORDS]


def test_a_password_that_ansible_must_not_render_is_read_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = EnvironmentFolder(tmp_path)
    (environment.inventory / "group_vars/all").mkdir(parents=True)
    (environment.inventory / "hosts.yml").write_text(
        "all: {vars: {features: {monitoring: true}}, children: {control: {hosts: {c: {ansible_host: 192.0.2.1, "
        "instance_id: a, access_network: n}}}}}"
    )
    (environment.inventory / "group_vars/all/secrets.yml").write_text(render({"monitoring_password": "{{ x }}"}))
    used: list[str] = []

    def asked(_control: Any, password: str, _watched: Any) -> dict[str, Any]:
        used.append(password)
        return {}

    monkeypatch.setattr(run, "targets", asked)
    monkeypatch.setattr(run, "_gather", lambda *_: {})
    monkeypatch.setattr(run, "judge", lambda *_, **__: [])
    run.check_cluster(environment)
    assert used == ["{{ x }}"]
