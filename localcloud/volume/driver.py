"""The Cinder driver: Cinder's calls turned into those of `localcloud.volume.files`.

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
from localcloud.volume import files, image_export


class FileVolumeDriver(driver.VolumeDriver):
    """Volumes are sparse files on this host."""

    VERSION = "1.0.0"
    CI_WIKI_NAME = "none"

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self._folder = options.places(cfg.CONF).volumes

    def check_for_setup_error(self) -> None:
        """Make the folder; there is nothing else to set up."""
        self._folder.mkdir(parents=True, exist_ok=True)

    def _file(self, volume: Any) -> Path:
        return self._folder / str(volume["name"])

    def local_path(self, volume: Any) -> str:
        """A volume's file."""
        return str(self._file(volume))

    def get_volume_stats(self, refresh: bool = False) -> dict[str, Any]:
        """What the backend has: files are sparse, so there is more than the disk has."""
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
        """Make an empty volume."""
        files.make_sparse(self._file(volume), volume["size"] * files.GIB)

    def delete_volume(self, volume: Any) -> None:
        """Remove a volume; one that is gone is fine."""
        loop_device.detach(self._file(volume))
        files.remove(self._file(volume))

    def extend_volume(self, volume: Any, new_size: int) -> None:
        """Grow a volume to so many GiB; Nova tells a server that has it."""
        files.grow(self._file(volume), new_size * files.GIB)

    def create_snapshot(self, snapshot: Any) -> None:
        """Copy a volume, attached or not, as it is on disk at this moment."""
        os.sync()  # What a server wrote may not have reached the file yet.
        files.copy(self._folder / str(snapshot["volume_name"]), self._file(snapshot))

    def delete_snapshot(self, snapshot: Any) -> None:
        """Remove a snapshot; one that is gone is fine."""
        files.remove(self._file(snapshot))

    def create_volume_from_snapshot(self, volume: Any, snapshot: Any) -> None:
        """Make a volume that begins as a snapshot."""
        self._copy(self._file(snapshot), volume)

    def create_cloned_volume(self, volume: Any, src_vref: Any) -> None:
        """Make a volume that begins as another volume is now."""
        os.sync()
        self._copy(self._file(src_vref), volume)

    def revert_to_snapshot(self, context: Any, volume: Any, snapshot: Any) -> None:
        """Make a volume what a snapshot is."""
        self._copy(self._file(snapshot), volume)

    def _copy(self, source: Path, volume: Any) -> None:
        files.copy(source, self._file(volume))
        files.grow(self._file(volume), volume["size"] * files.GIB)

    # Images

    def clone_image(
        self, context: Any, volume: Any, image_location: Any, image_meta: Mapping[str, Any], image_service: Any
    ) -> tuple[dict[str, Any], bool]:
        """Make a volume that holds an image's bytes, without Cinder's own way of looking into them."""
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
        """Write an image's bytes to a volume: a new one, or one that is reimaged."""
        file = self._file(volume)
        blob = file.with_name(f"{file.name}.blob")
        try:
            with blob.open("wb") as stream:
                image_service.download(context, image_id, stream)
            loop_device.detach(file)
            files.write_image(file, image_id, blob)
        finally:
            blob.unlink(missing_ok=True)

    def copy_volume_to_image(
        self, context: Any, volume: Any, image_service: Any, image_meta: Mapping[str, Any]
    ) -> None:
        """Make an image of a volume: of its root filesystem when a server has booted from it, else of its bytes."""
        file = self._file(volume)
        blob = file.with_name(f"{file.name}.blob")
        try:
            os.sync()
            if archive.kind(file):
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
        """Tell Nova where the file is."""
        data = {"device_path": str(self._file(volume)), "volume_id": str(volume["id"])}
        return {"driver_volume_type": "localcloud", "data": data}

    def terminate_connection(self, volume: Any, connector: Any, **_options: Any) -> None:
        """Do nothing: the compute driver has let go of the file."""
