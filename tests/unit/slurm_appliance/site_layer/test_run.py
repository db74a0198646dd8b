"""Layers in real runs of Ansible, on this machine.

Of our playbooks only the places of the hooks are run: the rest would set up this machine as a node.
"""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from node.ansible_init import playbook as on_node
from node.ansible_init.unsafe import unsafe
from node.compute_init.layer_collections import FOLDER, unpack
from node.compute_init.site_layer import FILES, FILES_VARIABLE, ROLES, ROLES_PLAYBOOK, NodeLayer, course
from slurm_appliance.playbooks.run import ANSIBLE, PlaybookOutcome, mitogen_strategies, run_playbook
from slurm_appliance.site_layer.layers import SiteLayer
from slurm_appliance.site_layer.run import HOOKS_VARIABLE, LayerRun, prepared
from slurm_appliance.site_layer.tree import HOOKS
from tests.unit.slurm_appliance.site_layer.trees import MODULE_AND_FILTER, STACK, collection, layer_of, write

OWN = f"environments/{STACK}"
GROUP = "stand"


def hook(text: str, hosts: str = GROUP) -> str:
    """A hook that adds a line to the file ``ran``."""
    task = {"name": "Tell", "ansible.builtin.shell": f"echo {text} >> {{{{ ran }}}}"}
    return json.dumps([{"name": "A hook", "hosts": hosts, "gather_facts": False, "tasks": [task]}])


def role(*tasks: object) -> str:
    return json.dumps(list(tasks))


def places_of_hooks(name: str, folder: Path) -> Path:
    """A playbook with nothing of one of ours but the places where hooks run."""
    shutil.copy(ANSIBLE / "no-hook.yml", folder)
    plays = [play for play in yaml.safe_load((ANSIBLE / name).read_text()) if HOOKS_VARIABLE in str(play)]
    assert all("hosts" not in play for play in plays)
    (folder / name).write_text(json.dumps(plays))
    return folder / name


