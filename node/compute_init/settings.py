"""The inputs and outputs of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from node.ansible_init.metadata import MetadataSource
from node.compute_init.followed import FOLLOWED_FILE
from node.compute_init.share import Share
from node.compute_init.units import LIST, UNITS


@dataclass(frozen=True)
class ComputeInitSettings:
    """The inputs and outputs of a run.

    Attributes:
        source: the sources of metadata.
        playbook: the playbook that runs the roles.
        rejoin: the playbook that checks the node's health and starts slurmd.
        roles: the folder of our roles.
        declared: the file that has what our roles declare.
        installed: folders of what the image installs, a change of which makes everything run.
        applied: the record of what was applied in this boot; in memory.
        owed: exists while services may run with former settings: the roles' playbook removes it when its handlers have
            run; in memory, since a boot starts services with their files.
        units: the folder in which roles write units.
        list_units: the command that lists active units.
        result: the file for the result.
        work: a folder in memory for the bundle, readable by root only.
        followed: the file that tells compute-follow where the bundle is; in memory.
        lock: held during a run, so that there is one at a time.
        kept: a folder on the disk for files that need not be fetched again, readable by root only.
        share: makes the reader of this node's folder from the server's address, this node's name and the folder of all
            nodes.
        patience: seconds that the share may be out of reach before this run fails; systemd starts another later.
        first_pause: seconds between the first two attempts; doubled each time.
        longest_pause: maximum pause in seconds.
        program: the ansible-playbook to call.
        force: run everything even if nothing changed since it succeeded in this boot.
    """

    source: MetadataSource = field(default_factory=MetadataSource)
    playbook: Path = Path("/usr/lib/slurm-appliance/ansible/compute-init.yml")
    rejoin: Path = Path("/usr/lib/slurm-appliance/ansible/compute-rejoin.yml")
    roles: Path = Path("/usr/lib/slurm-appliance/ansible/roles")
    declared: Path = Path("/usr/lib/slurm-appliance/ansible/node_roles.json")
    installed: tuple[Path, ...] = (Path("/usr/lib/slurm-appliance/ansible"), Path("/usr/lib/slurm-appliance/node"))
    applied: Path = Path("/run/slurm-appliance/compute-init-applied.json")
    owed: Path = Path("/run/slurm-appliance/compute-init-owed")
    units: Path = UNITS
    list_units: Sequence[str] = LIST
    result: Path = Path("/var/lib/ansible-init/compute-init.json")
    work: Path = Path("/run/slurm-appliance/compute-init")
    followed: Path = FOLLOWED_FILE
    lock: Path = Path("/run/slurm-appliance/compute-init.lock")
    kept: Path = Path("/var/lib/slurm-appliance/compute-init")
    share: Callable[[str, str, str], Share] = Share
    share_timeout: float = 300.0
    first_pause: float = 1.0
    longest_pause: float = 15.0
    program: str = "ansible-playbook"
    force: bool = False
