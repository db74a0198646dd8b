"""The settings file, /etc/slurm-appliance/reboot.yml. Every setting has a default; an unknown one is an error."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path

import yaml

_SETTINGS_FILE = Path("/etc/slurm-appliance/reboot.yml")


def settings_file() -> Path:
    """The settings file: the default path, or $SLURM_APPLIANCE_REBOOT_SETTINGS."""
    named = os.environ.get("SLURM_APPLIANCE_REBOOT_SETTINGS")
    return Path(named) if named else _SETTINGS_FILE


class SettingsError(ValueError):
    """Raised for an invalid settings file; the message has the file and the setting."""


@dataclass(frozen=True)
class RebootSettings:
    """The RebootProgram's settings on this cluster.

    Attributes:
        targets: file with each compute node's server and target image (`targets`).
        clouds: clouds.yaml with the application credential; readable only by `user`.
        cloud: its entry to use.
        spool: folder of requests and nodes in progress; owned by `user`, mode 0700, on the state volume, so that a
            rebuild of the control node loses none.
        user: the worker's user.
        slurm_user: slurmctld's user: the only user, besides root, whose requests are accepted.
        requests: the socket for requests.
        helper: the socket of the helper that runs as `slurm_user` and changes node states.
        scontrol: the program.
        parallel: maximum number of parallel calls to OpenStack.
        poll: minimum polling interval for a node in progress, in seconds.
        gap: seconds from Slurm's request until a server may be booted. slurmctld recognises a boot by its time, in
            whole seconds of the node's clock: a boot right after the request would look older than it, and the node
            would wait for another one until ResumeTimeout.
        limit: timeout in seconds from Slurm's request until the node must be back in Slurm. A little less than
            slurm.conf's ResumeTimeout; otherwise Slurm gives up first, with a less useful reason.
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
