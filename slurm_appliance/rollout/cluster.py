"""The real cluster: Slurm and targets from the control node, images from the cloud."""

import time
from collections.abc import Collection

from slurm_appliance.config.rollout import RolloutMethod
from slurm_appliance.rollout.control import ControlNode
from slurm_appliance.rollout.facts import NodeFacts, RolloutFacts
from slurm_appliance.rollout.images import ImageLookup
from slurm_appliance.rollout.plan import ActionKind, SlurmRequest


class SlurmCluster:
    """See `drive.ClusterView`.

    Queries a server's image once, and again only after its node has booted.
    """

    def __init__(self, control: ControlNode, images: ImageLookup, via: RolloutMethod = RolloutMethod.REBOOT) -> None:
        self._control = control
        self._images = images
        self._via = via
        self._known: dict[str, str] = {}
        self._boot_times: dict[str, int] = {}

    def look(self, names: Collection[str]) -> RolloutFacts:
        """See `drive.ClusterView.look`."""
        targets = self._control.targets()
        nodes = self._control.nodes()
        jobs = self._control.jobs() if self._via is RolloutMethod.JOB else {}
        wanted = {}
        for name in names:
            slurm, target = nodes.get(name), targets.get(name)
            if target is None:
                continue
            booted = slurm is not None and slurm.boot_time != self._boot_times.get(name)
            if booted or not self._known.get(name):
                wanted[name] = target.instance_id
        # Query after Slurm: then a node that is back in Slurm runs the reported image.
        found = self._images.of(set(wanted.values()))
        for name, instance_id in wanted.items():
            self._known[name] = found[instance_id]
            if name in nodes:
                self._boot_times[name] = nodes[name].boot_time
        return RolloutFacts(
            {
                name: NodeFacts(
                    slurm=nodes.get(name),
                    current=self._known.get(name, ""),
                    target=targets[name].image_id if name in targets else "",
                    job=jobs[name].state if name in jobs else "",
                )
                for name in names
            },
            now=time.time(),
        )

    def act(self, action: SlurmRequest) -> None:
        """See `drive.ClusterView.act`."""
        if action.kind is ActionKind.REBOOT:
            self._control.reboot(action.nodes, self._via)
        else:
            self._control.cancel(action.nodes, self._via)
