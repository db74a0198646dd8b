"""The user data of servers: minimal, constant, and pinned by a test.

OpenStack replaces a server if one character of its user data changes, so this only has what a node needs to boot: its
full name and, on the control node, the volumes of its state. Everything else comes from metadata, from the image, or
from the playbooks.

Necessary changes get a new version. New servers get the latest version, which is recorded in their metadata
(metadata.py); existing servers keep theirs, so that a newer slurm-appliance replaces none of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slurm_appliance.cloud.facts import ServerFacts
from slurm_appliance.config.template import fill
from slurm_appliance.nodes import volume_scripts

#: The scripts that prepare volumes, by version.
_SCRIPTS = {1: volume_scripts.FIRST, 2: volume_scripts.BLANK_ONLY}
#: The version of servers without one in their metadata.
FIRST_VERSION = min(_SCRIPTS)
LATEST_VERSION = max(_SCRIPTS)
_VERSIONS_AS_TEXT = {str(version): version for version in _SCRIPTS}

#: Length of the volume ID's prefix that hypervisors use as the disk's serial number.
_SERIAL_LENGTH = 20


def version_of(server: ServerFacts | None) -> int:
    """The user data version of a control node: its own if it exists, otherwise the latest.

    The preflight checks of ``up`` and ``preview`` reject a version that this program does not support; other commands
    use the latest instead.
    """
    if server is None:
        return LATEST_VERSION
    return _VERSIONS_AS_TEXT.get(server.user_data_version or str(FIRST_VERSION), LATEST_VERSION)


def is_known(server: ServerFacts) -> bool:
    """Whether this program supports a server's version."""
    return not server.user_data_version or server.user_data_version in _VERSIONS_AS_TEXT


@dataclass(frozen=True)
class LabelledVolume:
    """A volume that the control node mounts.

    Attributes:
        volume_id: its ID in OpenStack, which is part of its name in /dev/disk/by-id.
        label: the label of its file system, set when it is formatted.
        mount_point: where it is mounted.
    """

    volume_id: str
    label: str
    mount_point: str


def user_data(
    fqdn: str,
    *,
    volumes: Sequence[LabelledVolume] = (),
    version: int = LATEST_VERSION,
    additional: str = "",
    variables: Mapping[str, str] | None = None,
) -> str:
    """The cloud-config of one server.

    Args:
        fqdn: the node's full name.
        volumes: its volumes; only the control node has some.
        version: version of the script that prepares them.
        additional: the operator's cloud-config, with ``${name}`` placeholders.
        variables: the values of the placeholders.
    """
    parts = ["#cloud-config", f"fqdn: {fqdn}"]
    if volumes:
        parts += _volumes(volumes, _SCRIPTS[version])
    text = "\n".join(parts) + "\n"
    if additional.strip():
        text += fill(additional, variables or {}).rstrip("\n") + "\n"
    return text


def _volumes(volumes: Sequence[LabelledVolume], text: str) -> list[str]:
    script = ["    " + line for line in text.splitlines()]
    arguments = [f"  - {word}" for volume in volumes for word in (volume.volume_id[:_SERIAL_LENGTH], volume.label)]
    # Without options, cloud-init writes the distribution's defaults: a missing volume does not stop the boot.
    mounts = [f"- [LABEL={volume.label}, {volume.mount_point}]" for volume in volumes]
    return ["bootcmd:", "- - sh", "  - -c", "  - |", *script, "  - prepare-volumes", *arguments, "mounts:", *mounts]
