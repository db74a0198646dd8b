"""Whatever a password is made of, MariaDB, slurmdbd, Prometheus and Grafana get that very password from the roles.

The roles' own tasks and templates that use a secret run with the real Ansible. The tasks are found by the secrets'
names: one that is added has to be named here.
"""

import base64
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
import yaml

from node.monitoring_password import crypt
from slurm_appliance.config.secret_forms import is_mirror_password
from slurm_appliance.playbooks.run import ANSIBLE, run_playbook
from slurm_appliance.secrets.generate import MAKERS, render
from tests.engine.cloud_fixtures import wait_until
from tests.unit.ansible.test_slurm_conf_filters import FILTERS
from toolchain.apt import install
from toolchain.paths import REPOSITORY

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="runs a MariaDB as root")

_PACKAGES = ("mariadb-server-core", "mariadb-client-core")
#: A text that leaves a trace if Ansible renders it.
_WITNESS = "{{ lookup('pipe','touch WITNESS') }}"
PASSWORDS = (
    _WITNESS,
    "{% raw %} {# no comment #}",
    "[1, 2, 3]",
    "{'a':1}#;",
    "{a {{ no_such_variable",
    "{{no_such_variable}}[1]%",
    "\"at-its-beginning\\'",
    "!vault | back\\slash\\\\es\\",
    "'single''quotes' \\' OR 1=1; -- /* %s %% */ delimiter $$ \\g",
    "$HOME $(id) `id` ${x} &anchor *alias",
    "12345678",
    "pässwörd ключ 😀",
    "#" * 72,
)  # fmt: skip

#: The tasks that use a secret, by role.
TASKS = {
    "grafana_dashboards": ["Configure the data source"],
    "mariadb": ["Set root's password (socket login stays enabled)"],
    "munge": ["Install the key"],
    "package_sources": ["Write the site's repositories", "Write the credentials for the repositories"],
    "prometheus": ["Hash the password of the pages", "Set the password of the pages"],
    "reboot_program": ["Install the credential, readable by the worker only"],
    "slurm_key": ["Install the key"],
    "slurmctld": ["Try the new files with Slurm's daemons"],
    "slurmdbd": ["Render slurmdbd.conf", "Create slurmdbd's database and its user"],
}
_PASSWORDS = {"mariadb_root_password", "monitoring_password", "slurm_database_password"}
_MIRROR = {"package_sources_password"}
_MIRROR_URL = "http://127.0.0.1:1/mirror"


def _names(role: Path, names: set[str]) -> set[str]:
    """The names that mean a secret in a role: variables and templates."""
    known = set(names)
    while True:
        more = {path.name for path in role.glob("templates/*") if _mentions(path.read_text(), known)}
        for path in role.glob("defaults/main.yml"):
            variables = yaml.safe_load(path.read_text()) or {}
            more |= {name for name, value in variables.items() if _mentions(json.dumps(value), known)}
        if more <= known:
            return known
        known |= more


def _mentions(text: str, names: set[str]) -> bool:
    return any(re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.[a-z])", text) for name in names)


def _tasks(role: Path, names: set[str]) -> list[dict[str, Any]]:
    """The tasks of a role that use one of the secrets."""
    known = _names(role, names)
    tasks = [
        task for path in sorted(role.glob("tasks/*.yml"), reverse=True) for task in yaml.safe_load(path.read_text())
    ]
    return [task for task in tasks if _mentions(json.dumps({**task, "when": "", "name": ""}), known)]


@pytest.fixture(scope="module")
def uses() -> dict[str, list[dict[str, Any]]]:
    names = {
        *MAKERS,
        *_MIRROR,
        "slurmdbd_conf",
        "slurmctld_files",
        "reboot_program_cloud",
        "prometheus_web_settings.stdout",
    }
    found = {role.name: _tasks(role, names) for role in sorted((ANSIBLE / "roles").iterdir())}
    return {role: tasks for role, tasks in found.items() if tasks}


def test_all_uses_are_known(uses: dict[str, list[dict[str, Any]]]) -> None:
    assert {role: list(dict.fromkeys(task["name"] for task in tasks)) for role, tasks in uses.items()} == TASKS


