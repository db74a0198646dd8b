"""The Nova driver's calls about resizes, which stay on this host: only the limits change."""

from typing import Any

from localcloud.compute.driver_servers import ServerCalls


class ResizeCalls(ServerCalls):
    """Stops a server, changes its limits to another flavor's, and starts it again."""

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
        """Start a server with its former flavor."""
        if power_on:
            self.power_on(context, instance, network_info, block_device_info)

    def confirm_migration(self, context: Any, migration: Any, instance: Any, network_info: Any) -> None:
        """Do nothing: the server never moved."""
