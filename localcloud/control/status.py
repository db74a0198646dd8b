"""The report of ``cloud status``: what runs, what responds, how much memory it uses."""

import json
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass

from localcloud.control import database, libvirtd, manila, mirror, process, services
from localcloud.control.files import tail
from localcloud.control.server_record import recorded
from localcloud.endpoints import ENDPOINTS, MANILA, MIRROR_URL
from localcloud.host.layout import CloudLayout
from localcloud.host.server_kind import ServerKind
from localcloud.network import perimeter

#: Timeout for a service to respond, in seconds.
_TIMEOUT = 10.0


@dataclass(frozen=True)
class ServiceStatus:
    """One process.

    Attributes:
        name: the service's.
        state: ``running``, ``silent`` (runs but does not respond), ``dead`` (exited by itself) or ``down`` (not
            started).
        url: its URL; empty for the database and for libvirtd.
        pid: its process, if it runs.
        memory_mb: its share of the machine's memory (PSS) in MiB.
        evidence: the last lines of its log, if it is dead or silent.
    """

    name: str
    state: str
    url: str = ""
    pid: int | None = None
    memory_mb: int = 0
    evidence: str = ""


@dataclass(frozen=True)
class CloudStatus:
    """All processes of a cloud.

    Attributes:
        folder: the state folder.
        services: each of them.
        closed: whether other machines are blocked from the cloud's addresses; a stopped cloud has none.
    """

    folder: str
    services: tuple[ServiceStatus, ...]
    closed: bool = True

    @property
    def state(self) -> str:
        """``up``, ``down``, or ``broken`` when something is not running, or other machines have access."""
        states = {service.state for service in self.services}
        if states == {"down"}:
            return "down"
        return "up" if states == {"running"} and self.closed else "broken"

    @property
    def exit_status(self) -> int:
        """0 for up, 1 for broken, 3 for down, as with ``systemctl status``."""
        return {"up": 0, "broken": 1, "down": 3}[self.state]

    @property
    def memory_mb(self) -> int:
        """Their total memory in MiB."""
        return sum(service.memory_mb for service in self.services)

    def as_json(self) -> str:
        """The report as JSON."""
        return json.dumps({"state": self.state, "memory_mb": self.memory_mb, **asdict(self)}, indent=2)

    def as_text(self) -> str:
        """The report as text: a line per service, then details of those with problems."""
        lines = [f"cloud is {self.state} ({self.folder})"]
        for one in self.services:
            pid = f"pid {one.pid}, {one.memory_mb} MiB" if one.pid else ""
            lines.append(f"  {one.name:<10} {one.state:<8} {one.url:<30} {pid}".rstrip())
        lines.append(f"  {self.memory_mb} MiB in all")
        for one in self.services:
            if one.evidence:
                lines += ["", f"{one.name} is {one.state}; last lines of its log:"]
                lines += [f"  │ {line}" for line in one.evidence.splitlines()]
        if not self.closed:
            lines += [
                "",
                "other machines can reach the cloud's addresses: the nftables tables that block them were removed",
            ]
        if self.state == "broken":
            lines += ["", "  → start what is not running with `slurm-appliance cloud up`"]
        return "\n".join(lines)


def look(layout: CloudLayout) -> CloudStatus:
    """Check each process of a cloud and whether it responds."""
    urls = {endpoint.name: endpoint.root for endpoint in (*ENDPOINTS, MANILA)} | {mirror.NAME: MIRROR_URL}
    order = (*_ORDER, libvirtd.NAME) if recorded(layout) is ServerKind.VM else _ORDER
    order = (*order, MANILA.name) if manila.is_wanted(layout) else order
    found = tuple(_look(layout, name, urls.get(name, "")) for name in order)
    down = all(one.state == "down" for one in found)
    return CloudStatus(str(layout.root), found, closed=down or perimeter.is_closed())


_ORDER = (database.NAME, *services.NAMES, mirror.NAME)


def _look(layout: CloudLayout, name: str, url: str) -> ServiceStatus:
    found = process.recorded(layout, name)
    if found is None:
        return ServiceStatus(name, "down", url)
    if not found.alive:
        return ServiceStatus(name, "dead", url, evidence=tail(layout.service_log(name)))
    memory = round(found.proportional_memory() / 2**20)
    if url and not _answers(url):
        return ServiceStatus(name, "silent", url, found.pid, memory, tail(layout.service_log(name)))
    return ServiceStatus(name, "running", url, found.pid, memory)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/", timeout=_TIMEOUT):  # noqa: S310 - our own http URL
            return True
    except urllib.error.HTTPError as error:
        # Any status is a response: glance returns 300 for "several versions", the mirror 406 for its report page.
        return error.code < 500
    except OSError:
        return False
