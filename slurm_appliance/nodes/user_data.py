"""The user data of servers: tiny, constant, and pinned by a test.

OpenStack replaces a server whose user data changes by one character, so that only what a node cannot boot without is in
here: its full name, and on the control node the volumes that it keeps its state on. Everything else comes from
metadata, from the image, or from the playbooks.

What has to change all the same gets a new version. Servers that are created get the latest one, and metadata says which
(metadata.py); servers that exist keep theirs, so that a newer slurm-appliance replaces none of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slurm_appliance.cloud.facts import ServerFacts
from slurm_appliance.config.template import fill
from slurm_appliance.nodes import volume_scripts

#: What prepares volumes, by version.
_SCRIPTS = {1: volume_scripts.FIRST, 2: volume_scripts.BLANK_ONLY}
#: The version of servers whose metadata has none.
FIRST_VERSION = min(_SCRIPTS)
LATEST_VERSION = max(_SCRIPTS)
_VERSIONS_AS_TEXT = {str(version): version for version in _SCRIPTS}

#: Hypervisors show so much of a volume's id as the disk's serial number.
_SERIAL_LENGTH = 20


def version_of(server: ServerFacts | None) -> int:
    """The version of user data for a control node: its own where it exists, or else the latest.

    A version that this program does not know stops ``up`` and ``preview`` in the preflight checks; whoever looks all
    the same is told the latest.
    """
    if server is None:
        return LATEST_VERSION
    return _VERSIONS_AS_TEXT.get(server.user_data_version or str(FIRST_VERSION), LATEST_VERSION)


def is_known(server: ServerFacts) -> bool:
    """Whether this program knows the version that a server was created with."""
    return not server.user_data_version or server.user_data_version in _VERSIONS_AS_TEXT


@dataclass(frozen=True)
class LabelledVolume:
    """A volume that the control node mounts.

    Attributes:
        volume_id: its id in OpenStack; what is found below /dev/disk/by-id.
        label: the label of its file system, given to it when it is empty.
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
        volumes: what it mounts; the control node has some, others none.
        version: of the script that prepares them.
        additional: the operator's cloud-config, with ``${name}`` placeholders.
        variables: what the placeholders stand for.
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
    # Without options, cloud-init writes the distribution's own: a missing volume does not stop the boot.
    mounts = [f"- [LABEL={volume.label}, {volume.mount_point}]" for volume in volumes]
    return ["bootcmd:", "- - sh", "  - -c", "  - |", *script, "  - prepare-volumes", *arguments, "mounts:", *mounts]
