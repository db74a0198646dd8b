"""The Nova driver's calls about a server's ports and volumes."""

from collections.abc import Mapping
from typing import Any

import nova.conf

from localcloud.compute import devices
from localcloud.compute import instance as facts_of
from localcloud.compute.driver_base import DriverBase, reported
from localcloud.compute.server_facts import disk_from_mapping, next_device, volume_id
from localcloud.host import loop_device
from localcloud.network.nic import Nic
from localcloud.network.nic import next_device as next_interface


class DeviceCalls(DriverBase):
    """Ports plugged and unplugged, volumes attached and detached, for running and stopped servers."""

    def plug_vifs(self, instance: Any, network_info: Any) -> None:
        """Plug the ports of a known server again."""
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
        devices.add_nic(node, Nic.from_vif(vif, device), self._metadata_url)

    @reported
    def detach_interface(self, context: Any, instance: Any, vif: Mapping[str, Any]) -> None:
        """Detach a port from a server."""
        facts = self._load(instance)
        if facts is not None:
            devices.remove_nic(self._node(facts), vif["id"], self._metadata_url)

    def get_volume_connector(self, instance: Any) -> dict[str, Any]:
        """Return the connector: the volume driver only needs to know that it is this host."""
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
        """Attach a volume to a server, running or not."""
        mapping = {"connection_info": connection_info, "mount_device": mountpoint}
        root = instance.root_device_name or facts_of.ROOT_DEVICE
        devices.add_disk(self._existing(instance), disk_from_mapping(mapping, root), self._metadata_url)

    @reported
    def detach_volume(
        self,
        context: Any,
        connection_info: Mapping[str, Any],
        instance: Any,
        mountpoint: str,
        encryption: Any = None,
    ) -> None:
        """Detach a volume from a server."""
        facts = self._load(instance)
        if facts is not None:
            devices.remove_disk(self._node(facts), volume_id(connection_info), self._metadata_url)

    def extend_volume(
        self, context: Any, connection_info: Mapping[str, Any], instance: Any, requested_size: int
    ) -> None:
        """Make a server see the new size of its volume."""
        loop_device.resize(connection_info["data"]["device_path"])

    def default_root_device_name(self, instance: Any, image_meta: Any, root_bdm: Any) -> str:
        """The name of the root device."""
        return facts_of.ROOT_DEVICE

    def default_device_names_for_instance(self, instance: Any, root_device_name: str, *lists: Any) -> None:
        """Name the volumes of a new server."""
        facts_of.name_devices(root_device_name, [device for each in lists for device in each])

    def get_device_name_for_instance(self, instance: Any, bdms: Any, block_device_obj: Any) -> str:
        """The device name for a new volume: the requested one if free, otherwise the next."""
        root = instance.root_device_name or facts_of.ROOT_DEVICE
        used = {root, *(device.device_name for device in bdms if device.device_name)}
        wanted = block_device_obj.device_name
        return str(wanted) if wanted and wanted.startswith("/dev/vd") and wanted not in used else next_device(used)
