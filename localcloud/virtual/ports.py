"""Ports of virtual machines: taps on the network's bridge, with the filter, DHCP and metadata of every server."""

import shutil
from pathlib import Path
from typing import Any

from nova.virt.libvirt import vif as libvirt_vif

from localcloud.compute import instance as facts_of
from localcloud.compute.server_facts import HostedServerFacts
from localcloud.host.places import CloudPlaces
from localcloud.network import bridge, names
from localcloud.network.nic import Nic


class TapOnBridge(libvirt_vif.LibvirtGenericVIFDriver):
    """Plugs every port as a tap into its network's bridge, whatever type Neutron says it is.

    Args:
        host: Nova's view of libvirt.
        places: the host's folders. A server's has the facts by which the metadata service knows it.
    """

    def __init__(self, host: Any, places: CloudPlaces) -> None:
        super().__init__(host)
        self._places = places

    def get_vif_devname(self, vif: Any) -> str:
        """The name that the filter knows the port by."""
        return names.port(vif["id"])

    def get_config(self, instance: Any, vif: Any, image_meta: Any, flavor: Any, virt_type: Any) -> Any:
        """The tap, which exists before the machine does."""
        return self.get_config_tap(instance, vif, image_meta, flavor, virt_type)

    def plug(self, instance: Any, vif: Any) -> None:
        """Make a port's bridge, lease and tap, and note whose address it is."""
        folder = self._folder(instance)
        folder.mkdir(parents=True, exist_ok=True)
        nic = Nic.from_vif(vif, names.port(vif["id"]))
        facts_of.server_facts(instance, None, None, HostedServerFacts.load(folder)).with_nic(nic).save(folder)
        bridge.plug_tap(nic, self._places.dhcp)

    def unplug(self, instance: Any, vif: Any) -> None:
        """Undo `plug`."""
        bridge.unplug(Nic.from_vif(vif, names.port(vif["id"])), self._places.dhcp)
        folder = self._folder(instance)
        facts = HostedServerFacts.load(folder)
        if facts is None:
            return
        left = facts.without_nic(vif["id"])
        if left.nics:
            left.save(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, instance: Any) -> Path:
        return self._places.servers / str(instance.uuid)
