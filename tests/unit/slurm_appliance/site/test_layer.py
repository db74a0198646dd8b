"""The site's own layer in a run of site.yml: where it is looked for, and what compute nodes get of it."""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

from node.compute_init.layer_collections import FILE as COLLECTIONS_FILE
from node.compute_init.site_layer import FILE, NodeLayer
from slurm_appliance.hostvars.inventory import read_inventory
from slurm_appliance.secrets.generate import MAKERS
from slurm_appliance.site import run
from slurm_appliance.site.inventory import Inventory
from slurm_appliance.site_layer.errors import SiteLayerError
from slurm_appliance.site_layer.run import HOOKS_VARIABLE, inventories
from tests.unit.slurm_appliance.site.test_inventory import HOSTS, SUBNETS, config
from tests.unit.slurm_appliance.site_layer.trees import STACK, collection, layer_of, repository
from toolchain.paths import REPOSITORY

PLAY = "- hosts: localhost\n"


def test_without_a_layer_only_the_folder_on_this_machine_has_hooks(tmp_path: Path) -> None:
    made = run._prepared(None, tmp_path, tmp_path / "hooks")
    assert made.environment == {HOOKS_VARIABLE: str(tmp_path / "hooks")}
    assert (made.inventories, dict(made.variables)) == ((), {})


def test_a_layer_that_is_gone_since_the_plan_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = repository(tmp_path, {})
    assert run._layer(STACK, stacks) is None
    monkeypatch.setenv("SLURM_APPLIANCE_LAYER", "d1gest")
    with pytest.raises(SiteLayerError):
        run._layer(STACK, stacks)
    repository(tmp_path, {f"environments/{STACK}/hooks/site/pre.yml": PLAY})
    assert run._layer(STACK, stacks) is not None


def test_group_vars_of_layers_are_below_the_inventory(tmp_path: Path) -> None:
    layer = layer_of(
        tmp_path,
        {
            "site/group_vars/all.yml": "a: shared\nb: shared\nc: shared\n",
            f"environments/{STACK}/group_vars/all.yml": "b: own\nc: own\n",
        },
    )
    inventory = tmp_path / "inventory"
    (inventory / "group_vars").mkdir(parents=True)
    (inventory / "hosts.yml").write_text("all: {hosts: {n: {}}}\n")
    (inventory / "group_vars" / "all.yml").write_text("c: stack\n")
    (tmp_path / "ansible.cfg").touch()
    values = read_inventory(inventory, tmp_path, inventories(layer, tmp_path / "work"))["n"]
    assert {name: values[name] for name in "abc"} == {"a": "shared", "b": "own", "c": "stack"}


@pytest.mark.parametrize("with_layer", [False, True])
def test_the_program_that_site_yml_starts_exports_the_layer(tmp_path: Path, with_layer: bool) -> None:
    stacks = repository(tmp_path, {})
    if with_layer:
        tarball = collection(tmp_path / "site/collections")
        repository(
            tmp_path,
            {
                "site/requirements.yml": json.dumps({"collections": [{"name": f"collections/{tarball.name}"}]}),
                "site/hooks/compute-init/post.yml": "- {hosts: localhost, roles: [own.tools.hello]}\n",
                "site/hooks/compute-init/vars.yml": "word: plain\n",
                "site/roles/own/meta/node_variables.yml": "compute_init: compute\nnode_variables: [scratch_server]\n",
                # A variable that a role on nodes reads, one that the site's role reads, and one that no node may have.
                "site/group_vars/all.yml": "nfs_client_transport: kernel\nscratch_server: nas\nsecret_of_the_site: x\n",
            },
        )
    environment = tmp_path / "environments-of-this-machine" / STACK
    inventory, rendered = environment / "inventory", environment / "site"
    (inventory / "group_vars" / "all").mkdir(parents=True)
    rendered.mkdir()
    (inventory / "hosts.yml").write_text(Inventory(config(), HOSTS, SUBNETS).render())
    secrets = {name: make() for name, make in MAKERS.items()}
    (inventory / "group_vars/all/secrets.yml").write_text(yaml.safe_dump(secrets))
    (environment / "users.json").write_text("{}")
    (rendered / "control_host_key.pub").write_text("ssh-ed25519 AAAA root@control\n")
    command = [sys.executable, "-m", "slurm_appliance.site.files", str(inventory), "my-demo-control", str(rendered)]
    ended = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "SLURM_APPLIANCE_STACKS": str(stacks), "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    with tarfile.open(fileobj=io.BytesIO((rendered / "export.tar.gz").read_bytes())) as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        texts = {name: file.read() for name, file in files.items() if file is not None}
    listed = json.loads(texts["nodes/my-demo-c-0/bundle.json"])["files"]
    for name in (FILE, COLLECTIONS_FILE):
        assert (name in listed) is with_layer
        assert (f"shared/{name}" in texts) is with_layer
    assert not [name for name, text in texts.items() if b"secret_of_the_site" in text]
    variables = json.loads(texts["nodes/my-demo-c-0/variables.json"])
    transport = variables.get("nfs_client_transport")
    assert transport == ("kernel" if with_layer else None), "roles are configured alike on all nodes"
    assert variables.get("scratch_server") == ("nas" if with_layer else None)
    if with_layer:
        assert NodeLayer.of(texts[f"shared/{FILE}"]).variables == {"word": "plain"}
        assert NodeLayer.of(texts[f"shared/{FILE}"]).entries == {"own": "compute"}
        assert NodeLayer.of(texts[f"shared/{FILE}"]).collections == ("own.tools",)
        assert listed[FILE]["keep"] is listed[COLLECTIONS_FILE]["keep"] is True
