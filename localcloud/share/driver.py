"""The Manila driver: translates Manila's calls to `localcloud.share.folders`.

``share_driver = localcloud.share.driver.FolderShareDriver``. A share is a folder below ``state_path``. Nothing serves
it by NFS: the machine's kernel has no NFS, so nodes could not mount it. Everything else is as on any cloud.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from manila import exception
from manila.share import driver
from oslo_config import cfg

from localcloud.host.command import HostError
from localcloud.share import folders


class FolderShareDriver(driver.ShareDriver):
    """Shares are folders on this host."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        # Without share servers: all shares are this host's.
        super().__init__(False, *arguments, **keywords)
        self._shares = Path(cfg.CONF.state_path) / "shares"

    def check_for_setup_error(self) -> None:
        """Create the folder; no other setup is needed."""
        self._shares.mkdir(parents=True, exist_ok=True)

    def _folder(self, share: Any) -> Path:
        return self._shares / str(share["name"])

    def _locations(self, share: Any) -> list[dict[str, Any]]:
        path = f"{cfg.CONF.my_ip}:{self._folder(share)}"
        return [{"path": path, "is_admin_only": False, "metadata": {"preferred": True}}]

    def _update_share_stats(self, data: dict[str, Any] | None = None) -> None:
        """What the backend is; its capacity stays unknown, because folders have no limit of their own."""
        name = self.configuration.safe_get("share_backend_name") or "folder"
        super()._update_share_stats(
            {
                "share_backend_name": name,
                "vendor_name": "localcloud",
                "driver_version": "1.0",
                "storage_protocol": "NFS",
                **(data or {}),
            }
        )

    def create_share(self, context: Any, share: Any, share_server: Any = None) -> list[dict[str, Any]]:
        """Create an empty share."""
        folders.make(self._folder(share), share["size"])
        return self._locations(share)

    def delete_share(self, context: Any, share: Any, share_server: Any = None) -> None:
        """Remove a share; a missing one is not an error."""
        folders.remove(self._folder(share))

    def ensure_share(self, context: Any, share: Any, share_server: Any = None) -> list[dict[str, Any]]:
        """Say again where it is: Manila asks at each start."""
        return self._locations(share)

    def extend_share(self, share: Any, new_size: int, share_server: Any = None) -> None:
        """Grow a share to a size in GiB."""
        folders.resize(self._folder(share), new_size)

    def shrink_share(self, share: Any, new_size: int, share_server: Any = None) -> None:
        """Shrink a share to a size in GiB, where nothing on it would be lost."""
        try:
            folders.resize(self._folder(share), new_size)
        except HostError as error:
            raise exception.ShareShrinkingPossibleDataLoss(share_id=share["id"]) from error

    def update_access(
        self,
        context: Any,
        share: Any,
        access_rules: Sequence[Any],
        add_rules: Sequence[Any],
        delete_rules: Sequence[Any],
        update_rules: Sequence[Any],
        share_server: Any = None,
    ) -> None:
        """Note who may mount it."""
        for rule in access_rules:
            if rule["access_type"] != "ip":
                raise exception.InvalidShareAccess(reason="only addresses can be let in")
        folders.admit(self._folder(share), ((rule["access_to"], rule["access_level"]) for rule in access_rules))
