"""A whole cluster on the test cloud: brought up and changed as an operator does it, used as its users do."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from openstack.connection import Connection

from slurm_appliance.config.rollout import RolloutMethod
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.rollout import access
from slurm_appliance.rollout.run import Rollout
from tests.engine.cloud_fixtures import Cloud, wait_until
from tests.engine.cluster.rig import Rig
from tests.engine.node_fixtures import USER, Login
from tests.pem import certificate
from toolchain.paths import REPOSITORY

#: What compute nodes do for themselves.
ROLES = ["compute", "journald", "resolv_conf", "etc_hosts", "chrony", "sshd", "nfs", "basic_users", "nhc"]
#: Seconds that Slurm gives a node to come back.
RESUME_TIMEOUT = 80
FLAVOR = "slurm.medium"
#: What groups of compute nodes have in common.
GROUP = {"flavor": FLAVOR, "ignore_image_changes": True, "compute_init_enable": ROLES}
#: The certificate authority that its nodes trust, and a kernel parameter.
AUTHORITY = "Authority of the test cluster"
PARAMETER, PARAMETER_VALUE = "net.ipv4.tcp_keepalive_time", "7123"
#: Its compute nodes.
COMPUTE = ("c-0", "c-1", "d-0")


def user_key(key: Path) -> Path:
    """The private key of all ordinary users, beside the operator's."""
    return key.with_name("user")


def new_keys(folder: Path) -> Path:
    """Make the operator's and the users' keys in a folder, and return the operator's private one."""
    key = folder / "key"
    for each in (key, user_key(key)):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(each)], check=True)
    return key


def settings(image: str | dict[str, str], key: Path) -> dict[str, Any]:
    """Control, one login node, two compute nodes that boot from the image and one from a volume; users.

    mallory's uid is in the range of accounts that images bring, sven may become root.
    """
    keys = [user_key(key).with_suffix(".pub").read_text().strip()]
    return {
        "cluster_name": "life",
        "cluster_image": image,
        "cluster_networks": [{"network": "life", "create": {"cidr": "10.66.0.0/24"}}],
        "key_pair": {"public_key_file": str(key.with_suffix(".pub"))},
        "ssh": {"private_key_file": str(key)},
        # Tests log in to each node by itself; what holds without this is test_outside.py's.
        "nonlogin_ssh_allowed_cidrs": ["0.0.0.0/0"],
        "control_node_flavor": FLAVOR,
        "state_volume_size": 2,
        "home_volume_size": 1,
        "login": {"entry": {"nodes": ["login-0"], "flavor": FLAVOR}},
        "compute": {
            "general": {"nodes": ["c-[0-1]"], **GROUP},
            "disk": {"nodes": ["d-0"], "volume_backed_instances": True, "root_volume_size": 10, **GROUP},
        },
        "slurm": {"resume_timeout": RESUME_TIMEOUT},
        "cacerts": [certificate(AUTHORITY)],
        "sysctl": {PARAMETER: PARAMETER_VALUE},
        "users": {
            "alice": {"uid": 2001, "ssh_keys": keys},
            "olga": {"uid": 2002, "slurm_admin": True},
            "mallory": {"uid": 1500, "ssh_keys": keys},
            "sven": {"uid": 2004, "sudo": True, "ssh_keys": keys},
        },
    }


@dataclass
class CommandLines:
    """Every process's command line on this machine, the nodes' among them, looked at again and again."""

    seen: set[bytes] = field(default_factory=set)
    _end: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> threading.Thread:
        """Begin to look."""
        thread = threading.Thread(target=self._look, daemon=True)
        thread.start()
        return thread

    def end(self) -> None:
        """Look no more."""
        self._end.set()

    def _look(self) -> None:
        while not self._end.wait(0.05):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    self.seen.add((process / "cmdline").read_bytes())
                except (FileNotFoundError, ProcessLookupError):
                    continue  # It ended just now.


