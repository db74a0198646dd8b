"""Whether the cloud's resources can differ from what an earlier run compared; if not, the engine leaves them out.

Comparing is most of a run's work: the provider answers two requests per resource. What the program wants of the cloud
follows from its code, the settings, and the IDs that names in them stand for; what it has, from the state. (Drift is
found apart, with one list per kind.) After an ``up`` that compared everything, this machine records a digest of these
four. While the digest is the same, so is the result, and the cloud's resources are excluded from the engine's
comparison. Without a record, and with any other digest, everything is compared.

Some settings reach the site's commands only. If nothing else has changed, the plan is known without the engine, too.

Pure; `comparison.py` uses it for a run.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from slurm_appliance.config import UpdatePolicy
from slurm_appliance.config.changes import SettingChange
from slurm_appliance.config.load import NAMESPACE
from slurm_appliance.engine.recorded import recorded_command
from slurm_appliance.engine.stand_in import SIGNATURE
from slurm_appliance.engine.steps import COMMAND, Step
from slurm_appliance.preflight import Resolved

#: Settings that reach no resource of the cloud.
SITE_SETTINGS = frozenset(
    {
        "chrony_server_options",
        "chrony_servers",
        "compute_follow_seconds",
        "limits",
        "monitoring_alertmanagers",
        "monitoring_retention",
        "monitoring_retention_size",
        "motd",
        "resolv_conf",
        "rollout",
        "slurm",
        "sshd",
        "sysctl",
        "tuned_profile",
        "users",
    }
)

#: The URNs of the cloud's resources, for the engine's --exclude.
CLOUD = "**$openstack:**"

#: What is none of the cloud's, and no input of it: components whose resources come after it, and the stack itself.
_SITE = ("slurm-appliance:index:Environment", "slurm-appliance:index:Site", "pulumi:pulumi:Stack")
#: What the state has of a resource that its comparison depends on.
_STATE = (
    "urn", "type", "id", "inputs", "outputs", "delete", "initErrors", "pendingReplacement", "protect", "provider",
    "resourceHooks", "retainOnDelete", "taint",
)  # fmt: skip


@dataclass(frozen=True)
class ProgramInputs:
    """What the program makes resources of, besides the cloud.

    Attributes:
        code: the digest of its code.
        settings: the ``config:`` part of the stack file; secrets are encrypted in it.
        own_entries: what the site's own roles add to a setting's values.
        public_key: the content of the operator's key file, where the settings name one.
    """

    code: str
    settings: Mapping[str, Any]
    own_entries: tuple[str, ...] = ()
    public_key: str = ""


def digest_of(
    program: ProgramInputs, resolved: Resolved, resources: Iterable[Mapping[str, Any]], excluded: Sequence[str]
) -> str:
    """The digest of all that the comparison of the cloud's resources depends on. Pure.

    Args:
        program: what the program makes resources of.
        resolved: what the names in the settings stand for.
        resources: the resources of the state.
        excluded: URNs that were not compared.
    """
    prefix = f"{NAMESPACE}:"
    settings = program.settings.items()
    known = {
        "code": program.code,
        "settings": {key: value for key, value in settings if key.removeprefix(prefix) not in SITE_SETTINGS},
        "own_entries": sorted(program.own_entries),
        "public_key": program.public_key,
        "resolved": _plain(_lasting(resolved)),
        "state": sorted(
            # Each run records them in another order.
            ({key: _without_secrets(each.get(key)) for key in _STATE} for each in resources if _counts(each)),
            key=lambda each: (each["urn"], str(each["id"])),
        ),
        "excluded": sorted(excluded),
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode()).hexdigest()


def site_steps(
    changes: Sequence[SettingChange], deployment: Mapping[str, Any], excluded: Sequence[str]
) -> tuple[Step, ...]:
    """The steps of a run in which only these settings changed; nothing if they may take other steps. Pure.

    Args:
        changes: the settings that differ from those of the last run.
        deployment: the state.
        excluded: URNs of resources that the run must not change.
    """
    if not changes or not all(
        _name(each.path) in SITE_SETTINGS and each.policy is UpdatePolicy.RERUN_PLAYBOOK for each in changes
    ):
        return ()
    commands = (recorded_command(deployment, name) for name in ("inventory", "site"))
    return tuple(
        Step(each["urn"], COMMAND, "update", each.get("parent", ""))
        for each in commands
        if each is not None and not any(fnmatchcase(each["urn"], pattern) for pattern in excluded)
    )


def with_servers_of(resolved: Resolved, now: Resolved) -> Resolved:
    """What names stood for in a run, with the servers that it made."""
    return replace(resolved, servers=now.servers)


def _lasting(resolved: Resolved) -> Resolved:
    """Without what changes while a server runs, and reaches no resource."""
    servers = {name: replace(each, status="", launched=True) for name, each in resolved.servers.items()}
    return replace(resolved, servers=servers)


def _counts(resource: Mapping[str, Any]) -> bool:
    """Whether it is one of the cloud's resources, or may be an input of one."""
    above = str(resource["urn"]).split("::")[2].split("$")
    return not above[-1].startswith("slurm-appliance:") and not set(above) & set(_SITE)


def _without_secrets(value: Any) -> Any:
    """A value of the state without its secrets, which each run encrypts anew. What they are made of is left."""
    if isinstance(value, Mapping):
        return SIGNATURE if SIGNATURE in value else {key: _without_secrets(each) for key, each in value.items()}
    return [_without_secrets(each) for each in value] if isinstance(value, list) else value


def _name(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _plain(value: Any) -> Any:
    """A value as JSON has it; mappings as lists of pairs, because their keys may be anything."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum | str | int | float | bool | None):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Mapping):
        return sorted(([_plain(key), _plain(each)] for key, each in value.items()), key=json.dumps)
    if isinstance(value, frozenset | set):
        return sorted((_plain(each) for each in value), key=json.dumps)
    if isinstance(value, Iterable):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Path) else repr(value)
