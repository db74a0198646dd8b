"""Ansible collections of the site's own layer in this node's bundle: all that hooks and roles of the layer use here.

They are one archive, which comes from the signed bundle; its members are checked all the same, so that nothing is ever
written outside the folder. A node installs no collection from anywhere else.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from node.compute_init.site_layer import SiteLayerPathError, checked_path

#: The name of the archive in the bundle.
FILE = "collections.tar.bz2"
#: The folder of collections in the layer's.
FOLDER = "collections"
#: Bytes of the archive and of the files in it. Each node fetches it after each change and after each rebuild, and has
#: its files in memory while it runs.
MOST_PACKED, MOST_UNPACKED = 4_000_000, 40_000_000


def unpack(content: bytes, folder: Path) -> None:
    """Write the collections into a new folder, as Ansible looks for them.

    Raises:
        SiteLayerPathError: it is no such archive, too large, or has a path that leaves the folder.
    """
    folder.mkdir(mode=0o700)
    left = MOST_UNPACKED
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:bz2") as tar:
            for member in tar:
                file, left = tar.extractfile(member) if member.isreg() else None, left - member.size
                if file is None or left < 0:
                    raise SiteLayerPathError(f"{FILE} has {member.name!r}, which is no file, or too large")
                path = folder / checked_path(member.name)
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                path.write_bytes(file.read())
                path.chmod(0o700 if member.mode & 0o100 else 0o600)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise SiteLayerPathError(f"{FILE} cannot be unpacked: {error}") from error
