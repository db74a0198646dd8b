"""The Nova driver: Nova's calls turned into those of a `Node`.

``compute_driver = localcloud.NspawnDriver``, with this module known to Python as ``nova.virt.localcloud``. Options:
see `localcloud.compute.options`.
"""

import functools
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import nova.conf
from nova import exception
from nova.compute import power_state, task_states
from nova.virt import driver, event, hardware
from nova.virt.node import get_local_node_uuid
from oslo_log import log

from localcloud.compute import cgroups, images, lifecycle, loop_device, options, resources
from localcloud.compute import host as machine
from localcloud.compute import instance as facts_of
from localcloud.compute.boot_slots import BootSlots, slots_for
from localcloud.compute.command import HostError
from localcloud.compute.image_cache import ImageCache
from localcloud.compute.node import Node
from localcloud.compute.server_facts import ServerFacts, disk_from_mapping, load_all, next_device, volume_id
from localcloud.faults.store import take_server_fault
from localcloud.network.host_text import Reachable
from localcloud.network.nic import Nic
from localcloud.network.nic import next_device as next_interface
from localcloud.network.ruleset import PortFilter

LOG = log.getLogger(__name__)

#: Seconds that a guest gets to shut down or reboot by itself, at most; Nova may allow less.
GRACE, REBOOT_LIMIT = 30.0, 60.0

P = ParamSpec("P")
R = TypeVar("R")


def reported(call: Callable[P, R]) -> Callable[P, R]:
    """Let Nova show what the host could not do: it shows the text of its own exceptions only."""

    @functools.wraps(call)
    def wrapped(*arguments: P.args, **options: P.kwargs) -> R:
        try:
            return call(*arguments, **options)
        except HostError as error:
            raise exception.NovaException(str(error)) from error

    return wrapped


