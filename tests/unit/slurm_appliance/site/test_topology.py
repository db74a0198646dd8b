"""topology.conf from the places of servers."""

import json
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.cloud.connection import CloudError, connect
from slurm_appliance.cloud.placement import Place, places
from slurm_appliance.config import from_mapping
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.site.topology import FILE, VARIABLE, topology_conf, with_topology
from slurm_appliance.slurm_trial.render import slurm_files
from tests.fakes.project import FakeProject
from tests.unit.slurm_appliance.config.checks.mistakes import check, group
from tests.unit.slurm_appliance.config.examples import smallest

A, B = "a" * 56, "b" * 56
NODES = {"c-0": "s0", "c-1": "s1", "c-2": "s2", "c-3": "s3"}


def switches(text: str) -> dict[str, list[str]]:
    """What is below each switch."""
    lines = [dict(word.split("=") for word in line.split()) for line in text.splitlines()]
    return {line["SwitchName"]: (line.get("Nodes") or line["Switches"]).split(",") for line in lines}


def test_a_switch_for_each_hypervisor_and_zone() -> None:
    found = {"s2": Place(B, "nova"), "s0": Place(A, "nova"), "s1": Place(A, "nova"), "s3": Place("c" * 56, "rack-2")}
    assert switches(topology_conf(NODES, found)) == {
        f"host-{A[:16]}": ["c-0", "c-1"],
        f"host-{B[:16]}": ["c-2"],
        f"host-{'c' * 16}": ["c-3"],
        "zone-nova": [f"host-{A[:16]}", f"host-{B[:16]}"],
        "zone-rack-2": [f"host-{'c' * 16}"],
        "cloud": ["zone-nova", "zone-rack-2"],
    }
    assert topology_conf(dict(reversed(NODES.items())), dict(reversed(found.items()))) == topology_conf(NODES, found)


def test_nodes_whose_hypervisor_is_not_known() -> None:
    found = switches(topology_conf(NODES, {"s0": Place(A, "nova"), "s1": Place("", "nova")}))
    assert found["unknown"] == ["c-1", "c-2", "c-3"]
    assert found["cloud"] == ["zone-nova", "unknown"]
    assert switches(topology_conf(NODES, {})) == {"unknown": list(NODES), "cloud": ["unknown"]}
    assert topology_conf({}, {}) == ""


def test_names_from_the_cloud_are_one_word() -> None:
    text = topology_conf({"c-0": "s0"}, {"s0": Place(A, "rack 1 Nodes=ALL {{ x }}")})
    assert [len(line.split()) for line in text.splitlines()] == [2, 2, 2]
    assert not set("{}") & set(text)


def hosts(**slurm: Any) -> dict[str, dict[str, Any]]:
    return {
        "control": {"group_names": ["control"], "slurm": slurm, VARIABLE: "of the last run"},
        "c-0": {"group_names": ["compute"], "instance_id": "s0"},
    }


def test_the_inventory_has_it_and_other_nodes_have_not(tmp_path: Path) -> None:
    environment = EnvironmentFolder(tmp_path)
    asked = hosts(topology="hypervisors")
    found = with_topology(environment, asked, lambda: {"s0": Place(A, "nova")}, lambda _text: None)
    assert found["control"][VARIABLE] == topology_conf({"c-0": "s0"}, {"s0": Place(A, "nova")})
    assert VARIABLE not in found["c-0"]
    written = environment.inventory / FILE
    assert json.loads(written.read_text()) == {VARIABLE: found["control"][VARIABLE]}

    moved = with_topology(environment, found, lambda: {"s0": Place(B, "nova")}, lambda _text: None)
    assert moved["control"][VARIABLE] != found["control"][VARIABLE]

    off = with_topology(environment, hosts(), lambda: pytest.fail("asked"), lambda _text: None)
    assert VARIABLE not in off["control"]
    assert not written.exists()


def test_without_an_answer_that_of_the_last_run_stays(tmp_path: Path) -> None:
    def refuse() -> dict[str, Place]:
        raise CloudError("no answer")

    said: list[str] = []
    asked = hosts(topology="hypervisors")
    assert with_topology(EnvironmentFolder(tmp_path), asked, refuse, said.append) == asked
    assert len(said) == 1
    assert "no answer" in said[0]


def test_what_nova_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeProject().serving() as project:
        for name, value in project.environment().items():
            monkeypatch.setenv(name, value)
        flavor = project.compute.flavors.add(name="f")
        for id_, more in (("s0", {"hostId": A, "OS-EXT-AZ:availability_zone": "nova"}), ("s1", {"hostId": ""})):
            project.compute.servers.add(
                id=id_, name=id_, status="ACTIVE", flavor={"id": flavor["id"]}, metadata={}, image="", **more
            )
        assert places(connect()) == {"s0": Place(A, "nova"), "s1": Place()}


@pytest.mark.parametrize(
    ("slurm", "path"),
    [
        ({"files": {"topology.conf": "SwitchName=s0"}}, "slurm.files.topology.conf"),
        ({"options": {"topologyplugin": "topology/block"}}, "slurm.options.topologyplugin"),
    ],
)
def test_a_topology_from_two_places(slurm: dict[str, Any], path: str) -> None:
    check(({"slurm": {"topology": "hypervisors", **slurm}}, path, "slurm.topology", "remove one of the two"))


def test_slurms_files() -> None:
    settings = smallest(compute={"a": group("c-[0-1]")}, slurm={"topology": "hypervisors"})
    files = slurm_files(from_mapping(settings, "test", environment="test"), "24.11.5")
    assert "TopologyPlugin=topology/tree" in files["slurm.conf"].splitlines()
    assert set(switches(files["topology.conf"])) == {"unknown", "cloud"}
    without = slurm_files(from_mapping(smallest(compute={"a": group("c-0")}), "test", environment="test"), "24.11.5")
    assert "topology.conf" not in without
    assert "TopologyPlugin" not in without["slurm.conf"]
