"""One build from its server to its image. All its resources have the build's name; nothing is removed here."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from slurm_appliance.cloud.image_names import PROPERTY
from slurm_appliance.image import images, mirror, ssh
from slurm_appliance.image.api import Api
from slurm_appliance.image.errors import BuildError, StoppedError
from slurm_appliance.image.images import GlanceImage
from slurm_appliance.image.machines import Machines
from slurm_appliance.image.progress import BuildProgress
from slurm_appliance.image.record import ImageRecord
from slurm_appliance.image.spec import ImageBuild
from slurm_appliance.image.ssh import SshTarget
from slurm_appliance.image.stop import Deadline

#: Timeout for a server to power itself off before Nova is told to stop it, in seconds.
_POWER_OFF = 5.0


class RunPlaybook(Protocol):
    """Runs the playbook in a build server; :func:`slurm_appliance.image.playbook.run`."""

    def __call__(
        self,
        folder: Path,
        ssh_target: SshTarget,
        groups: tuple[str, ...],
        variables: Mapping[str, Any],
        deadline: Deadline,
        say: Callable[[str], None],
    ) -> Mapping[str, float]:
        """Run it; return durations by phase in seconds."""


@dataclass(frozen=True)
class Tools:
    """The tools of a build.

    Attributes:
        api: the cloud.
        deadline: ends the build early.
        progress: reports progress.
        run_playbook: runs the playbook in the server.
        wait_for_ssh: waits for ssh before that.
        refresh_mirror: publishes a snapshot before the build.
        commit: the checkout's git commit, for the record.
    """

    api: Api
    deadline: Deadline
    progress: BuildProgress
    run_playbook: RunPlaybook
    wait_for_ssh: Callable[[SshTarget, Deadline, float], None] = ssh.wait
    refresh_mirror: Callable[[str, Path, Deadline, Callable[[str], None]], None] = mirror.refresh
    commit: str = ""


@dataclass
class BuildRun:
    """One running build.

    Attributes:
        tools: its tools.
        build: the requested build.
        base: the image to start from.
        name: name of the new image.
        id: ID of the build.
        folder: private folder of the build.
        keep: whether to keep the server after a failure from now on.
    """

    tools: Tools
    build: ImageBuild
    base: GlanceImage
    name: str
    id: str
    folder: Path
    keep: bool = field(default=False, init=False)

    def run(self) -> str:
        """Build the image and return its ID.

        Raises:
            ApplianceError: a step failed.
        """
        step = self.tools.progress.step
        machine = self.build.machine
        if self.build.sources.sync:
            with step("mirror", f"snapshot {self.build.sources.snapshot}"):
                log = self.folder / "mirror.log"
                self.tools.refresh_mirror(
                    self.build.sources.snapshot, log, self.tools.deadline, self.tools.progress.say
                )
        machines = Machines(self.tools.api, self.id, self.tools.deadline)
        with step("server", f"flavor {machine.flavor}, network {machine.network}, from {self.base.name}"):
            server, volume, address = self._server(machines)
        ssh_target = SshTarget(
            ssh.write_config(self.folder / "ssh", machines.name, address, machine.ssh), machines.name
        )
        self.keep = self.build.keep_on_failure
        try:
            with step("ssh", f"{machine.ssh.user}@{address}, timeout {self.build.ssh_timeout} s"):
                self.tools.wait_for_ssh(ssh_target, self.tools.deadline, self.build.ssh_timeout)
            with step("playbook", "fatimage.yml for " + ", ".join(self.build.all_groups)):
                phases = self.tools.run_playbook(
                    self.folder,
                    ssh_target,
                    self.build.all_groups,
                    self._variables(),
                    self.tools.deadline,
                    # Its lines have their own times; use those of the build.
                    lambda line: self.tools.progress.say(f"  {line.partition('] ')[2] or line.strip()}"),
                )
            self.tools.progress.seconds |= {f"playbook: {phase}": seconds for phase, seconds in phases.items()}
            record = ImageRecord.read(self.folder)
            with step("shut down"):
                machines.becomes_shut_off(server, _POWER_OFF)
        except BuildError as error:
            raise self._explained(error, machines, server, ssh_target) from error
        self.keep = False
        with step("image"):
            image = self._image(machines, server, volume, record)
        self.tools.progress.say(f"image {image} is active")
        return image

    def _server(self, machines: Machines) -> tuple[str, str, str]:
        """Create the server; return its id, its root volume's id if it has one, and its address."""
        machine = self.build.machine
        user_data = ssh.make_keys(self.folder / "ssh")
        groups = machine.security_groups
        ids = [machines.security_group(machine.ssh.port)] if groups is None else machines.group_ids(groups)
        port = machines.port(machine, ids)
        volume = machines.volume(machine, self.base.id) if machine.volume_size else ""
        server = machines.server(machine, image=self.base.id, volume=volume, port=port["id"], user_data=user_data)
        machines.becomes_active(server)
        address = str(port["fixed_ips"][0]["ip_address"])
        if machine.floating_ip_network:
            address = machines.floating_ip(port["id"], machine.floating_ip_network)
        return server, volume, address

    def _image(self, machines: Machines, server: str, volume: str, record: ImageRecord) -> str:
        """Create the image from the root disk, and name it only when it is complete."""
        if volume:
            machines.delete_server(server)
            machines.volume_becomes(volume, "available")
            image = machines.upload(volume, self.build.disk_format)
        else:
            image = machines.snapshot(server, {f"{PROPERTY}build": self.id})
        machines.image_becomes_active(image)
        images.finish(
            self.tools.api,
            image,
            name=self.name,
            visibility=self.build.visibility,
            properties={**self.build.all_properties, **record.properties(), f"{PROPERTY}base_id": self.base.id},
            # A signature of the base image would not match; Cinder rejects images with the property.
            drop=("signature_verified",),
        )
        return image

    def _variables(self) -> dict[str, Any]:
        """The playbook's variables, by the roles that read them."""
        sources = self.build.sources
        return {
            "package_sources_repositories": [
                {
                    "name": each.name,
                    "url": each.url,
                    "suite": each.suite,
                    "components": list(each.components),
                    "key": each.key,
                }
                for each in sources.repositories
            ],
            "package_sources_username": sources.username,
            "package_sources_password": sources.password,
            "package_sources_proxy": sources.proxy,
            "package_sources_https_proxy": sources.https_proxy,
            "package_sources_direct": sources.direct,
            "package_sources_keep_distribution": sources.keep_distribution,
            "cacerts": list(self.build.cacerts),
            "extra_packages_names": list(self.build.extra_packages),
            "selinux_mode": self.build.selinux,
            "package_family": self.build.package_family,
            "image_record_build": self.id,
            "image_record_name": self.name,
            "image_record_digest": self.name.rpartition("-")[2],
            "image_record_base": self.base.identity,
            "image_record_commit": self.tools.commit,
            "image_record_groups": list(self.build.all_groups),
            "image_record_snapshot": sources.snapshot,
            "image_record_copy_to": str(self.folder),
        }

    def _explained(self, error: BuildError, machines: Machines, server: str, ssh_target: SshTarget) -> BuildError:
        """A failure inside the server, with its console, and the login command if it is kept."""
        if isinstance(error, StoppedError) and (error.by_signal or not self.keep):
            return error
        console = self.folder / "console.log"
        console.write_text(machines.console(server, lines=200))
        remedy = f"{error.remedy}; the server's console: {console}".removeprefix("; ")
        sources = self.build.sources
        places = [each.url for each in sources.repositories]
        # Without a user and a password.
        proxies = [re.sub("//[^/@]*@", "//", each) for each in (sources.proxy, sources.https_proxy) if each]
        places += [f"the proxy {each}" for each in dict.fromkeys(proxies)]
        if places:
            remedy += f"; package sources: {', '.join(places)}"
        if self.keep:
            remedy += f"; the server was kept: {ssh_target.shown}; remove it with slurm-appliance image gc"
        return BuildError(error.what, where=error.where, remedy=remedy)
