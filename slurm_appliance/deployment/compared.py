"""Whether the cloud's resources can differ from what the last run compared; if not, the engine leaves them out.

Comparing is most of a run's work: the provider answers two requests per resource. What the program wants of the cloud
follows from its code, the settings, and the IDs that names in them stand for; what it has, from the state. (Drift is
found apart, with one list per kind.) After a run that compared everything, this machine records a digest of these four.
While the digest is the same, so is the result, and the cloud's resources are excluded from the engine's comparison.
Without a record, and with any other digest, everything is compared.

Some settings reach the site's commands only. If nothing else has changed, the plan is known without the engine, too.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from slurm_appliance.config.changes import SettingChange
from slurm_appliance.config.load import NAMESPACE
from slurm_appliance.config.stack_file import read
from slurm_appliance.deploy_host.tree_digest import tree_digest
from slurm_appliance.deployment.session import Session
from slurm_appliance.engine.recorded import recorded_command
from slurm_appliance.engine.steps import COMMAND, Step
from slurm_appliance.preflight import Resolved
from toolchain.paths import REPOSITORY

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

#: The parts of the program whose resources are none of the cloud's, and are none's inputs either.
_SITE = ("slurm-appliance:index:Environment", "slurm-appliance:index:Site")
#: What the code of the program is.
_CODE = ("components", "slurm_appliance", "toolchain")
#: What the state has of a resource that its comparison depends on.
_STATE = ("urn", "type", "id", "inputs", "outputs", "delete", "pendingReplacement", "protect", "provider", "taint")


def digest_of(
    code: str,
    settings: Mapping[str, Any],
    resolved: Resolved,
    resources: Iterable[Mapping[str, Any]],
    excluded: Sequence[str],
    public_key: str = "",
) -> str:
    """The digest of all that the comparison of the cloud's resources depends on. Pure.

    Args:
        code: the digest of the program's code.
        settings: the ``config:`` part of the stack file; secrets are encrypted in it.
        resolved: what the names in them stand for.
        resources: the resources of the state.
        excluded: URNs that were not compared.
        public_key: the content of the operator's key file, where the settings name one.
    """
    prefix = f"{NAMESPACE}:"
    known = {
        "code": code,
        "settings": {key: value for key, value in settings.items() if key.removeprefix(prefix) not in SITE_SETTINGS},
        "resolved": _plain(_lasting(resolved)),
        "state": [{key: each.get(key) for key in _STATE} for each in resources if _counts(each)],
        "excluded": sorted(excluded),
        "public_key": public_key,
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
    if not changes or any(_name(each.path) not in SITE_SETTINGS for each in changes):
        return ()
    commands = (recorded_command(deployment, name) for name in ("inventory", "site"))
    return tuple(
        Step(each["urn"], COMMAND, "update", each.get("parent", ""))
        for each in commands
        if each is not None and not any(fnmatchcase(each["urn"], pattern) for pattern in excluded)
    )


def untouched(session: Session, resolved: Resolved, deployment: Mapping[str, Any]) -> tuple[str, ...]:
    """The URNs, as a pattern, that need no comparison: the cloud's resources, or nothing."""
    known = session.folder.recorded_comparison()
    return (CLOUD,) if known and known == _digest(session, resolved, deployment) else ()


def record_comparison(session: Session, resolved: Resolved) -> None:
    """Record that all resources were compared with the state as it is now."""
    session.folder.record_comparison(_digest(session, resolved, session.deployment()) or "")


def with_servers_of(resolved: Resolved, now: Resolved) -> Resolved:
    """What names stood for in a run, with the servers that it made."""
    return replace(resolved, servers=now.servers)


def _digest(session: Session, resolved: Resolved, deployment: Mapping[str, Any]) -> str | None:
    """The digest; None while there are images to build, or where the operator's key cannot be read."""
    if None in resolved.images.values():
        return None
    try:
        key = _public_key(session)
    except (OSError, UnicodeDecodeError):
        # The program explains it.
        return None
    settings, _problems = read(session.source)
    return digest_of(_code(), settings, resolved, deployment.get("resources") or (), session.excluded, key)


def _public_key(session: Session) -> str:
    name = session.config.key_pair.public_key_file
    return "" if name is None else (session.stacks.resolve().parent / Path(name).expanduser()).read_text()


@cache
def _code() -> str:
    trees = [tree_digest(REPOSITORY / name) for name in _CODE]
    texts = [(REPOSITORY / name).read_text() for name in ("__main__.py", "Pulumi.yaml")]
    packages = [version(name) for name in ("pulumi", "pulumi-command", "pulumi-openstack")]
    return hashlib.sha256("\0".join([sys.version, *packages, *trees, *texts]).encode()).hexdigest()


def _lasting(resolved: Resolved) -> Resolved:
    """Without what changes while a server runs, and reaches no resource."""
    servers = {name: replace(each, status="", launched=True) for name, each in resolved.servers.items()}
    return replace(resolved, servers=servers)


def _counts(resource: Mapping[str, Any]) -> bool:
    """Whether it is one of the cloud's resources, or may be an input of one."""
    above = str(resource["urn"]).split("::")[2].split("$")
    return not above[-1].startswith("slurm-appliance:") and not set(above) & set(_SITE)


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
