"""The user data of servers: tiny, constant, and pinned by a test.

OpenStack replaces a server whose user data changes by one character, so that only what a node cannot boot without is in
here: its full name, and on the control node the volumes that it keeps its state on. Everything else comes from
metadata, from the image, or from the playbooks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slurm_appliance.config.template import fill

#: Volumes are attached when the server runs already; so long the boot waits for them.
ATTACH_LIMIT_SECONDS = 300

# cloud-init runs this at every boot, before it mounts. Only a volume with nothing on it is given a file system: blkid
# ends with 2 where it finds neither a file system nor a partition table, and with something else when it is unsure.
_PREPARE = f"""\
while [ $# -ge 2 ]; do
  n=0
  until dev=$(ls -d /dev/disk/by-id/*"$1"* 2>/dev/null | head -n 1); [ -b "$dev" ]; do
    n=$((n + 1))
    [ $n -le {ATTACH_LIMIT_SECONDS} ] || {{ echo "volume $1 ($2) was not attached" >&2; exit 1; }}
    sleep 1
  done
  blkid -p "$dev" >/dev/null
  [ $? -ne 2 ] || mkfs.ext4 -q -L "$2" "$dev" || exit 1
  shift 2
done
"""

#: Hypervisors show so much of a volume's id as the disk's serial number.
_SERIAL_LENGTH = 20


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
    additional: str = "",
    variables: Mapping[str, str] | None = None,
) -> str:
    """The cloud-config of one server.

    Args:
        fqdn: the node's full name.
        volumes: what it mounts; the control node has some, others none.
        additional: the operator's cloud-config, with ``${name}`` placeholders.
        variables: what the placeholders stand for.
    """
    parts = ["#cloud-config", f"fqdn: {fqdn}"]
    if volumes:
        parts += _volumes(volumes)
    text = "\n".join(parts) + "\n"
    if additional.strip():
        text += fill(additional, variables or {}).rstrip("\n") + "\n"
    return text


def _volumes(volumes: Sequence[LabelledVolume]) -> list[str]:
    script = ["    " + line for line in _PREPARE.splitlines()]
    arguments = [f"  - {word}" for volume in volumes for word in (volume.volume_id[:_SERIAL_LENGTH], volume.label)]
    # Without options, cloud-init writes the distribution's own: a missing volume does not stop the boot.
    mounts = [f"- [LABEL={volume.label}, {volume.mount_point}]" for volume in volumes]
    return ["bootcmd:", "- - sh", "  - -c", "  - |", *script, "  - prepare-volumes", *arguments, "mounts:", *mounts]