class Stand:
    """This machine as the only host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ran = folder / "ran"
        self.log = io.StringIO()
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ran": str(self.ran)}
        self.inventory = folder / "environment" / "inventory" / "hosts.json"
        self.inventory.parent.mkdir(parents=True)
        groups = {GROUP: {"hosts": {"stand": local}}, "dev": {"hosts": {}}}
        self.inventory.write_text(json.dumps({"all": {"children": groups, "vars": {"by_stack": "stack"}}}))

    def run(self, layer: SiteLayer | None, sequence: str, name: str, last: Path | None = None) -> PlaybookOutcome:
        work = self.folder / "work"
        work.mkdir()
        layers = LayerRun() if layer is None else prepared(layer, sequence, work, last)
        sources = (*layers.inventories, self.inventory)
        return run_playbook(
            places_of_hooks(name, self.folder),
            sources,
            self.log,
            lambda _line: None,
            folder=self.folder,
            variables=layers.variables,
            environment=layers.environment,
        )

    @property
    def lines(self) -> list[str]:
        return self.ran.read_text().splitlines() if self.ran.exists() else []


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path)


def test_hooks_of_site_yml_run_in_order_with_own_roles_files_and_group_vars(tmp_path: Path, stand: Stand) -> None:
    folder = tmp_path / "a site's own"
    files = {f"site/hooks/site/{name}": hook(f"shared-{name}") for name in HOOKS["site"]}
    tell = "echo {{ shared }} {{ both }} {{ by_stack }} {{ lookup('file', site_layer_files ~ '/motd') }} >> {{ ran }}"
    layer = layer_of(
        folder,
        files
        | {
            f"{OWN}/hooks/site/pre.yml": json.dumps([{"hosts": GROUP, "gather_facts": False, "roles": ["own"]}]),
            "site/roles/own/tasks/main.yml": role({"name": "No", "ansible.builtin.fail": {"msg": "the shared role"}}),
            f"{OWN}/roles/own/tasks/main.yml": role(
                {"name": "Use variables", "ansible.builtin.shell": tell},
                {"name": "Use another role", "ansible.builtin.include_role": {"name": "shared"}},
            ),
            "site/roles/shared/tasks/main.yml": role(
                {"name": "Tell", "ansible.builtin.shell": "echo {{ inventory_dir }} >> {{ ran }}"}
            ),
            "site/group_vars/all.yml": "shared: shared\nboth: shared\n",
            f"{OWN}/group_vars/{GROUP}.yml": "both: own\n",
            "site/files/motd": "shared",
            f"{OWN}/files/motd": "own",
        },
    )
    last = write(stand.folder / "environment" / "hooks", {"pre.yml": hook("last")})
    outcome = stand.run(layer, "site", "site.yml", last)
    assert outcome.status == "successful", stand.log.getvalue()
    first = ["shared-pre.yml", "shared own stack own", str(stand.inventory.parent), "last"]
    assert stand.lines == [*first, *(f"shared-{name}" for name in HOOKS["site"][1:])]


def test_a_hook_uses_a_collection_that_the_layer_requires(
    tmp_path: Path, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tell = role({"name": "Tell", "ansible.builtin.shell": "echo of the collection >> {{ ran }}"})
    tarball = collection(tmp_path / "own/site/collections", tell)
    layer = layer_of(
        tmp_path / "own",
        {
            "site/requirements.yml": json.dumps({"collections": [{"name": f"collections/{tarball.name}"}]}),
            "site/hooks/site/pre.yml": json.dumps(
                [{"hosts": GROUP, "gather_facts": False, "roles": ["own.tools.hello"]}]
            ),
        },
    )
    outcome = stand.run(layer, "site", "site.yml")
    assert outcome.status == "successful", stand.log.getvalue()
    assert stand.lines == ["of the collection"]


@pytest.mark.parametrize("mitogen", [False, True])
def test_a_role_on_a_compute_node_uses_a_module_and_a_filter_of_a_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mitogen: bool
) -> None:
    """Packed here, unpacked and run by the program on nodes, whose images have Mitogen."""
    monkeypatch.setattr(on_node, "STRATEGIES", mitogen_strategies() if mitogen else tmp_path / "none")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tarball = collection(tmp_path / "own/site/collections", files=MODULE_AND_FILTER)
    mark = {"name": "Mark", "own.tools.mark": {"path": f"{tmp_path}/ran", "text": "{{ 'quiet' | own.tools.loud }}"}}
    layer = layer_of(
        tmp_path / "own",
        {
            "site/requirements.yml": json.dumps({"collections": [{"name": f"collections/{tarball.name}"}]}),
            "site/roles/marked/tasks/main.yml": role(mark),
            "site/roles/marked/meta/node_variables.yml": "compute_init: compute\nnode_variables: []\n",
        },
    )
    there = tmp_path / "layer"
    NodeLayer.of(layer.node).write(there, ANSIBLE / "group_vars")
    unpack(layer.node_collections, there / FOLDER)
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    variables = {"compute_init_roles": ["compute"], "ansible_python_interpreter": sys.executable}
    on_node.run([there / ROLES_PLAYBOOK], variables, program, tmp_path, (there / ROLES,), (), there / FOLDER)
    assert (tmp_path / "ran").read_text() == "QUIET\n"


def test_encrypted_variables_work_with_the_operators_password_file(
    tmp_path: Path, stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = layer_of(
        tmp_path / "own",
        {"site/hooks/site/pre.yml": hook("{{ hidden }}"), "site/group_vars/all/hidden.yml": "hidden: found\n"},
    )
    password, variables = tmp_path / "password", tmp_path / "own/site/group_vars/all/hidden.yml"
    password.write_text("of the site")
    vault = [str(Path(sys.executable).with_name("ansible-vault")), "encrypt", "--vault-password-file", str(password)]
    subprocess.run([*vault, str(variables)], check=True, capture_output=True)
    assert variables.read_text().startswith("$ANSIBLE_VAULT")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(password))
    outcome = stand.run(layer, "site", "site.yml")
    assert outcome.status == "successful", stand.log.getvalue()
    assert stand.lines == ["found"]


def test_hooks_of_an_image_build_run_for_its_groups(tmp_path: Path, stand: Stand) -> None:
    layer = layer_of(
        tmp_path / "own",
        {
            "site/hooks/image/pre.yml": hook("shared-pre"),
            f"{OWN}/hooks/image/pre.yml": hook("own-pre"),
            f"{OWN}/hooks/image/post.yml": hook("own-post"),
            "site/hooks/image/post.yml": hook("dev-post", "dev"),
            "site/hooks/site/pre.yml": hook("not-this"),
        },
    )
    outcome = stand.run(layer, "image", "fatimage.yml")
    assert outcome.status == "successful", stand.log.getvalue()
    assert stand.lines == ["shared-pre", "own-pre", "own-post"]


def test_hooks_of_an_image_build_run_after_the_update_and_before_the_record() -> None:
    plays = [str(play["name"]).partition(":")[0] for play in yaml.safe_load((ANSIBLE / "fatimage.yml").read_text())]
    assert plays[:2] == ["Prepare", "Pre"]
    assert plays[-2:] == ["Post", "Finish"]


@pytest.mark.parametrize(("sequence", "name"), [("site", "site.yml"), ("image", "fatimage.yml")])
def test_every_phase_has_its_place(sequence: str, name: str) -> None:
    text = (ANSIBLE / name).read_text()
    places = [text.index(f"~ '/{each}'") for each in HOOKS[sequence]]
    assert places == sorted(places)
    assert text.count(HOOKS_VARIABLE) == len(places)


@pytest.mark.parametrize("name", ["site.yml", "fatimage.yml"])
def test_without_a_layer_no_hook_is_looked_for_elsewhere(stand: Stand, name: str) -> None:
    assert stand.run(None, "site", name).status == "successful", stand.log.getvalue()
    assert stand.lines == []


def test_hooks_on_a_compute_node_find_roles_files_and_variables(tmp_path: Path) -> None:
    """The site's layer, packed here and written and run by the program on nodes."""
    tell = "echo {{ word }} {{ lookup('file', site_layer_files ~ '/motd') }} {{ munge_key | default('no secret') }}"
    use = json.dumps([{"hosts": "localhost", "gather_facts": False, "roles": ["own"]}])
    layer = layer_of(
        tmp_path / "own",
        {
            "site/hooks/compute-init/pre.yml": use,
            f"{OWN}/hooks/compute-init/post.yml": use,
            "site/hooks/compute-init/vars.yml": f"word: '{{{{ x }}}}'\nran: {tmp_path}/ran\n",
            "site/roles/own/tasks/main.yml": role(
                {"name": "Tell", "ansible.builtin.copy": {"dest": f"{tmp_path}/ran", "content": "{{ word }}"}},
                {"name": "Add", "ansible.builtin.shell": f"{tell.replace('{{ word }}', 'and')} >> {{{{ ran }}}}"},
            ),
            "site/files/motd": "own",
        },
    )
    received = NodeLayer.of(layer.node)
    there = tmp_path / "layer"
    received.write(there, ANSIBLE / "group_vars")
    variables = unsafe({**received.variables, FILES_VARIABLE: str(there / FILES)})
    done = []
    for name, playbooks in course(tmp_path / "ours.yml", tmp_path / "rejoin.yml", received, there):
        done.append(name)
        if playbooks[0].is_relative_to(there):
            program = str(Path(sys.executable).with_name("ansible-playbook"))
            on_node.run(playbooks, variables, program, tmp_path, (tmp_path / "roles", there / ROLES))
            assert (tmp_path / "ran").read_text() == "{{ x }}and own no secret\n"
    hooks = ["site/hooks/compute-init/pre.yml", "environment/hooks/compute-init/post.yml"]
    assert done == [hooks[0], "ours.yml", hooks[1], "rejoin.yml"]