@pytest.fixture(scope="module")
def database() -> Iterator[Path]:
    """The socket of a MariaDB."""
    install(_PACKAGES)
    with tempfile.TemporaryDirectory(prefix="mariadb-") as folder:
        data, socket = Path(folder) / "data", Path(folder) / "socket"
        command = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}", "--skip-test-db"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        arguments = ["--no-defaults", "--user=root", f"--datadir={data}", f"--socket={socket}", "--skip-networking"]
        with (Path(folder) / "log").open("w") as log:
            process = subprocess.Popen(["mariadbd", *arguments], stdout=log, stderr=log)
        try:
            client = ["mariadb", "--no-defaults", f"--socket={socket}", "-e", ""]
            wait_until("MariaDB", lambda: subprocess.run(client, check=False, capture_output=True).returncode == 0, 60)
            yield socket
        finally:
            process.terminate()
            process.wait()


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\nset -eu\n{text}\n")
    path.chmod(0o755)


def _programs(folder: Path, database: Path) -> None:
    """What the tasks start, in place of what a control node has."""
    folder.mkdir()
    client = shlex.join([str(_which("mariadb")), "--no-defaults", f"--socket={database}"])
    asked = "SELECT CONCAT(User, ' ', JSON_EXTRACT(Priv, '$')) FROM mysql.global_priv"
    # All hosts set the accounts of the one MariaDB.
    alone = f"exec 9> {shlex.quote(str(folder / 'lock'))}\nflock 9\n"
    _program(folder / "mariadb", f'{alone}{client} "$@"\n{client} -BNr -e {shlex.quote(asked)} >> "$SEEN/accounts"')
    python = f"exec {shlex.quote(sys.executable)} -I {REPOSITORY / 'node' / 'monitoring_password.py'}"
    _program(folder / "monitoring_password.py", f'{python} "$@"')
    _program(folder / "slurm-appliance-slurm-files", 'cat > "$SEEN/files.json"')


def _which(name: str) -> Path:
    return next(path for folder in ("/usr/bin", "/usr/local/bin") if (path := Path(folder) / name).exists())


def _role(folder: Path, role: str, tasks: list[dict[str, Any]]) -> None:
    """A copy of a role with these tasks only, which writes below SEEN."""
    (folder / role / "tasks").mkdir(parents=True)
    for part in ("defaults", "templates"):
        if (ANSIBLE / "roles" / role / part).exists():
            (folder / role / part).symlink_to(ANSIBLE / "roles" / role / part)
    alone = [{key: value for key, value in task.items() if key not in ("notify", "when")} for task in tasks]
    text = json.dumps(alone).replace("/usr/lib/slurm-appliance/monitoring_password.py", "monitoring_password.py")
    text = re.sub(r"/etc/(slurm-appliance|prometheus|apt/auth.conf.d)/", "{{ seen }}/", text)
    # This machine may have no such group.
    text = text.replace('"group": "prometheus"', '"group": "root"')
    (folder / role / "tasks" / "main.yml").write_text(text)


def _proof(password: str) -> str:
    """What MariaDB keeps of a password."""
    once = hashlib.sha1(password.encode()).digest()  # noqa: S324 - the protocol's
    return f"*{hashlib.sha1(once).hexdigest().upper()}"  # noqa: S324


