"""Nova's own libvirt driver on this cloud: QEMU machines with kernels of their own.

``compute_driver = localcloud.VmDriver``, with this module known to Python as ``nova.virt.localcloud``. What differs
from Nova's driver: ports are taps on this cloud's bridges, volumes are Cinder's files, the host offers what
``[localcloud]`` says, privileged calls are made in this process, and faults can be injected.
"""

from pathlib import Path
from typing import Any

import nova.conf
import nova.privsep
import os_brick.privileged
from nova import exception
from nova.virt.libvirt import driver as libvirt_driver

from localcloud.faults.store import take_server_fault
from localcloud.host import options
from localcloud.network.host_text import Reachable
from localcloud.network.ruleset import PortFilter
from localcloud.virtual.ports import TapOnBridge

#: What Cinder's driver calls its connections, and what handles them here.
_VOLUMES = {"localcloud": "localcloud.virtual.volumes.FileVolume"}


class VmDriver(libvirt_driver.LibvirtDriver):
    """Runs servers as QEMU machines, which are emulated where there is no KVM."""

    def __init__(self, virtapi: Any, read_only: bool = False) -> None:
        # This process is root's already: no daemon is needed for what only root may do.
        for context in (nova.privsep.sys_admin_pctxt, os_brick.privileged.default):
            context.set_client_mode(False)
        super().__init__(virtapi, read_only)
        self._places = options.places(nova.conf.CONF)
        self._local = nova.conf.CONF.localcloud
        # libvirt names the host as the machine is named, which may change; Nova's database has the node's name.
        self._host.get_hostname = lambda: nova.conf.CONF.host
        self.vif_driver = TapOnBridge(self._host, self._places)
        libvirt_driver.VOLUME_DRIVERS.update(_VOLUMES)

    def init_host(self, host: str) -> None:
        """Prepare the host; running servers are not affected."""
        for folder in (Path(nova.conf.CONF.instances_path), self._places.servers):
            folder.mkdir(parents=True, exist_ok=True)
        reachable = Reachable(self._local.api_address, tuple(self._local.api_ports), self._local.metadata_address)
        PortFilter(self._places).rebuild(reachable)
        super().init_host(host)

    def _get_guest_config(self, instance: Any, *arguments: Any, **more: Any) -> Any:
        guest = super()._get_guest_config(instance, *arguments, **more)
        if nova.conf.CONF.libvirt.virt_type == "qemu":
            # All that the emulator can do, which no option of Nova's says.
            guest.cpu.mode = "maximum"
        if guest.os_firmware is not None:
            # Debian 12's libvirt chooses firmware by os_firmware_secure, and refuses to hear it twice.
            guest.os_loader_secure = None
        if take_server_fault("never-boots", instance.uuid, instance.display_name):
            guest.os_boot_dev = ["network"]  # Nothing answers there.
        return guest

    def rebuild(self, context: Any, instance: Any, *arguments: Any, **more: Any) -> None:
        """Fail if a fault says so; otherwise Nova's default: destroy and spawn.

        Raises:
            NotImplementedError: Nova must use its default.
        """
        if take_server_fault("rebuild-error", instance.uuid, instance.display_name):
            raise exception.NovaException("injected fault: the rebuild fails")
        raise NotImplementedError

    def get_console_output(self, context: Any, instance: Any) -> bytes:
        """Return the end of the log that QEMU writes of the console.

        Nova's driver reads the console's terminal first, which becomes this process's own: it is sent SIGHUP when the
        machine ends.
        """
        log = Path(self._get_console_log_path(instance))
        output: bytes = self._get_console_output_file(instance, str(log)) if log.exists() else b""
        return output

    def get_volume_connector(self, instance: Any) -> dict[str, Any]:
        """Return the connector: the volume driver only needs to know that it is this host."""
        return {"ip": nova.conf.CONF.my_block_storage_ip, "host": nova.conf.CONF.host, "initiator": "localcloud"}

    def update_provider_tree(self, provider_tree: Any, nodename: str, allocations: Any = None) -> None:
        """Report the host's resources to Placement. Processors of servers are threads: there is no limit."""
        super().update_provider_tree(provider_tree, nodename, allocations)
        inventory = provider_tree.data(nodename).inventory
        if "VCPU" in inventory:
            inventory["VCPU"].update(total=self._local.vcpus, max_unit=self._local.vcpus)
            provider_tree.update_inventory(nodename, inventory)
