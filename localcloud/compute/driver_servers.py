"""The Nova driver's calls about a server's life."""

import shutil
from typing import Any

from nova import exception
from nova.compute import task_states, utils
from oslo_log import log

from localcloud.compute import images
from localcloud.compute.driver_base import DriverBase, reported
from localcloud.faults.store import take_server_fault
from localcloud.host.command import HostError

LOG = log.getLogger(__name__)

#: Timeout for a guest to shut down or reboot by itself, in seconds; Nova may allow less.
GRACE, REBOOT_LIMIT = 30.0, 60.0


class ServerCalls(DriverBase):
    """Creates, rebuilds, starts, stops, copies and removes servers."""

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
        """Create a server and start it; a failure leaves nothing behind."""
        try:
            node = self._prepared(context, instance, network_info, block_device_info)
            if power_on:
                self._start(node, instance)
        except HostError as error:
            LOG.exception("Server %s cannot be created", instance.uuid)
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
        """Give a server a new root from its image; ports and volumes are kept.

        Raises:
            NotImplementedError: Nova must use its default: Cinder writes the image to the boot volume.
        """
        # Nova passes reimage_boot_volume with microversion 2.93 or later, for any kind of server.
        from_volume = reimage_boot_volume and utils.is_volume_backed_instance(context, instance, bdms)
        if evacuate or preserve_ephemeral or from_volume:
            raise NotImplementedError
        before = self._load(instance)
        if before is not None:
            self._node(before).decide_renewal()
            self._node(before).stop(GRACE / 3)
        if take_server_fault("rebuild-error", instance.uuid, instance.display_name):
            raise HostError("injected fault: the rebuild fails", where=f"server {instance.uuid}")
        instance.task_state = task_states.REBUILD_BLOCK_DEVICE_MAPPING
        instance.save(expected_task_state=[task_states.REBUILDING])
        node = self._prepared(context, instance, network_info, block_device_info)
        instance.task_state = task_states.REBUILD_SPAWNING
        instance.save(expected_task_state=[task_states.REBUILD_BLOCK_DEVICE_MAPPING])
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
        """Remove a server and everything of it on the host; a missing server is not an error."""
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
        """Remove a server's leftovers of a failed action."""
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
        """Start a stopped server."""
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
        """Reboot a server: softly if it responds, otherwise kill it and start it as Nova describes it."""
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
        """Resume a server's processes."""
        self._existing(instance).groups.freeze(frozen=False)

    def get_console_output(self, context: Any, instance: Any) -> bytes:
        """The last lines of a server's console."""
        return self._existing(instance).console_end(102400)

    @reported
    def snapshot(self, context: Any, instance: Any, image_id: str, update_task_state: Any) -> None:
        """Create an image of a server's root."""
        images.snapshot(context, self._existing(instance), image_id, self._cache, update_task_state)