class NspawnDriver(driver.ComputeDriver):
    """Servers are systemd-nspawn containers on this host."""

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

    def __init__(self, virtapi: Any, read_only: bool = False) -> None:
        super().__init__(virtapi)
        self._places = options.places(nova.conf.CONF)
        self._options = nova.conf.CONF.localcloud
        self._layout = cgroups.host_layout()
        self._cache = ImageCache(self._places.images)
        count = slots_for(os.cpu_count() or 1, self._options.concurrent_boots)
        self._slots = BootSlots(count, self._options.boot_slot_seconds)
        self._metadata_url = f"http://{self._options.metadata_address}"

    # The host

    def init_host(self, host: str) -> None:
        """Make the host ready; servers that run are left alone."""
        self._places.servers.mkdir(parents=True, exist_ok=True)
        machine.prepare()
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
        """The host's name by the id that Nova keeps in its state folder."""
        return {get_local_node_uuid(): nova.conf.CONF.host}

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        """What the host says it has."""
        return resources.available(nodename, len(self.list_instance_uuids()))

    def update_provider_tree(self, provider_tree: Any, nodename: str, allocations: Any = None) -> None:
        """Tell Placement what the host says it has."""
        ratios = self._get_allocation_ratios(provider_tree.data(nodename).inventory)
        provider_tree.update_inventory(nodename, resources.inventory(ratios))

    def get_host_ip_addr(self) -> str:
        """The host's address for migrations, which there are none of."""
        return str(nova.conf.CONF.my_ip)

    def get_host_uptime(self) -> str:
        """The host's uptime in the words of uptime(1)."""
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
        """Whether the host has a server's data."""
        return self.instance_exists(instance)

    # Servers

    def _load(self, instance: Any) -> ServerFacts | None:
        return ServerFacts.load(self._places.servers / instance.uuid)

    def _node(self, facts: ServerFacts) -> Node:
        return Node(facts, self._places, self._layout)

    def _existing(self, instance: Any) -> Node:
        facts = self._load(instance)
        if facts is None:
            raise exception.InstanceNotFound(instance_id=instance.uuid)
        return self._node(facts)

    def _prepared(self, context: Any, instance: Any, network_info: Any, block_device_info: Any) -> Node:
        """A server as Nova says it is now, ready to be started; also after everything of it was lost."""
        before = self._load(instance)
        now = facts_of.server_facts(instance, network_info, block_device_info, before)
        node = self._node(now)
        if facts_of.renewed(before, now):
            # A rebuild was interrupted between Nova's decision and ours: what Nova shows is what starts.
            node.stop()
            node.renew()
        node.save(now)
        if now.image:
            images.unpack(context, now.image, self._cache)
        return node

    def _start(self, node: Node, instance: Any) -> None:
        """Start a server when there is a boot slot."""
        if node.running:
            return
        broken = take_server_fault("never-boots", instance.uuid, instance.display_name)
        self._slots.acquire()
        try:
            listener = self._slots.listen(node.notify_socket)
            node.start(self._metadata_url, broken=broken)
        except BaseException:
            self._slots.release()
            raise
        self._slots.release_when_booted(listener)

    def spawn(
        self,
        context: Any,
        instance: Any,
        image_meta: Any,
        injected_files: Any,
        admin_password: Any,
        allocations: Any,
        network_info: Any = None,
        block_device_info: Any = None,
        power_on: bool = True,
        accel_info: Any = None,
    ) -> None:
        """Make a server and start it; one that cannot be made leaves nothing behind."""
        try:
            node = self._prepared(context, instance, network_info, block_device_info)
            if power_on:
                self._start(node, instance)
        except HostError as error:
            LOG.exception("Server %s cannot be made", instance.uuid)
            self.destroy(context, instance, network_info, block_device_info)
            raise exception.BuildAbortException(instance_uuid=instance.uuid, reason=str(error)) from error

    @reported
    def rebuild(
        self,
        context: Any,
        instance: Any,
        image_meta: Any,
        injected_files: Any,
        admin_password: Any,
        allocations: Any,
        bdms: Any,
        detach_block_devices: Any,
        attach_block_devices: Any,
        network_info: Any = None,
        evacuate: bool = False,
        block_device_info: Any = None,
        preserve_ephemeral: bool = False,
        accel_uuids: Any = None,
        reimage_boot_volume: bool = False,
    ) -> None:
        """Give a server a new root from its image; ports and volumes stay as they are.

        Raises:
            NotImplementedError: Nova's own way is the right one: it has Cinder write the image to the boot volume.
        """
        if evacuate or preserve_ephemeral or reimage_boot_volume:
            raise NotImplementedError
        before = self._load(instance)
        if before is not None:
            self._node(before).stop(GRACE / 3)
        if take_server_fault("rebuild-error", instance.uuid, instance.display_name):
            raise HostError("fault switch: the rebuild was made to fail", where=f"server {instance.uuid}")
        instance.task_state = task_states.REBUILD_BLOCK_DEVICE_MAPPING
        instance.save(expected_task_state=[task_states.REBUILDING])
        node = self._prepared(context, instance, network_info, block_device_info)
        instance.task_state = task_states.REBUILD_SPAWNING
        instance.save(expected_task_state=[task_states.REBUILD_BLOCK_DEVICE_MAPPING])
        node.renew()
        self._start(node, instance)

    @reported
    def destroy(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        destroy_disks: bool = True,
        destroy_secrets: bool = True,
    ) -> None:
        """Remove a server and all that the host has of it; one that is gone is fine."""
        facts = self._load(instance)
        if facts is not None:
            self._node(facts).destroy(keep_root=not destroy_disks)
        elif destroy_disks:
            shutil.rmtree(self._places.servers / instance.uuid, ignore_errors=True)

    def cleanup(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        destroy_disks: bool = True,
        migrate_data: Any = None,
        destroy_vifs: bool = True,
        destroy_secrets: bool = True,
    ) -> None:
        """Remove what a failed action left of a server."""
        self.destroy(context, instance, network_info, block_device_info, destroy_disks)

    @reported
    def power_off(self, instance: Any, timeout: int = 0, retry_interval: int = 0) -> None:
        """Stop a server: ask its systemd, then kill it."""
        self._existing(instance).stop(min(float(timeout), GRACE))

    @reported
    def power_on(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        block_device_info: Any = None,
        accel_info: Any = None,
        share_info: Any = None,
    ) -> None:
        """Start a server that is off."""
        self._start(self._prepared(context, instance, network_info, block_device_info), instance)

    @reported
    def reboot(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        reboot_type: str,
        block_device_info: Any = None,
        bad_volumes_callback: Any = None,
        accel_info: Any = None,
        share_info: Any = None,
    ) -> None:
        """Reboot a server: softly if it answers, else kill it and start it from what Nova says it is."""
        facts = self._load(instance)
        if reboot_type == "SOFT" and facts is not None and self._node(facts).soft_reboot(REBOOT_LIMIT):
            return
        if facts is not None:
            self._node(facts).stop()
        self._start(self._prepared(context, instance, network_info, block_device_info), instance)

    def resume_state_on_host_boot(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        share_info: Any = None,
        block_device_info: Any = None,
    ) -> None:
        """Start a server that ran when the host went down."""
        self.power_on(context, instance, network_info, block_device_info)

    @reported
    def pause(self, instance: Any) -> None:
        """Freeze a server's processes."""
        self._existing(instance).groups.freeze(frozen=True)

    @reported
    def unpause(self, instance: Any) -> None:
        """Let a server's processes go on."""
        self._existing(instance).groups.freeze(frozen=False)

    def get_console_output(self, context: Any, instance: Any) -> bytes:
        """The end of what a server said on its console."""
        return self._existing(instance).console_end(102400)

    @reported
    def snapshot(self, context: Any, instance: Any, image_id: str, update_task_state: Any) -> None:
        """Make an image of a server's root."""
        images.snapshot(context, self._existing(instance), image_id, self._cache, update_task_state)

    # Ports

    def plug_vifs(self, instance: Any, network_info: Any) -> None:
        """Plug a server's ports again, if it is known."""
        facts = self._load(instance)
        if facts is not None:
            node = self._node(facts)
            node.save(facts_of.server_facts(instance, network_info, None, facts))
            node.plug_all()

    def unplug_vifs(self, instance: Any, network_info: Any) -> None:
        """Unplug a server's ports."""
        facts = self._load(instance)
        if facts is not None:
            self._node(facts).unplug_all()

    @reported
    def attach_interface(self, context: Any, instance: Any, image_meta: Any, vif: Mapping[str, Any]) -> None:
        """Plug a port into a server, running or not."""
        node = self._existing(instance)
        device = next_interface({nic.device for nic in node.facts.nics})
        node.add_nic(Nic.from_vif(vif, device), self._metadata_url)

    @reported
    def detach_interface(self, context: Any, instance: Any, vif: Mapping[str, Any]) -> None:
        """Take a port away from a server."""
        facts = self._load(instance)
        if facts is not None:
            self._node(facts).remove_nic(vif["id"], self._metadata_url)

    # Volumes

    def get_volume_connector(self, instance: Any) -> dict[str, Any]:
        """Who wants to connect: the volume driver only wants to know that it is this host."""
        return {"ip": nova.conf.CONF.my_block_storage_ip, "host": nova.conf.CONF.host, "initiator": "localcloud"}

    @reported
    def attach_volume(
        self,
        context: Any,
        connection_info: Mapping[str, Any],
        instance: Any,
        mountpoint: str,
        disk_bus: Any = None,
        device_type: Any = None,
        encryption: Any = None,
    ) -> None:
        """Give a server a volume, running or not."""
        mapping = {"connection_info": connection_info, "mount_device": mountpoint}
        root = instance.root_device_name or facts_of.ROOT_DEVICE
        self._existing(instance).add_disk(disk_from_mapping(mapping, root), self._metadata_url)

    @reported
    def detach_volume(
        self,
        context: Any,
        connection_info: Mapping[str, Any],
        instance: Any,
        mountpoint: str,
        encryption: Any = None,
    ) -> None:
        """Take a volume away from a server."""
        facts = self._load(instance)
        if facts is not None:
            self._node(facts).remove_disk(volume_id(connection_info), self._metadata_url)

    def extend_volume(
        self, context: Any, connection_info: Mapping[str, Any], instance: Any, requested_size: int
    ) -> None:
        """Let a server see that its volume grew."""
        loop_device.resize(connection_info["data"]["device_path"])

    def default_root_device_name(self, instance: Any, image_meta: Any, root_bdm: Any) -> str:
        """What the root device is called."""
        return facts_of.ROOT_DEVICE

    def default_device_names_for_instance(self, instance: Any, root_device_name: str, *lists: Any) -> None:
        """Name the volumes of a new server."""
        facts_of.name_devices(root_device_name, [device for each in lists for device in each])

    def get_device_name_for_instance(self, instance: Any, bdms: Any, block_device_obj: Any) -> str:
        """The name of a volume that is to be attached: the one asked for if it is free, else the next."""
        root = instance.root_device_name or facts_of.ROOT_DEVICE
        used = {root, *(device.device_name for device in bdms if device.device_name)}
        wanted = block_device_obj.device_name
        return str(wanted) if wanted and wanted.startswith("/dev/vd") and wanted not in used else next_device(used)

    # Images

    def manage_image_cache(self, context: Any, all_instances: Any) -> None:
        """Remove the unpacked images that no server uses any more."""
        used = {facts.image for facts in load_all(self._places.servers)}
        used |= {each.image_ref for each in all_instances if each.image_ref}
        age = nova.conf.CONF.image_cache.remove_unused_original_minimum_age_seconds
        removed = self._cache.purge(used, age)
        if removed:
            LOG.info("Removed unused images: %s", ", ".join(removed))

    def cache_image(self, context: Any, image_id: str) -> bool:
        """Unpack an image before a server needs it."""
        there = self._cache.root(image_id).is_dir()
        images.unpack(context, image_id, self._cache)
        return not there

    # Resizes on this host: only the limits change

    @reported
    def migrate_disk_and_power_off(
        self,
        context: Any,
        instance: Any,
        dest: str,
        flavor: Any,
        network_info: Any,
        block_device_info: Any = None,
        timeout: int = 0,
        retry_interval: int = 0,
    ) -> str:
        """Stop a server before it gets another flavor."""
        self.power_off(instance, timeout, retry_interval)
        return "{}"

    def finish_migration(
        self,
        context: Any,
        migration: Any,
        instance: Any,
        disk_info: Any,
        network_info: Any,
        image_meta: Any,
        resize_instance: bool,
        allocations: Any,
        block_device_info: Any = None,
        power_on: bool = True,
        share_info: Any = None,
    ) -> None:
        """Start a server with its new flavor."""
        if power_on:
            self.power_on(context, instance, network_info, block_device_info)

    def finish_revert_migration(
        self,
        context: Any,
        instance: Any,
        network_info: Any,
        migration: Any,
        block_device_info: Any = None,
        power_on: bool = True,
        share_info: Any = None,
    ) -> None:
        """Start a server with the flavor that it had."""
        if power_on:
            self.power_on(context, instance, network_info, block_device_info)

    def confirm_migration(self, context: Any, migration: Any, instance: Any, network_info: Any) -> None:
        """Nothing is left to remove: the server never moved."""
