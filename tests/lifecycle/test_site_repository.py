"""A site's repository, used as its operators do: two clusters, and one layer in the image, in site.yml and on nodes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from openstack.connection import Connection

from localcloud.endpoints import ADDRESS, SNAPSHOTS_PORT
from slurm_appliance.image.images import GlanceImage
from tests.engine.cloud_fixtures import Cloud
from tests.engine.cluster.rig import Rig
from tests.engine.node_fixtures import Login
from tests.lifecycle.cluster.live import FLAVOR, GROUP, Live, new_keys, settings
from tests.lifecycle.directory import serving
from tests.unit.slurm_appliance.site_layer.trees import write
from toolchain.ensure import Toolchain
from toolchain.paths import REPOSITORY

# An image and a cluster of its own: about five minutes.
pytestmark = pytest.mark.extended

#: Where the site's role writes, on the root disk; the file is named for who ran the role.
OWN = "/var/lib/own"
LICENCE = "4711 of $HOME"
PHASES = ("pre", "post-bootstrap", "post-filesystems", "extras", "portal", "monitoring", "post", "final")
#: A user who is in the directory only.
DORA = "cd /tmp && runuser -u dora -- srun --immediate=120 --chdir=/tmp"


def _play(hosts: str, **more: Any) -> str:
    play = {"name": "Run what is the site's own", "hosts": hosts, "gather_facts": False, "become": hosts != "localhost"}
    return json.dumps([{**play, **more}])


def _note(path: str, line: str) -> dict[str, Any]:
    given = {"path": path, "line": line, "create": True, "mode": "0644"}
    return {"name": "Note it", "ansible.builtin.lineinfile": given}


ROLE = [
    {"name": "Create the folder", "ansible.builtin.file": {"path": OWN, "state": "directory", "mode": "0755"}},
    {
        "name": "Write what the role is given",
        "ansible.builtin.copy": {
            "dest": f"{OWN}/{{{{ own_place | default('node') }}}}",
            "content": "{{ own_words }} {{ own_licence | default('no licence') }}\n",
            "mode": "0600",
        },
    },
]
LAYER = {
    "site/roles/own_tool/tasks/main.yml": json.dumps(ROLE),
    "site/roles/own_tool/meta/node_variables.yml": json.dumps(
        {"compute_init": "compute", "node_variables": ["own_words", "own_licence"]}
    ),
    "site/group_vars/all/words.yml": "own_words: from the shared layer\n",
    "environments/alpha/group_vars/all/words.yml": "own_words: from alpha\n",
    "site/hooks/image/pre.yml": _play("own", tasks=[_note("/etc/own-image", "pre")]),
    "site/hooks/image/post.yml": _play(
        "own", roles=["own_tool"], vars={"own_place": "image"}, post_tasks=[_note("/etc/own-image", "post")]
    ),
    **{
        f"site/hooks/site/{phase}.yml": _play("localhost", tasks=[_note("{{ own_record }}", phase)]) for phase in PHASES
    },
    "environments/alpha/hooks/site/post.yml": _play("control:login", roles=["own_tool"], vars={"own_place": "site"}),
    "site/hooks/compute-init/pre.yml": _play("localhost", tasks=[_note("/etc/own-boot", "pre")]),
    "site/hooks/compute-init/post.yml": _play("localhost", tasks=[_note("/etc/own-boot", "post")]),
}


@dataclass(frozen=True)
class SiteRepository:
    """The repository, and the cluster alpha.

    Attributes:
        folder: the repository.
        live: the cluster.
        variables: the operator's environment variables.
        phases: where hooks of site.yml note theirs.
    """

    folder: Path
    live: Live
    variables: Mapping[str, str]
    phases: Path

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command, in a folder of the repository."""
        return subprocess.run(
            [sys.executable, "-m", "slurm_appliance", *words],
            cwd=self.folder / "site",
            env={**os.environ, **self.variables},
            check=False,
            capture_output=True,
            text=True,
        )

    def succeed(self, *words: str, status: int = 0) -> str:
        """What a command prints; it must end with this status."""
        done = self.run(*words)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout


def _stack_file(folder: Path, name: str, values: Mapping[str, Any], cloud: str) -> None:
    config = {f"slurm-appliance:{key}": value for key, value in values.items()}
    (folder / f"stacks/Pulumi.{name}.yaml").write_text(yaml.dump({"config": {**config, "openstack:cloud": cloud}}))


def _encrypt(file: Path) -> None:
    """Encrypt a file in place, with the password that the operator's variables name."""
    subprocess.run(["ansible-vault", "encrypt", str(file)], check=True, capture_output=True)
    assert "$ANSIBLE_VAULT" in file.read_text()


