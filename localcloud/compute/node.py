"""One server on this host: its folder, its root and its processes, with the interfaces and disks that it has.

Every call can be repeated after an interruption at any point; existing parts are kept.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from localcloud.compute import cgroups, guest_files, nspawn, root_filesystem
from localcloud.compute.image_cache import ImageCache
from localcloud.compute.server_facts import HostedServerFacts
from localcloud.host import loop_device
from localcloud.host.command import HostError, run, try_run
from localcloud.host.places import CloudPlaces
from localcloud.host.waiting import wait_for
from localcloud.network import bridge, names
from localcloud.network.nic import Nic

SUPERVISOR = Path(__file__).with_name("supervisor.sh")

#: Where nodes report that they have booted. Short, because socket paths are limited to 107 characters.
NOTIFY_FOLDER = Path("/run/localcloud")

#: Timeout for systemd to appear in a new node, and for the processes of a killed one to exit, in seconds.
START_LIMIT, KILL_LIMIT = 30.0, 30.0

#: File in a server's folder: its root must be created again.
_RENEW = "renew"

#: Size of a console log above which the next start truncates it.
CONSOLE_LIMIT = 4 << 20


class HostedServer:
    """One server on this host.

    Args:
        facts: the server's facts; save changes before acting on them.
        places: the host's folders.
        layout: the host's control groups.
    """

    def __init__(self, facts: HostedServerFacts, places: CloudPlaces, layout: cgroups.CgroupLayout) -> None:
        self.facts = facts
        self.folder = places.servers / facts.uuid
        self.console = self.folder / "console.log"
        self.namespace = names.namespace(facts.uuid)
        self.name = nspawn.machine_name(facts.uuid)
        self.notify_socket = NOTIFY_FOLDER / f"{self.name}.notify"
        self._places = places
        self._layout = layout
        self.groups = cgroups.NodeCgroups(self.name, layout)
        self._cache = ImageCache(places.images)

    def save(self, facts: HostedServerFacts) -> None:
        """Change and save the server's facts."""
        self.folder.mkdir(parents=True, exist_ok=True)
        facts.save(self.folder)
        self.facts = facts

    @property
    def running(self) -> bool:
        """Whether it has processes."""
        return self.groups.populated()

    def leader(self) -> int | None:
        """The host's process ID of its PID 1, None when it is not running."""
        for process in self.groups.processes():
            if _number_inside(process) == 1:
                return process
        return None

    def start(self, metadata_url: str, *, broken: bool = False) -> None:
        """Start it with everything it needs; a running server is not affected.

        Args:
            metadata_url: the metadata URL for its cloud-init.
            broken: boot only to an emergency shell: an injected fault.

        Raises:
            HostError: its systemd did not start; has the last lines of its console.
        """
        if self.running:
            return
        new = root_filesystem.is_new(self.facts, self.folder)
        root = root_filesystem.mount(self.facts, self.folder, self._cache)
        if new:
            guest_files.prepare_root(self.facts, root)
        self.plug_all()
        devices = {disk.device: loop_device.attach(disk.file) for disk in self.facts.disks}
        for disk in self.facts.disks:
            if disk != self.facts.root_disk:
                root_filesystem.grow(devices[disk.device], Path(disk.file))
        self.write_boot_files(metadata_url, devices, broken=broken)
        self.groups.make(self.facts.limits, [loop_device.numbers(device) for device in devices.values()])
        self._supervise()

    def write_boot_files(self, metadata_url: str, devices: dict[str, str], *, broken: bool = False) -> None:
        """Write the files that the supervisor and the guest read at the next boot."""
        guest_files.write_run_files(self.facts, self.folder, devices)
        words = nspawn.arguments(self.facts, self.folder, metadata_url, devices)
        words += ["systemd.unit=emergency.target"] if broken else []
        (self.folder / "nspawn.arguments").write_text("".join(f"{word}\n" for word in words))

    def _supervise(self) -> None:
        if self.console.exists() and self.console.stat().st_size > CONSOLE_LIMIT:
            self.console.unlink()
        words: Sequence[str | Path]
        words = ["/bin/bash", SUPERVISOR, self.folder, self.namespace, sys.executable]
        NOTIFY_FOLDER.mkdir(exist_ok=True)
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": str(self.notify_socket)}
        if self._layout.kind == "systemd":
            properties = cgroups.systemd_properties(self.facts.limits, os.cpu_count() or 1)
            output = [f"StandardOutput=append:{self.console}", "StandardError=inherit"]
            settings = [f"--property={one}" for one in [*properties, *output]]
            settings += [f"--setenv={name}={value}" for name, value in environment.items()]
            run(["systemd-run", "--quiet", "--collect", f"--unit={cgroups.unit(self.name)}", *settings, *words])
        else:
            with self.console.open("ab") as console:
                subprocess.Popen(
                    [*words, *self.groups.folders],
                    stdin=subprocess.DEVNULL,
                    stdout=console,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    env=environment,
                    start_new_session=True,
                )
        if not wait_for(lambda: self.leader() is not None, START_LIMIT):
            raise HostError(
                "did not start",
                where=f"server {self.facts.uuid}",
                evidence=self.console_end(800).decode("utf-8", "replace"),
            )

    def plug_all(self) -> None:
        """Create its network namespace and plug its ports."""
        bridge.add_namespace(self.namespace)
        for nic in self.facts.nics:
            bridge.plug(nic, self.namespace, self._places.dhcp)

    def plug(self, nic: Nic) -> None:
        """Plug one port."""
        bridge.add_namespace(self.namespace)
        bridge.plug(nic, self.namespace, self._places.dhcp)

    def unplug(self, nic: Nic) -> None:
        """Unplug one port."""
        bridge.unplug(nic, self._places.dhcp)

    def unplug_all(self) -> None:
        """Unplug its ports and remove its namespace."""
        for nic in self.facts.nics:
            self.unplug(nic)
        bridge.remove_namespace(self.namespace)

    def signal(self, number: int) -> int | None:
        """Send a signal to its PID 1 and return the process ID, None when there is none."""
        leader = self.leader()
        if leader is not None:
            try:
                os.kill(leader, number)
            except ProcessLookupError:
                return None
        return leader

    def stop(self, grace: float = 0.0) -> None:
        """Stop it: ask its systemd, wait `grace` seconds, then kill it. Only its folder and ports remain.

        Raises:
            HostError: its processes or a disk cannot be removed.
        """
        if grace and self.signal(signal.SIGRTMIN + 4) is not None:  # systemd: poweroff.target
            wait_for(lambda: not self.running, grace)
        if not self.groups.kill(KILL_LIMIT):
            left = list(self.groups.processes())
            raise HostError(f"processes {left} do not exit", where=f"server {self.facts.uuid}")
        self.groups.remove()
        root_filesystem.unmount(self.folder)
        for disk in self.facts.disks:
            loop_device.detach(disk.file)

    def soft_reboot(self, limit: float) -> bool:
        """Ask its systemd to reboot; return whether a new one appeared within `limit` seconds."""
        before = self.signal(signal.SIGRTMIN + 5)  # systemd: reboot.target
        return before is not None and wait_for(lambda: self.leader() not in (None, before), limit)

    def destroy(self, *, keep_root: bool = False) -> None:
        """Stop it and remove everything of it; also its folder, unless its root must be kept."""
        self.stop()
        self.unplug_all()
        self.notify_socket.unlink(missing_ok=True)
        if not keep_root:
            shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def to_be_renewed(self) -> bool:
        """Whether a renewal of the root is pending, possibly because the service was killed."""
        return (self.folder / _RENEW).exists()

    def decide_renewal(self) -> None:
        """Record that the root must be created again, before doing it."""
        (self.folder / _RENEW).touch()

    def renew(self) -> None:
        """Reset the root of a stopped server: the next start begins with the image as built."""
        root_filesystem.forget(self.folder)
        (self.folder / _RENEW).unlink(missing_ok=True)

    def console_end(self, size: int) -> bytes:
        """The last lines of its console."""
        if not self.console.exists():
            return b""
        with self.console.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - size))
            return stream.read()

    def inside(self, *words: str, check: bool = False) -> str | None:
        """Run a program in it; return its output, None if the server is not running or the program failed."""
        leader = self.leader()
        if leader is None:
            return None
        command = ["nsenter", f"--target={leader}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd=/"]
        command += ["--", *words]
        if check:
            return run(command)
        done = try_run(command)
        return done.stdout if done.returncode == 0 else None


def _number_inside(process: int) -> int | None:
    """A process's number in its own PID namespace, if that is not the host's."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    numbers = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
    return int(numbers[-1]) if len(numbers) > 1 else None
