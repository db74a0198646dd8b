"""The host's interfaces: reads and changes them with ``ip``."""

import json
import threading
from pathlib import Path
from typing import Any

from localcloud.host.command import run, try_run

#: Held while interfaces, bridges and namespaces are created or removed.
LOCK = threading.RLock()


def exists(name: str) -> bool:
    """Whether the host has an interface of this name."""
    return Path("/sys/class/net", name).exists()


def with_prefix(prefix: str) -> list[str]:
    """Names of the host's interfaces with this prefix."""
    return sorted(path.name for path in Path("/sys/class/net").iterdir() if path.name.startswith(prefix))


def ip(*words: str) -> str:
    """Run ``ip`` with these arguments."""
    return run(["ip", *words])


def delete(name: str) -> None:
    """Remove an interface; a missing one is not an error."""
    if exists(name):
        done = try_run(["ip", "link", "delete", name])
        if done.returncode and exists(name):
            run(["ip", "link", "delete", name])


def addresses(name: str) -> list[str]:
    """Addresses of an interface with their prefix length: ``10.0.0.1/24``; no link-local ones."""
    found: list[dict[str, Any]] = json.loads(ip("-json", "address", "show", "dev", name))
    return [
        f"{info['local']}/{info['prefixlen']}"
        for link in found
        for info in link.get("addr_info", [])
        if info.get("scope") != "link" or info["family"] == "inet"
    ]


def namespaces(prefix: str) -> list[str]:
    """Names of the network namespaces with this prefix."""
    folder = Path("/run/netns")
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(prefix)) if folder.is_dir() else []
