"""The Cinder driver: translates Cinder's calls to `localcloud.volume.files`.

``volume_driver = localcloud.volume.driver.FileVolumeDriver``. Options: see `localcloud.host.options`. The compute
driver runs on the same machine and attaches a volume's file itself: a connection is the file's path.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cinder.volume import driver
from oslo_config import cfg

from localcloud.host import archive, loop_device, options
from localcloud.volume import disk, files, image_export


class FileVolumeDriver(driver.VolumeDriver):
    """Volumes are sparse files on this host."""

    VERSION = "1.0.0"
    CI_WIKI_NAME = "none"

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._folder = options.places(cfg.CONF).volumes
        self._machines = cfg.CONF.localcloud.servers == "vm"

    def check_for_setup_error(self) -> None:
        """Create the folder; no other setup is needed."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def _file(self, volume: Any) -> Path:
        return self._folder / str(volume["name"])

    def local_path(self, volume: Any) -> str:
        """A volume's file."""
        return str(self._file(volume))

    def get_volume_stats(self, refresh: bool = False) -> dict[str, Any]:
        """The backend's capacity: files are sparse, so it exceeds the disk."""
        name = self.configuration.safe_get("volume_backend_name") or "file"
        usage = shutil.disk_usage(self._folder)
        return {
            "volume_backend_name": name,
            "vendor_name": "localcloud",
            "driver_version": self.VERSION,
            "storage_protocol": "file",
            "total_capacity_gb": "infinite",
            "free_capacity_gb": "infinite" if usage.free > files.GIB else 0,
            "reserved_percentage": 0,
            "QoS_support": False,
            "multiattach": False,
            "thin_provisioning_support": True,
        }

    # Volumes and snapshots

    def create_volume(self, volume: Any) -> None:
        """Create an empty volume."""
        files.make_sparse(self._file(volume), volume["size"] * files.GIB)

    def delete_volume(self, volume: Any) -> None:
        """Remove a volume; a missing one is not an error."""
        loop_device.detach(self._file(volume))
        files.remove(self._file(volume))

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """Grow a volume to a size in GiB; Nova notifies its server."""
        files.grow(self._file(volume), new_size * files.GIB)

    def create_snapshot(self, snapshot: Any) -> None:
        """Copy a volume, attached or not, as it is on disk now."""
        os.sync()  # A server's writes may not have reached the file yet.
        files.copy(self._folder / str(snapshot["volume_name"]), self._file(snapshot))

    def delete_snapshot(self, snapshot: Any) -> None:
        """Remove a snapshot; a missing one is not an error."""
        files.remove(self._file(snapshot))

    def create_volume_from_snapshot(self, volume: Any, snapshot: Any) -> None:
        """Create a volume from a snapshot."""
        self._copy(self._file(snapshot), volume)

    def create_cloned_volume(self, volume: Any, src_vref: Any) -> None:
        """Create a volume as a copy of another volume."""
        os.sync()
        self._copy(self._file(src_vref), volume)

    def revert_to_snapshot(self, context: Any, volume: Any, snapshot: Any) -> None:
        """Reset a volume to a snapshot."""
        self._copy(self._file(snapshot), volume)

    def _copy(self, source: Path, volume: Any) -> None:
        files.copy(source, self._file(volume))
        files.grow(self._file(volume), volume["size"] * files.GIB)

    # Images

    def clone_image(
        self, context: Any, volume: Any, image_location: Any, image_meta: Mapping[str, Any], image_service: Any
    ) -> tuple[dict[str, Any], bool]:
        """Create a volume with an image's bytes, bypassing Cinder's own inspection of them."""
        files.make_sparse(self._file(volume), volume["size"] * files.GIB)
        self.copy_image_to_volume(context, volume, image_service, image_meta["id"])
        return {}, True

    def copy_image_to_volume(
        self,
        context: Any,
        volume: Any,
        image_service: Any,
        image_id: str,
        disable_sparse: bool = False,
    ) -> None:
        """Write an image's bytes to a new volume, or to one being reimaged."""
        file = self._file(volume)
        blob = file.with_name(f"{file.name}.blob")
        try:
            with blob.open("wb") as stream:
                image_service.download(context, image_id, stream)
            loop_device.detach(file)
            if self._machines:
                disk.write(file, blob)
            else:
                files.write_image(file, image_id, blob)
        finally:
            blob.unlink(missing_ok=True)

    def copy_volume_to_image(
        self, context: Any, volume: Any, image_service: Any, image_meta: Mapping[str, Any]
    ) -> None:
        """Create an image of a volume: of the root filesystem that a container booted from, else of its bytes."""
        file = self._file(volume)
        blob = file.with_name(f"{file.name}.blob")
        try:
            os.sync()
            if self._machines:
                disk.convert(file, blob, str(image_meta["disk_format"]))
            elif archive.kind(file):
                files.copy_start(file, blob, files.image_of(file)[1])
            elif volume["bootable"]:
                image_export.pack(file, blob)
            else:
                files.copy(file, blob)
            with blob.open("rb") as stream:
                image_service.update(context, image_meta["id"], {}, stream)
        finally:
            files.remove(blob)

    # Connections

    def ensure_export(self, context: Any, volume: Any) -> None:
        """Do nothing: a file needs no export."""

    def create_export(self, context: Any, volume: Any, connector: Any) -> None:
        """Do nothing: a file needs no export."""

    def remove_export(self, context: Any, volume: Any) -> None:
        """Do nothing: a file needs no export."""

    def initialize_connection(self, volume: Any, connector: Any, **_options: Any) -> dict[str, Any]:
        """Return the file's path to Nova."""
        data = {"device_path": str(self._file(volume)), "volume_id": str(volume["id"])}
        return {"driver_volume_type": "localcloud", "data": data}

    def terminate_connection(self, volume: Any, connector: Any, **_options: Any) -> None:
        """Do nothing: the compute driver has already released the file."""