def test_every_program_gets_the_password_itself(
    tmp_path: Path, database: Path, uses: dict[str, list[dict[str, Any]]]
) -> None:
    roles = [
        "mariadb",
        "slurmdbd",
        "slurmctld",
        "prometheus",
        "grafana_dashboards",
        "reboot_program",
        "package_sources",
    ]
    for role in roles:
        _role(tmp_path / "roles", role, uses[role])
    (tmp_path / "filter_plugins").symlink_to(ANSIBLE / "filter_plugins")
    _programs(tmp_path / "programs", database)
    inventory = tmp_path / "inventory"
    (inventory / "host_vars").mkdir(parents=True)
    passwords = {f"host-{number}": text for number, text in enumerate(PASSWORDS)}
    witness = tmp_path / "witness"
    for host, text in passwords.items():
        passwords[host] = password = text.replace("WITNESS", str(witness))
        secrets = dict.fromkeys((*_PASSWORDS, *_MIRROR), password)
        cloud = {"auth": {"application_credential_secret": password}, "auth_type": "v3applicationcredential"}
        (inventory / "host_vars" / f"{host}.yml").write_text(render({**secrets, "reboot_cloud": cloud}))
        (tmp_path / "seen" / host / "grafana" / "datasources").mkdir(parents=True)
    settings: dict[str, Any] = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "cluster_name": "demo",
        "control_host": "control",
        "slurmdbd_options": {},
        "state_dir": "/state",
        "slurmctld_sources": {},
        "grafana_dashboards_prometheus_url": "http://192.0.2.7:9090",
        "grafana_dashboards_owner": "root",
        "grafana_dashboards_group": "root",
        "reboot_program_user": "root",
        "package_sources_username": "builder",
        "package_sources_repositories": [{"name": "site", "url": _MIRROR_URL, "key": ""}],
    }
    (inventory / "hosts.yml").write_text(
        json.dumps({"all": {"vars": settings, "hosts": {host: {} for host in passwords}}})
    )
    play: dict[str, Any] = {
        "hosts": "all",
        "gather_facts": False,
        "environment": {"PATH": f"{tmp_path}/programs:/usr/bin:/bin", "SEEN": "{{ seen }}"},
        "vars": {
            "seen": f"{tmp_path}/seen/{{{{ inventory_hostname }}}}",
            "slurmctld_files": "{{ {'slurmdbd.conf': slurmdbd_conf} }}",
            "grafana_dashboards_provisioning_folder": "{{ seen }}/grafana",
            "package_sources_site_folder": "{{ seen }}",
        },
        "roles": roles,
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
    with (tmp_path / "log").open("w") as log:
        ended = run_playbook(tmp_path / "play.yml", inventory, log, lambda _: None, folder=tmp_path)
    assert ended.status == "successful", (tmp_path / "log").read_text()[-4000:]
    wrong = {
        password: found for host, password in passwords.items() if (found := _wrong(tmp_path / "seen" / host, password))
    }
    assert wrong == {}
    assert not witness.exists()


class _Mirror(BaseHTTPRequestHandler):
    """Keeps the credentials of who asks."""

    sent: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        header = self.headers.get("Authorization", "")
        self.sent.append(base64.b64decode(header.partition(" ")[2]).decode())
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _sent_by_apt(conf: Path, folder: Path) -> str:
    """The user and the password that apt sends with a file of credentials."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Mirror) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/mirror"
        parts = folder / "parts"
        parts.mkdir()
        (parts / "site.conf").write_text(conf.read_text().replace(_MIRROR_URL, url))
        options = [f"Dir::Etc::netrcparts={parts}", "Dir::Etc::netrc=/none", "APT::Sandbox::User=root"]
        options += ["Acquire::http::Proxy=DIRECT"]
        command = ["/usr/lib/apt/apt-helper", *(word for option in options for word in ("-o", option))]
        subprocess.run([*command, "download-file", url, str(folder / "got")], check=True, capture_output=True)
        server.shutdown()
    return _Mirror.sent[-1]


def _wrong(seen: Path, password: str) -> list[str]:
    """What does not have the password that it was given."""
    accounts = (seen / "accounts").read_text().splitlines()
    found = [
        user
        for user in ("root", "slurm")
        if not any(line.startswith(f"{user} ") and _proof(password) in line for line in accounts)
    ]
    stored = (seen / "web.yml").read_text().rpartition(": ")[2].strip()
    found += ["Prometheus"] if crypt(password, stored) != stored else []
    files = json.loads((seen / "files.json").read_text())
    if f"StoragePass={FILTERS.slurm_value(password)}" not in files["slurmdbd.conf"].splitlines():
        found.append("slurmdbd.conf")
    [source] = yaml.safe_load((seen / "grafana/datasources/slurm-appliance.yml").read_text())["datasources"]
    # Grafana makes one dollar sign of two.
    found += ["Grafana"] if source["secureJsonData"]["basicAuthPassword"] != password.replace("$", "$$") else []
    entry = yaml.safe_load((seen / "reboot-clouds.yaml").read_text())["clouds"]["reboot"]
    if is_mirror_password(password):
        found += ["auth.conf"] if _sent_by_apt(seen / "site.conf", seen) != f"builder:{password}" else []
        repository = (seen / "site.repo").read_text().splitlines()
        found += ["repo"] if f"password={password}" not in repository else []
    return found + (["clouds.yaml"] if entry["auth"]["application_credential_secret"] != password else [])
