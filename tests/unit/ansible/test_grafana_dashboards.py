"""The dashboards against the metrics there are, and the role by the real ansible-playbook."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from node.slurm_metrics.__main__ import collect
from node.slurm_metrics.metrics import job_metrics, node_metrics
from slurm_appliance.config import from_mapping
from tests.unit.slurm_appliance.config.examples import smallest
from toolchain.paths import REPOSITORY

_ANSIBLE = REPOSITORY / "ansible"
_PROGRAM = Path(sys.prefix) / "bin/ansible-playbook"
_FILES = sorted((_ANSIBLE / "roles/grafana_dashboards/files").glob("*.json"))

#: What the node exporter has in its default collectors, and what Prometheus itself adds.
_WELL_KNOWN = {
    "node_boot_time_seconds", "node_cpu_seconds_total", "node_disk_read_bytes_total", "node_disk_written_bytes_total",
    "node_filesystem_avail_bytes", "node_filesystem_size_bytes", "node_load1", "node_memory_MemAvailable_bytes",
    "node_memory_MemTotal_bytes", "node_network_receive_bytes_total", "node_network_transmit_bytes_total",
    "ALERTS", "up",
}  # fmt: skip
#: Words of PromQL that the expressions use.
_LANGUAGE = {"avg", "bool", "by", "count", "label_values", "min", "on", "or", "rate", "sum", "time", "vector"}
_CORE_PANELS = {"stat", "table", "timeseries"}


def _dashboard(path: Path) -> dict[str, Any]:
    loaded = json.loads(path.read_text())
    assert isinstance(loaded, dict)
    return loaded


def _metrics(expression: str) -> set[str]:
    """The names that an expression asks for, without labels, Grafana's variables and numbers."""
    bare = re.sub(r"\$\{[^}]*\}|\$\w+", "", expression)
    bare = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(by|on) *\([^)]*\)", " ", bare)
    bare = re.sub(r"(label_values\([^,]*), *\w+", r"\1", bare)
    return set(re.findall(r"\b[A-Za-z_]\w*", bare)) - _LANGUAGE


def _expressions(dashboard: dict[str, Any]) -> list[str]:
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    return asked + [each["definition"] for each in dashboard["templating"]["list"] if each["type"] == "query"]


def test_names_in_an_expression() -> None:
    assert _metrics('1 - sum by (a) (rate(b_total{c=~"$d"}[$__rate_interval])) > bool ${__from:date:seconds}') == {
        "b_total"
    }
    assert _metrics('label_values(up{job="node"}, instance)') == {"up"}


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_asks_only_for_metrics_that_are_exported(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ours = collect() | node_metrics("n1|all|idle|0/2/0/2|100\n") | job_metrics("all|RUNNING|1|now\n")
    expressions = _expressions(_dashboard(path))
    assert expressions
    for expression in expressions:
        names = _metrics(expression)
        assert names, expression
        assert names <= _WELL_KNOWN | {name for name, _ in ours}, expression


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_every_panel_says_what_it_shows(path: Path) -> None:
    dashboard = _dashboard(path)
    assert dashboard["schemaVersion"] >= 39
    assert dashboard["id"] is None
    assert dashboard["uid"] == f"slurm-appliance-{path.stem}"
    panels = dashboard["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    for panel in panels:
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["type"] in _CORE_PANELS
        assert {each["datasource"]["uid"] for each in [panel, *panel["targets"]]} == {"${datasource}"}


def test_the_dashboards_are_told_apart() -> None:
    assert [path.stem for path in _FILES] == ["cluster", "jobs", "nodes"]
    for key in ("uid", "title"):
        assert len({_dashboard(path)[key] for path in _FILES}) == len(_FILES)


def test_the_role_provisions_and_then_changes_nothing(tmp_path: Path) -> None:
    password = 'pa$s: "word" #1'
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "ansible_become": False,
        "cluster_name": "demo",
        "monitoring_password": password,
        "grafana_dashboards_prometheus_url": "http://192.0.2.7:9090",
        "grafana_dashboards_provisioning_folder": str(tmp_path / "etc"),
        "grafana_dashboards_folder": str(tmp_path / "dashboards"),
        "grafana_dashboards_owner": str(os.getuid()),
        "grafana_dashboards_group": str(os.getgid()),
        "grafana_dashboards_service": "",
    }
    for folder in ("datasources", "dashboards"):
        (tmp_path / "etc" / folder).mkdir(parents=True)
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"grafana": {"hosts": {"localhost": variables}}}))

    first = _play(inventory, tmp_path)
    assert "RUNNING HANDLER [grafana_dashboards : Restart Grafana]" in first
    written = {
        path.relative_to(tmp_path).as_posix(): path
        for folder in ("etc", "dashboards")
        for path in (tmp_path / folder).rglob("*")
        if path.is_file()
    }
    assert sorted(written) == [
        "dashboards/cluster.json", "dashboards/jobs.json", "dashboards/nodes.json",
        "etc/dashboards/slurm-appliance.yml", "etc/datasources/slurm-appliance.yml",
    ]  # fmt: skip
    assert {path.stat().st_mode & 0o777 for path in written.values()} == {0o640}
    assert (tmp_path / "dashboards").stat().st_mode & 0o777 == 0o750
    [source] = yaml.safe_load(written["etc/datasources/slurm-appliance.yml"].read_text())["datasources"]
    assert (source["name"], source["url"], source["basicAuthUser"]) == ("demo", "http://192.0.2.7:9090", "operator")
    # Grafana makes one dollar sign of two.
    assert source["secureJsonData"]["basicAuthPassword"].replace("$$", "$") == password
    [provider] = yaml.safe_load(written["etc/dashboards/slurm-appliance.yml"].read_text())["providers"]
    assert provider["options"]["path"] == str(tmp_path / "dashboards")
    assert "pa$s" not in first

    second = _play(inventory, tmp_path)
    assert re.search(r"changed=0\b.*failed=0\b", second), second
    assert "RUNNING HANDLER" not in second


def _play(inventory: Path, folder: Path) -> str:
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(_ANSIBLE / "ansible.cfg"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "ANSIBLE_NOCOLOR": "1",
        # The handler is skipped here, and shall be seen to be.
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "1",
    }
    done = subprocess.run(
        [str(_PROGRAM), "--diff", "-i", str(inventory), str(_ANSIBLE / "adhoc/grafana.yml")],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_example_of_the_page_has_a_valid_stack_file_and_hook(tmp_path: Path) -> None:
    page = (REPOSITORY / "docs/operations.md").read_text()
    section = page.partition("### Grafana on a server of the cluster")[2].partition("\n## ")[0]
    stack, hook = (yaml.safe_load(text) for text in re.findall(r"```yaml\n# [^\n]+\n(.*?)```", section, re.DOTALL))
    given = {name.removeprefix("slurm-appliance:"): value for name, value in stack.items()}
    made = from_mapping(smallest(**given), "test")
    assert made.image_builds["grafana"].extra_packages == ("grafana",)
    (tmp_path / "hook.yml").write_text(yaml.dump(hook))
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {children: {grafana: {hosts: {demo-grafana-0: {}}}}}")
    command = [str(_PROGRAM), "--syntax-check", "--inventory", str(inventory), str(tmp_path / "hook.yml")]
    environment = {**os.environ, "ANSIBLE_ROLES_PATH": str(_ANSIBLE / "roles")}
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
