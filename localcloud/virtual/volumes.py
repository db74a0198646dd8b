"""Cinder's volumes in virtual machines: raw files."""

from collections.abc import Mapping
from typing import Any

from nova.virt.libvirt.volume import volume as libvirt_volume


class FileVolume(libvirt_volume.LibvirtBaseVolumeDriver):
    """Gives a volume's file to a machine.

    Args:
        host: Nova's view of libvirt.
    """

    def __init__(self, host: Any) -> None:
        super().__init__(host, is_block_dev=False)

    def get_config(self, connection_info: Mapping[str, Any], disk_info: Mapping[str, Any]) -> Any:
        """A raw file, written through the host's cache; what a file system discards becomes a hole."""
        disk = super().get_config(connection_info, disk_info)
        disk.source_type, disk.source_path = "file", connection_info["data"]["device_path"]
        disk.driver_cache, disk.driver_discard = "writeback", "unmap"
        return disk

    def extend_volume(self, connection_info: Any, instance: Any, requested_size: int) -> int:
        """Return the size: Cinder has grown the file."""
        return requested_size
