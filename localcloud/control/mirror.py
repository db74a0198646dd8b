"""A caching package proxy on the cloud's address: build servers have no other way to a package source.

apt-cacher-ng with a configuration of our own, beside whatever instance the machine may run. The packages stay in the
cache folder: a second image build fetches nothing.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

from localcloud.control import process
from localcloud.control.debian import program
from localcloud.control.layout import Layout, cloud_cache
from localcloud.endpoints import ADDRESS, MIRROR_PORT

#: The name of its process and log.
NAME = "mirror"


def packages_folder() -> Path:
    """Where the fetched packages lie."""
    return cloud_cache("packages")


def configuration(layout: Layout, proxy: str) -> str:
    """The text of acng.conf.

    Args:
        layout: the cloud.
        proxy: the proxy that the machine itself has to use, or empty.
    """
    options = {
        "CacheDir": str(packages_folder()),
        "LogDir": str(layout.log),
        "Port": str(MIRROR_PORT),
        "BindAddress": ADDRESS,
        "PidFile": str(layout.run / "mirror.pid"),
        "ForeGround": "1",
        # Sources with https are tunnelled, not cached.
        "PassThroughPattern": r".*:443$",
        **({"Proxy": proxy} if proxy else {}),
    }
    return "".join(f"{name}: {value}\n" for name, value in options.items())


def start(layout: Layout) -> None:
    """Start the proxy."""
    packages_folder().mkdir(parents=True, exist_ok=True)
    folder = layout.etc / NAME
    folder.mkdir(mode=0o700, exist_ok=True)
    proxy = os.environ.get("http_proxy", os.environ.get("HTTP_PROXY", ""))
    (folder / "acng.conf").write_text(configuration(layout, proxy if urlsplit(proxy).hostname else ""))
    process.start(layout, NAME, [program("apt-cacher-ng"), "-c", str(folder)])
