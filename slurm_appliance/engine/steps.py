"""The engine's actual or planned steps on resources, as plain data, without the resources' content."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from slurm_appliance.journal.replay import COMMAND_TYPE

#: Tokens of resources that are referenced here.
SERVER = "openstack:compute/instance:Instance"
VOLUME = "openstack:blockstorage/volume:Volume"
SHARE = "openstack:sharedfilesystem/share:Share"
SHARE_ACCESS = "openstack:sharedfilesystem/shareAccess:ShareAccess"
ATTACHMENT = "openstack:compute/volumeAttach:VolumeAttach"
PORT = "openstack:networking/port:Port"
NETWORK = "openstack:networking/network:Network"
SUBNET = "openstack:networking/subnet:Subnet"
ROUTER = "openstack:networking/router:Router"
ROUTER_INTERFACE = "openstack:networking/routerInterface:RouterInterface"
SECURITY_GROUP = "openstack:networking/secGroup:SecGroup"
SECURITY_GROUP_RULE = "openstack:networking/secGroupRule:SecGroupRule"
SERVER_GROUP = "openstack:compute/serverGroup:ServerGroup"
KEY_PAIR = "openstack:compute/keypair:Keypair"
FLOATING_IP = "openstack:networking/floatingIpAssociate:FloatingIpAssociate"
ALLOCATED_IP = "openstack:networking/floatingIp:FloatingIp"
CREDENTIAL = "openstack:identity/applicationCredential:ApplicationCredential"
COMMAND = COMMAND_TYPE

#: Resources that hold data, and their words: nothing removes one, or makes one again, unless an operator says so.
HOLDING_DATA = {VOLUME: "volume", SHARE: "share"}

#: The parts of a replacement; ``replace`` stands for the whole.
_PARTS = frozenset({"create-replacement", "delete-replaced"})
_NOTHING = frozenset({"same", "read", "refresh"})


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        urn: the resource's.
        type: its type token.
        op: the engine's operation: create, update, replace, delete, same and so on.
        parent: the URN of its component; empty for the stack.
        changed: the properties that change, as paths.
        replacing: those of them that force a replacement.
    """

    urn: str
    type: str
    op: str
    parent: str = ""
    changed: tuple[str, ...] = ()
    replacing: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The resource's name."""
        return self.urn.rpartition("::")[2]

    @property
    def group(self) -> str:
        """The name of its component."""
        return self.parent.rpartition("::")[2]

    @property
    def is_component(self) -> bool:
        """Whether it is a component."""
        return self.type.startswith(("slurm-appliance:", "pulumi:"))


def planned(steps: Iterable[Step]) -> list[Step]:
    """The steps that change something, with a replacement counted once."""
    return [step for step in steps if step.op not in _NOTHING | _PARTS and not step.is_component]


def counts(steps: Iterable[Step]) -> dict[str, int]:
    """Number of changed resources by operation, the same in a preview and in the run that follows it."""
    return dict(sorted(Counter(step.op for step in planned(steps)).items()))


def of_type(steps: Iterable[Step], type_: str) -> dict[str, Step]:
    """The planned steps of one type, by the resource's name."""
    return {step.name: step for step in planned(steps) if step.type == type_}