@dataclass
class Live:
    """The running cluster.

    Attributes:
        rig: its environment.
        login: the way into its nodes.
        user: the cloud, as the project's ordinary user.
        commands: what ran while it was brought up.
    """

    rig: Rig
    login: Login
    user: Connection
    commands: CommandLines = field(default_factory=CommandLines)

    @property
    def environment(self) -> EnvironmentFolder:
        """Its folder on the deploy host."""
        return EnvironmentFolder.of(self.rig.name)

    def hosts(self) -> dict[str, dict[str, Any]]:
        """The inventory's own variables of every host."""
        children = yaml.safe_load((self.environment.inventory / "hosts.yml").read_text())["all"]["children"]
        return {name: each for group in children.values() for name, each in (group.get("hosts") or {}).items()}

    def run(self, node: str, command: str, limit: float = 120) -> str:
        """Run a shell command as root on a node; it must succeed."""
        done = self.login.run(self.address(node), command, limit)
        assert done.returncode == 0, f"{node}: {command}: {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def address(self, node: str) -> str:
        """Where a node is."""
        return str(self.hosts()[f"life-{node}"]["ansible_host"])

    def as_user(self, name: str, command: str, limit: float = 120) -> "subprocess.CompletedProcess[str]":
        """Run a shell command as a user on the login node."""
        # Root may not look into a home directory over NFS.
        as_name = f"exec runuser -u {name} -- env HOME=\"$home\" sh -c 'cd && exec sh'"
        script = f"home=~{name}; {as_name} <<'END'\n{command}\nEND\n"
        return self.login.run(self.address("login-0"), script, limit)

    def ssh(self, user: str, node: str, command: str = "true") -> "subprocess.CompletedProcess[str]":
        """Log in to a node with the users' key and run a shell command there."""
        key = user_key(self.login.key)
        return Login(key, user=user).shell(self.address(node), command)

    def submit(self, user: str, options: str, script: str) -> str:
        """Submit a batch job, and return its id."""
        done = self.as_user(user, f"sbatch --parsable --output=/dev/null {options} <<'JOB'\n#!/bin/sh\n{script}\nJOB")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def wait_for_association(self, name: str) -> None:
        """Until a user of a directory may submit jobs."""
        members = f"sacctmgr --noheader --parsable2 show associations user={name} format=account"
        wait_until(f"{name}'s association", lambda: self.run("control", members) == "users", 120)

    def job_state(self, job: str) -> str:
        """A job's state in the accounting."""
        out = self.run("control", f"sacct --allusers --noheader --allocations --parsable2 --format=State --jobs={job}")
        return out.split()[0] if out else ""

    def node(self, name: str) -> dict[str, str]:
        """What Slurm says about a node: state, and the reason where there is one."""
        words = self.run("control", f"scontrol show node life-{name}")
        lines = [line.strip() for line in words.splitlines()]
        first = dict(word.split("=", 1) for line in lines for word in line.split() if "=" in word)
        reason = next((line.partition("=")[2] for line in lines if line.startswith("Reason=")), "")
        return {"state": first["State"], "reason": reason}

    def wait_for_state(self, name: str, *states: str, limit: float = RESUME_TIMEOUT + 60) -> dict[str, str]:
        """Wait until Slurm has a node in one of these states, exactly."""
        found: dict[str, str] = {}

        def there() -> bool:
            found.update(self.node(name))
            return found["state"] in states

        try:
            wait_until(f"{name} to be {' or '.join(states)}", there, limit, 0.5)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it is {found}") from error
        return found

    def server(self, node: str) -> Any:
        """A node's server, as Nova has it now."""
        return self.user.compute.get_server(self.hosts()[f"life-{node}"]["instance_id"])

    def image(self, node: str) -> str:
        """The image that a node runs, wherever its disk is."""
        server = self.server(node)
        if server.image and server.image.id:
            return str(server.image.id)
        for attached in server.attached_volumes:
            volume: Any = self.user.block_storage.get_volume(attached["id"])
            if volume.is_bootable:
                return str(volume.volume_image_metadata["image_id"])
        raise AssertionError(f"{node} runs no image")

    def actions(self, node: str) -> list[str]:
        """What was done with a node's server, oldest first."""
        found = self.user.compute.server_actions(self.server(node).id)
        return [str(action.action) for action in sorted(found, key=lambda action: str(action.start_time))]

    def targets(self) -> dict[str, str]:
        """Each compute node's target image, as the RebootProgram reads it."""
        document = json.loads(self.run("control", "cat /etc/slurm-appliance/reboot-targets.json"))
        return {name.removeprefix("life-"): str(each["image_id"]) for name, each in document["nodes"].items()}

    def set_target(self, node: str, image: str) -> None:
        """Change one node's target as the export does, without a run of everything else."""
        program = (
            "import json, pathlib\n"
            "path = pathlib.Path('/etc/slurm-appliance/reboot-targets.json')\n"
            "document = json.loads(path.read_text())\n"
            f"document['nodes']['life-{node}']['image_id'] = {image!r}\n"
            "path.write_text(json.dumps(document))\n"
        )
        self.run("control", f"python3 - <<'END'\n{program}END\n")

    def rollout(self) -> Rollout:
        """Rollouts of this cluster, looked at every second."""
        reached = access.of_stack(self.rig.name, self.rig.stack_file, self.rig.more["openstack:cloud"])
        return Rollout(reached, RolloutMethod.REBOOT, interval=1.0)

    def site(self, *, everything: bool = False) -> dict[str, Any]:
        """Run site.yml again, and return what it says in the end; everything: parts without changes, too."""
        request = {"environment": self.rig.name, "all": everything}
        ended = subprocess.run(
            [sys.executable, "-m", "slurm_appliance.site_run"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            check=False,
        )
        print(ended.stderr)
        said: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return said | {"exit_status": ended.returncode}


@contextmanager
def running(
    cloud: Cloud,
    user: Connection,
    image: str | dict[str, str],
    folder: Path,
    ssh_user: str = USER,
    **more: Any,
) -> Iterator[Live]:
    """The cluster, up on an image; gone again afterwards.

    Args:
        cloud: the cloud.
        user: the cloud, as the project's ordinary user.
        image: the image's name, or what else the setting takes.
        folder: an empty one for its keys and its state.
        ssh_user: the image's user who may become root.
        more: more settings.
    """
    key = new_keys(folder)
    rig = Rig(folder, "life", excluded=())
    rig.settings = settings(image, key) | more
    rig.settings["ssh"]["user"] = ssh_user
    rig.more = {"openstack:cloud": cloud.environment["OS_CLOUD"]}
    made = Live(rig, Login(key, ssh_user), user)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.environment.items():
            patch.setenv(name, value)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("PULUMI_CREDENTIALS_PATH", str(folder / "nobody"))
        try:
            watching = made.commands.watch()
            try:
                rig.up()
            finally:
                made.commands.end()
                watching.join()
            yield made
        finally:
            print(*rig.lines, sep="\n")
            rig.destroy(delete_volumes=True)
