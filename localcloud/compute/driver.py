"""The Nova driver: translates Nova's calls to `HostedServer`. This module has the calls about the host.

``compute_driver = localcloud.NspawnDriver``, with this module known to Python as ``nova.virt.localcloud``. Options:
see `localcloud.host.options`.
"""

from pathlib import Path
from typing import Any

import nova.conf
from nova.compute import power_state
from nova.virt import driver, event, hardware
from nova.virt.node import get_local_node_uuid
from oslo_log import log

from localcloud.compute import host as machine
from localcloud.compute import images, lifecycle, resources
from localcloud.compute.driver_devices import DeviceCalls
from localcloud.compute.driver_resize import ResizeCalls
from localcloud.compute.server_facts import load_all
from localcloud.network.host_text import Reachable
from localcloud.network.ruleset import PortFilter

LOG = log.getLogger(__name__)


class NspawnDriver(ResizeCalls, DeviceCalls):
    """Runs servers as systemd-nspawn containers on this host."""

    capabilities = driver.ComputeDriver.capabilities | {
        "has_imagecache": True,
        "supports_attach_interface": True,
        "supports_device_tagging": True,
        "supports_extend_volume": True,
        "supports_image_type_raw": True,
        "supports_migrate_to_same_host": True,
        "supports_tagged_attach_interface": True,
        "supports_tagged_attach_volume": True,
    }

    def init_host(self, host: str) -> None:
        """Prepare the host; running servers are not affected."""
        machine.prepare(self._places.state)
        self._cache.clear_partial()
        reachable = Reachable(self._options.api_address, tuple(self._options.api_ports), self._options.metadata_address)
        PortFilter(self._places).rebuild(reachable)
        lifecycle.watch(self._running, self._tell_stopped)

    def _running(self) -> set[str]:
        return {facts.uuid for facts in load_all(self._places.servers) if self._node(facts).running}

    def _tell_stopped(self, uuid: str) -> None:
        self.emit_event(event.LifecycleEvent(uuid, event.EVENT_LIFECYCLE_STOPPED))

    def get_available_nodes(self, refresh: bool = False) -> list[str]:
        """One node: this host."""
        return [nova.conf.CONF.host]

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        """The host's name by the ID in Nova's state folder."""
        return {get_local_node_uuid(): nova.conf.CONF.host}

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """The resources that the host reports."""
        return resources.available(nodename, len(self.list_instance_uuids()))

    def update_provider_tree(self, provider_tree: Any, nodename: str, allocations: Any = None) -> None:
        """Report the host's resources to Placement."""
        ratios = self._get_allocation_ratios(provider_tree.data(nodename).inventory)
        provider_tree.update_inventory(nodename, resources.inventory(ratios))

    def get_host_ip_addr(self) -> str:
        """The host's address for migrations, which do not happen."""
        return str(nova.conf.CONF.my_ip)

    def get_host_uptime(self) -> str:
        """The host's uptime as uptime(1) prints it."""
        seconds = float(Path("/proc/uptime").read_text().split()[0])
        return f"up {seconds // 86400:.0f} days, {seconds % 86400 // 3600:.0f}:{seconds % 3600 // 60:02.0f}"

    def list_instance_uuids(self) -> list[str]:
        """Ids of the servers on this host."""
        return [facts.uuid for facts in load_all(self._places.servers)]

    def list_instances(self) -> list[str]:
        """Nova's internal names of the servers on this host."""
        return [facts.name for facts in load_all(self._places.servers)]

    def instance_exists(self, instance: Any) -> bool:
        """Whether the host knows a server."""
        return self._load(instance) is not None

    def get_info(self, instance: Any, use_cache: bool = True) -> Any:
        """A server's power state."""
        node = self._existing(instance)
        if not node.running:
            return hardware.InstanceInfo(state=power_state.SHUTDOWN)
        return hardware.InstanceInfo(state=power_state.PAUSED if node.groups.frozen else power_state.RUNNING)

    def instance_on_disk(self, instance: Any) -> bool:
        """Whether the host stores a server's data."""
        return self.instance_exists(instance)

    def manage_image_cache(self, context: Any, all_instances: Any) -> None:
        """Remove unpacked images that no server uses any more."""
        used = {facts.image for facts in load_all(self._places.servers)}
        used |= {each.image_ref for each in all_instances if each.image_ref}
        age = nova.conf.CONF.image_cache.remove_unused_original_minimum_age_seconds
        removed = self._cache.purge(used, age)
        if removed:
            LOG.info("Removed unused images: %s", ", ".join(removed))

    def cache_image(self, context: Any, image_id: str) -> bool:
        """Unpack an image in advance."""
        there = self._cache.root(image_id).is_dir()
        images.unpack(context, image_id, self._cache)
        return not there
