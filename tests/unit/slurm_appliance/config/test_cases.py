"""Stack files that sites could bring: each validates, or is refused with the reason.

``cases/faults``: one thing each that people reported or have in their configuration. ``cases/sites``: whole clusters.
"""

from pathlib import Path

import pytest

from slurm_appliance.config import from_stack_file
from slurm_appliance.errors import ConfigError, Problem

CASES = Path(__file__).parent / "cases"

#: Path and part of what is wrong, for each problem; none: the file is valid.
FAULTS: dict[str, list[tuple[str, str]]] = {
    "02-empty-group": [],
    "03-no-compute-yet": [],
    "04-slurmctld-parameters": [],
    "05-gres": [],
    "05b-gres-with-types": [],
    "06-state-dir": [],
    "06b-home-export": [],
    "07-docs-first-example": [],
    "08-group-named-like-alias": [("compute.hpc_large", "the inventory calls compute.large hpc_large, too")],
    "10-password-characters": [("secrets.munge_key", "is not a munge key")],
    "10b-passwords-that-a-program-cannot-hold": [
        ("image_builds.full.package_sources.password", "is not a password"),
        ("image_builds.full.package_sources.username", '"build er" is not a user name at a mirror'),
        ("secrets.monitoring_password", "is not a password"),
        ("secrets.slurm_database_password", "is not a password"),
    ],
    "11-uid-of-the-image": [("users.alice.uid", "1000 is out of bounds")],
    "12-names-of-the-system": [
        ("users.backup", "is an account or a group of the system"),
        ("users.debian", "is the user that the deploy host logs in as"),
        ("users.irc", "is an account or a group of the system"),
        ("users.list", "is an account or a group of the system"),
        ("users.staff", "is an account or a group of the system"),
    ],
    "20-slurm-option-space": [("slurm.options.SchedulerParameters", "has a space in it")],
    "20b-slurm-option-typo": [("slurm.options.SchedulerParametrs", "is no option that Slurm knows")],
    "20d-node-option-space": [],
    "21-own-health-check": [],
    "17-ipv6": [("cluster_networks[0].create.cidr", "fd00::/64 is IPv6")],
    "18-hostlist-padding": [("compute.general.nodes[0]", '"c-[0-05]" is not a node name or a Slurm host list')],
}


_NO_HOMES = ("home_volume_provisioning", "leaves users without home directories")

#: The same for the whole clusters; those that are not here are valid.
SITES: dict[str, list[tuple[str, str]]] = {
    "uni-a-literal": [
        ("appliances_extra_packages_other", "unknown setting"),
        ("environment_root", "unknown setting"),
        ("openhpc_config_extra", "unknown setting"),
        ("openhpc_nodegroups", "unknown setting"),
        ("openhpc_partitions", "unknown setting"),
        ("os_manila_mount_shares", "unknown setting"),
        ("cluster_nodename_template", "is not a template for node names"),
        _NO_HOMES,
    ],
    "uni-a-dev": [_NO_HOMES],
    "uni-a-production": [_NO_HOMES],
    "uni-b-production": [_NO_HOMES],
}


def problems_of(path: Path) -> tuple[Problem, ...]:
    try:
        from_stack_file(path)
    except ConfigError as error:
        return tuple(error.problems)
    return ()


def names_in(folder: str) -> list[str]:
    return sorted(path.stem for path in (CASES / folder).glob("*.yaml"))


@pytest.mark.parametrize("name", names_in("faults"))
def test_faults(name: str) -> None:
    check(CASES / "faults" / f"{name}.yaml", FAULTS[name])


@pytest.mark.parametrize("name", names_in("sites"))
def test_sites(name: str) -> None:
    check(CASES / "sites" / f"{name}.yaml", SITES.get(name, []))


def test_every_expectation_has_its_file() -> None:
    assert set(SITES) <= set(names_in("sites"))
    assert set(FAULTS) == set(names_in("faults"))


def check(path: Path, expected: list[tuple[str, str]]) -> None:
    found = problems_of(path)
    assert [problem.path for problem in found] == [path for path, _ in expected], "\n".join(map(str, found))
    for problem, (_, what) in zip(found, expected, strict=True):
        assert what in problem.what
        assert problem.remedy
