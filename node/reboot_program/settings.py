"""The settings file, /etc/slurm-appliance/reboot.yml. Every setting has a default; an unknown one is an error."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

_SETTINGS_FILE = Path("/etc/slurm-appliance/reboot.yml")


def settings_file() -> Path:
    """Where the settings are: the usual place, or the one that $SLURM_APPLIANCE_REBOOT_SETTINGS names."""
    named = os.environ.get("SLURM_APPLIANCE_REBOOT_SETTINGS")
    return Path(named) if named else _SETTINGS_FILE


class SettingsError(ValueError):
    """Raised for a settings file that cannot be used; the message names the file and the setting."""


@dataclass(frozen=True)
class RebootSettings:
    """How the RebootProgram works on this cluster.

    Attributes:
        targets: file with each compute node's server and target image (`targets`).
        clouds: clouds.yaml with the application credential; readable by `user` only.
        cloud: the entry of it to use.
        spool: folder for requests and nodes under way; owned by `user`, mode 0700, on the state volume, so that a
            rebuild of the control node loses none.
        user: who the worker runs as.
        slurm_user: who slurmctld runs as: the only user, beside root, whose requests are taken.
        requests: the socket for requests.
        helper: the socket of the helper that runs as `slurm_user` and sets states of nodes.
        scontrol: the program.
        parallel: calls to OpenStack at one time.
        poll: seconds between two looks at a node that is being rebuilt or boots, at least.
        gap: seconds from Slurm's request until a server may be booted. slurmctld knows a boot by its time, in whole
            seconds and as the node reckons it: one right after the request looks as if it came before, and the node
            would wait for another until ResumeTimeout.
        limit: seconds from Slurm's request until the node must be back in Slurm. A little less than slurm.conf's
            ResumeTimeout, or Slurm gives the node up first, with less to say.
    """

    targets: Path = Path("/etc/slurm-appliance/reboot-targets.json")
    clouds: Path = Path("/etc/slurm-appliance/reboot-clouds.yaml")
    cloud: str = "reboot"
    spool: Path = Path("/var/spool/slurm-appliance-reboot")
    user: str = "slurm-appliance-reboot"
    slurm_user: str = "slurm"
    requests: Path = Path("/run/slurm-appliance-reboot/requests.sock")
    helper: Path = Path("/run/slurm-appliance-reboot/helper.sock")
    scontrol: str = "scontrol"
    parallel: int = 10
    poll: float = 3.0
    gap: float = 2.0
    limit: float = 1740.0


def read_settings(path: Path) -> RebootSettings:
    """Read the settings; a missing file means all defaults.

    Raises:
        SettingsError: not YAML, not a mapping, an unknown setting, or a value of the wrong kind.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        return RebootSettings()
    except (OSError, yaml.YAMLError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise SettingsError(f"{path} is not a mapping of settings")
    defaults = RebootSettings()
    known = {each.name for each in fields(RebootSettings)}
    values = {}
    for name, value in document.items():
        if name not in known:
            raise SettingsError(f"{path}: unknown setting {name!r}; the settings are {', '.join(sorted(known))}")
        kind = type(getattr(defaults, name))
        try:
            values[name] = kind(value)
        except (TypeError, ValueError) as error:
            raise SettingsError(f"{path}: {name}: {value!r} is not a {kind.__name__}") from error
        if kind in {int, float} and not values[name] > 0:
            raise SettingsError(f"{path}: {name}: {value!r} must be greater than 0")
    return RebootSettings(**values)
