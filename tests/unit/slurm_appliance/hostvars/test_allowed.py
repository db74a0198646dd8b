from pathlib import Path

import pytest

from slurm_appliance.config.compute_init import ComputeInitRole
from slurm_appliance.hostvars.allowed import ENTRIES, allowed, node_roles
from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.playbooks.node_roles import NodeRole
from slurm_appliance.site_repository.entries import DECLARATION
from toolchain.paths import REPOSITORY


def _declare(folder: Path, role: str, text: str) -> None:
    path = folder / role / DECLARATION
    path.parent.mkdir(parents=True)
    path.write_text(text)


def test_a_node_may_have_what_its_enabled_roles_use(tmp_path: Path) -> None:
    _declare(tmp_path, "nfs_client", "compute_init: nfs\nnode_variables: [nfs_server, nfs_mounts]\n")
    _declare(tmp_path, "slurmd", "compute_init: compute\nnode_variables: [control_address]\n")
    (tmp_path / "slurmctld").mkdir()

    roles = node_roles(tmp_path)

    assert roles[0] == NodeRole("nfs_client", "nfs", frozenset({"nfs_server", "nfs_mounts"}))
    assert allowed(roles, ["compute"]) == {ENTRIES, "control_address"}
    assert allowed(roles, ["compute", "nfs"]) == {ENTRIES, "control_address", "nfs_server", "nfs_mounts"}
    assert allowed(roles, []) == {ENTRIES}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "compute_init: nfs",
        "node_variables: []",
        "{compute_init: nfs, node_variables: [1]}",
        "{compute_init: nfs, node_variables: [], more: 1}",
        "{compute_init: nfs, node_variables: [], files: hosts}",
    ],
)
def test_what_is_not_a_declaration(tmp_path: Path, text: str) -> None:
    _declare(tmp_path, "x", text)

    with pytest.raises(HostVariablesError, match=r"x/meta/node_variables\.yml"):
        node_roles(tmp_path)


def test_our_roles_name_entries_that_the_configuration_has() -> None:
    entries = {role.value for role in ComputeInitRole}

    assert {role.compute_init for role in node_roles(REPOSITORY / "ansible" / "roles")} <= entries