@pytest.fixture(scope="module")
def site(
    cloud: Cloud,
    user: Connection,
    fat_image: GlanceImage,
    toolchain: Toolchain,  # noqa: ARG001 - there before the cluster is brought up
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SiteRepository]:
    """The repository, with alpha up and beta planned; the directory runs."""
    elsewhere, folder = tmp_path_factory.mktemp("operator"), tmp_path_factory.mktemp("of-site") / "my-site"
    password = elsewhere / "vault-password"
    password.write_text("of the vault\n")
    password.chmod(0o600)
    variables = {
        **cloud.environment,
        "XDG_STATE_HOME": str(elsewhere / "state"),
        "PULUMI_CREDENTIALS_PATH": str(elsewhere / "nobody"),
        "PYTHONPATH": str(REPOSITORY),
        "ANSIBLE_VAULT_PASSWORD_FILE": str(password),
    }
    key = new_keys(elsewhere)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        for name in ("alpha", "beta"):
            command = [sys.executable, "-m", "slurm_appliance", "init", str(folder), "--environment", name]
            subprocess.run(command, check=True, capture_output=True)
        write(folder, LAYER)
        record = {"own_record": str(elsewhere / "phases")}
        (folder / "environments/alpha/group_vars/all/record.yml").write_text(yaml.dump(record))
        secret = folder / "environments/alpha/group_vars/all/licence.yml"
        secret.write_text(yaml.dump({"own_licence": LICENCE}))
        _encrypt(secret)
        public = key.with_name("user.pub").read_text().strip()
        (elsewhere / "slapd").mkdir()
        with serving(elsewhere / "slapd", ADDRESS, SNAPSHOTS_PORT, public) as directory:
            own: dict[str, Any] = {
                "cluster_image": {"build": "own"},
                "image_builds": {
                    "own": {
                        "base_image": fat_image.name,
                        "groups": [],
                        "site_groups": ["own"],
                        "extra_packages": ["tree"],
                        "flavor": FLAVOR,
                    }
                },
                # It passes on requests for packages only: the RebootProgram reaches the cloud without it.
                "proxy": {"http": cloud.package_proxy, "no_proxy": [ADDRESS]},
                "compute": {"general": {"nodes": ["c-[0-1]"], **GROUP}},
                **directory.settings,
            }
            values = settings(fat_image.name, key) | own
            other = {**values, "cluster_name": "beta", "cluster_networks": [
                {"network": "beta", "create": {"cidr": "10.67.0.0/24"}}
            ]}  # fmt: skip
            _stack_file(folder, "beta", other, variables["OS_CLOUD"])
            rig = Rig(folder, "alpha", excluded=())
            rig.settings, rig.more = values, {"openstack:cloud": variables["OS_CLOUD"]}
            rig.session()  # writes the stack file
            made = SiteRepository(folder, Live(rig, Login(key), user), variables, elsewhere / "phases")
            try:
                made.succeed("up", "--stack", "alpha", "--yes")
                yield made
            finally:
                print(made.run("destroy", "--stack", "alpha", "--yes", "--delete-volumes").stderr)


def test_the_image_has_what_hooks_and_the_role_did(site: SiteRepository) -> None:
    for node in ("login-0", "c-0"):
        assert site.live.run(node, "cat /etc/own-image").split() == ["pre", "post"]
        assert site.live.run(node, f"cat {OWN}/image") == f"from alpha {LICENCE}"
        assert site.live.run(node, "command -v tree") == "/usr/bin/tree", "through the proxy"


def test_each_phase_of_site_yml_ran_its_hook(site: SiteRepository) -> None:
    assert site.phases.read_text().split() == list(PHASES)
    for node in ("control", "login-0"):
        assert site.live.run(node, f"cat {OWN}/site") == f"from alpha {LICENCE}"


def _is_set_up(site: SiteRepository, node: str) -> None:
    assert site.live.run(node, f"cat {OWN}/node") == f"from alpha {LICENCE}"
    assert site.live.run(node, "cat /etc/own-boot").split() == ["pre", "post"]
    assert site.live.run(node, f"stat --format=%a {OWN}/node") == "600"


def test_compute_nodes_ran_the_role_and_the_hooks_themselves(site: SiteRepository) -> None:
    for node in ("c-0", "c-1"):
        _is_set_up(site, node)


def test_nothing_of_the_vault_is_readable(site: SiteRepository) -> None:
    for file in site.folder.rglob("*"):
        assert not (file.is_file() and LICENCE in file.read_text(errors="replace")), file
    assert LICENCE not in json.dumps(site.live.rig.session().deployment())


def test_a_user_of_the_directory_runs_a_job(site: SiteRepository) -> None:
    site.live.wait_for_association("dora")
    assert site.live.run("login-0", f"{DORA} --nodes=2 id --name --user").split() == ["dora", "dora"]


def test_a_rebuild_by_slurm_brings_everything_back(site: SiteRepository, fat_image: GlanceImage) -> None:
    own = site.live.image("c-0")
    site.live.run("c-0", f"touch {OWN}/of-the-former-disk")
    for image in (fat_image.id, own):
        site.live.set_target("c-0", image)
        done = site.live.as_user("olga", f"srun --reboot --nodelist=life-c-0 cat {OWN}/node", limit=240)
        assert done.returncode == 1, "only root may read it"
        assert "Permission denied" in done.stderr
        assert site.live.image("c-0") == image
        site.live.wait_for_state("c-0", "IDLE")
        _is_set_up(site, "c-0")
        assert site.live.run("login-0", f"{DORA} --nodelist=life-c-0 id --name --user") == "dora"
    assert site.live.run("c-0", f"ls {OWN}").split() == ["image", "node"]


def test_the_other_cluster_shares_the_layer_and_has_its_own_plan(site: SiteRepository) -> None:
    shown = json.loads(site.succeed("config", "show", "--stack", "beta", "--origin", "--output", "json"))
    assert "environments/alpha" not in json.dumps(shown)
    assert "site/group_vars/all/words.yml" in json.dumps(shown)
    planned = json.loads(site.succeed("preview", "--stack", "beta", "--output", "json", status=7))
    assert "beta-control" in json.dumps(planned)


def test_a_second_up_changes_nothing_and_nothing_is_written_to_the_checkout(site: SiteRepository) -> None:
    made_by_python = {"__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis"}
    began = Path(site.variables["ANSIBLE_VAULT_PASSWORD_FILE"]).stat().st_mtime
    site.succeed("up", "--stack", "alpha", "--yes")
    files = (path.relative_to(REPOSITORY) for path in REPOSITORY.rglob("*") if path.is_file())
    ours = (path for path in files if not made_by_python & set(path.parts))
    assert [str(path) for path in ours if (REPOSITORY / path).stat().st_mtime > began] == []
