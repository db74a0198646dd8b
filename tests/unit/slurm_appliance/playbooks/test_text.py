"""Text from outside is never rendered: shown with the real Ansible, for whatever is in the files that it is given.

The tests go over the files' trees and the fields of what goes into them, and name none: a field that is added is
covered on the day it comes.
"""

import ast
import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from node.ansible_init import playbook as node_playbook
from node.ansible_init.unsafe import unsafe
from slurm_appliance.cloud.text import CloudTextError
from slurm_appliance.config.access import SshAccess
from slurm_appliance.hostvars.bundle import ComputeNode, bundle
from slurm_appliance.hostvars.inventory import read_inventory
from slurm_appliance.playbooks import inventory_file
from slurm_appliance.playbooks.run import ANSIBLE, run_playbook
from slurm_appliance.playbooks.text import Template, literal, rendered, yaml_value
from slurm_appliance.secrets.generate import render
from slurm_appliance.site.inventory import Inventory, InventoryHost, InventorySubnet
from slurm_appliance.ssh.options import as_ansible_renders, connection_variables
from tests.unit.slurm_appliance.site.test_inventory import HOSTS, SUBNETS, config
from toolchain.paths import REPOSITORY

SSH_ARGS = "ansible_ssh_common_args"
#: Where Ansible puts a file for each text that it renders; texts of the tests have the number of their place.
_WITNESS = "{{ lookup('ansible.builtin.pipe', 'touch WITNESS') }}{% set x = 1 %}{# x #}"


class Poison:
    """Puts a text that would leave a trace into every place of a tree where a text is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.placed = 0

    def text(self) -> str:
        self.placed += 1
        return _WITNESS.replace("WITNESS", str(self.folder / f"rendered-{self.placed}"))

    def __call__(self, value: Any) -> Any:
        if isinstance(value, Template):
            return value
        if isinstance(value, str):
            return self.text()
        if isinstance(value, dict):
            return {key: self(each) for key, each in value.items()}
        return [self(each) for each in value] if isinstance(value, list | tuple) else value

    def rendered(self) -> list[str]:
        return sorted(path.name for path in self.folder.glob("rendered-*"))


@pytest.fixture
def poison(tmp_path: Path) -> Poison:
    folder = tmp_path / "witness"
    folder.mkdir()
    return Poison(folder)


#: Renders every variable of its host there is, also by way of others, and writes down what came of it.
_SHOW = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        again: "{{ vars['wanted'] }}"
        glued: "{{ '{' }}{{ vars['wanted'] | string }}"
      delegate_to: localhost
    - ansible.builtin.copy:
        content: "{{ {'all': vars['wanted'], 'again': again, 'glued': glued} | to_json }}"
        dest: "{{ seen }}/{{ inventory_hostname }}.json"
      delegate_to: localhost
      vars: {ansible_connection: local, ansible_python_interpreter: /usr/bin/python3}
"""


def show(tmp_path: Path, inventory: Path, wanted: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the variables of each host are for a playbook, by host."""
    seen = tmp_path / "seen"
    seen.mkdir(exist_ok=True)
    own = tmp_path / "show.yml"
    own.write_text(_SHOW.replace("vars['wanted']", wanted).replace("{{ seen }}", str(seen)))
    with (tmp_path / "log").open("w") as log:
        ended = run_playbook(own, inventory, log, lambda _: None, folder=tmp_path, variables=variables)
    assert ended.status == "successful", (tmp_path / "log").read_text()
    return {path.stem: json.loads(path.read_text()) for path in seen.glob("*.json")}


def test_nothing_in_the_inventory_is_rendered(tmp_path: Path, poison: Poison) -> None:
    host = replace(HOSTS[2], floating_ip="203.0.113.11")
    tree = Inventory(config(), (host,), SUBNETS).tree()
    poisoned = poison(tree)
    group = poisoned["all"]["children"][host.group]
    expected = {**poisoned["all"]["vars"], **group["vars"], **group["hosts"][host.name]}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(inventory_file.dump(poisoned))
    # Ansible has its own words for connections, and connects to nobody here.
    names = [name for name in expected if not name.startswith("ansible_")]
    seen = show(tmp_path, inventory, f"{{{', '.join(f'{name!r}: {name}' for name in names)}}}")
    assert poison.placed > 30
    assert seen[host.name]["all"] == seen[host.name]["again"] == {name: expected[name] for name in names}
    assert poison.rendered() == []


def test_the_address_of_the_audit_would_be_rendered_without_its_tag(tmp_path: Path, poison: Poison) -> None:
    """The test can fail: the same text without the tag leaves its trace."""
    inventory = tmp_path / "hosts.yml"
    host = {"ansible_connection": "local", "x": poison.text()}
    inventory.write_text(yaml.safe_dump({"all": {"hosts": {"a": host}}}))
    show(tmp_path, inventory, "x")
    assert poison.rendered() == ["rendered-1"]


def _texts(thing: Any) -> list[str]:
    """The fields of a dataclass that hold text, alone or in a mapping."""
    return [each.name for each in fields(thing) if isinstance(getattr(thing, each.name), str | dict)]


@pytest.mark.parametrize("bad", ["{{ x }}", "10.0.0.1 evil", "10.0.0.1\nevil", "fe80::1%{{ x }}", "\x1b]0;x\x07", ""])
@pytest.mark.parametrize(("thing", "free"), [
    (replace(HOSTS[1], volumes={"fast": HOSTS[1].instance_id}), {"name", "kind", "group", "fqdn", "access_network"}),
    (SUBNETS[0], {"network"}),
])  # fmt: skip
def test_what_the_cloud_says_has_its_form_or_is_refused(
    thing: InventoryHost | InventorySubnet, free: set[str], bad: str
) -> None:
    """``free`` are names, which the configuration gives; any other field is refused, one that is added, too."""
    for name in set(_texts(thing)) - free:
        value = getattr(thing, name)
        poisoned: Any = dict.fromkeys(value, bad) if isinstance(value, dict) else bad
        with pytest.raises(CloudTextError) as refused:
            replace(cast("Any", thing), **{name: poisoned})
        assert "\x1b" not in str(refused.value)
        assert "evil\n" not in str(refused.value)


def test_secrets_arrive_as_they_are(tmp_path: Path, poison: Poison) -> None:
    odd = "'\" \\ : # - & * ! % @ ` é 😀 \x07 \x85 \u2028 \n {x}"
    secret = {"munge_key": poison.text(), "reboot_cloud": {"auth": {"id": poison.text(), "more": [odd]}}, "odd": odd}
    inventory = tmp_path / "inventory"
    (inventory / "group_vars/all").mkdir(parents=True)
    (inventory / "hosts.yml").write_text("all: {hosts: {a: {ansible_connection: local}}}")
    (inventory / "group_vars/all/secrets.yml").write_text(render(secret))
    seen = show(tmp_path, inventory, "{'munge_key': munge_key, 'reboot_cloud': reboot_cloud, 'odd': odd}")
    assert seen["a"]["all"] == secret
    assert poison.rendered() == []


def test_variables_of_a_run_are_not_rendered(tmp_path: Path, poison: Poison) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {hosts: {a: {ansible_connection: local}}}")
    variables = {"x": {"name of an image": poison.text(), "comments": [poison.text()]}}
    assert show(tmp_path, inventory, "x", variables)["a"]["all"] == variables["x"]
    assert poison.rendered() == []


def test_a_node_renders_the_stacks_templates_and_nothing_from_outside(tmp_path: Path, poison: Poison) -> None:
    comment, flavor = poison.text(), poison.text()
    inventory = tmp_path / "hosts.yml"
    host = {"comment": comment, "flavor": [flavor], "greeting": Template("{{ comment }}, {{ flavor[0] }}")}
    inventory.write_text(inventory_file.dump({"all": {"hosts": {"c-0": host}}}))
    variables = read_inventory(inventory, ANSIBLE)["c-0"]
    node = ComputeNode("c-0", "10.0.0.1", "i", "m", variables, frozenset({"greeting"}))
    brought = json.loads(bundle(node, {})["variables.json"])
    assert set(brought) == {"comment", "flavor", "greeting"}
    own = tmp_path / "node.yml"
    own.write_text(
        "- hosts: localhost\n  gather_facts: false\n  tasks:\n    - ansible.builtin.copy:\n"
        f'        content: "{{{{ [greeting, comment, flavor[0], roles] | to_json }}}}"\n        dest: {tmp_path}/out\n'
        "      vars: {ansible_python_interpreter: /usr/bin/python3}\n"
    )
    role = poison.text()
    program = str(Path(sys.prefix) / "bin/ansible-playbook")
    node_playbook.run([own], {**brought, **unsafe({"roles": [role]})}, program)
    assert json.loads((tmp_path / "out").read_text()) == [f"{comment}, {flavor}", comment, flavor, [role]]
    assert poison.rendered() == []


texts = st.text(alphabet=st.sampled_from([*"{}%#'\"\\ \n:!a&é😀\x85"]), max_size=30)


@given(st.recursive(texts, lambda some: st.lists(some, max_size=3) | st.dictionaries(texts, some, max_size=3)))
def test_yaml_says_what_was_meant(value: Any) -> None:
    assert inventory_file.load(inventory_file.dump(value)) == value
    assert inventory_file.load(yaml_value(value)) == value


@given(path=texts, host=texts)
def test_text_from_outside_within_a_template_is_itself(path: str, host: str) -> None:
    args = shlex.join([literal(path), "{{ inventory_dir }}/x", literal(host)])
    assert shlex.split(rendered(args, {"inventory_dir": "/folder"})) == [path, "/folder/x", host]


def test_ansible_renders_ssh_options_to_what_they_are(tmp_path: Path, poison: Poison) -> None:
    key = f"/keys/{poison.text()}"
    given = {"private_key_file": key, "bastion_host": "b", "bastion_private_key_file": "~/.ssh/bastion"}
    access = SshAccess.model_construct(**{**SshAccess().model_dump(), **given})
    inventory = tmp_path / "hosts.yml"
    tree = {"all": {"hosts": {"a": {"ansible_connection": "local", "args": connection_variables(access)}}}}
    inventory.write_text(inventory_file.dump(tree))
    args = show(tmp_path, inventory, f"args.{SSH_ARGS}")["a"]["all"]
    assert key in shlex.split(args)
    assert f"UserKnownHostsFile={tmp_path}/../known_hosts" in shlex.split(args)
    assert shlex.split(args) == shlex.split(as_ansible_renders(connection_variables(access)[SSH_ARGS], tmp_path))
    assert f"{Path.home()}/.ssh/bastion" in args
    assert poison.rendered() == []


def _calls(name: str) -> Iterator[str]:
    for folder in ("slurm_appliance", "components"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            for each in ast.walk(ast.parse(path.read_text())):
                if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == name:
                    yield str(path.relative_to(REPOSITORY))


def test_templates_are_made_in_known_places() -> None:
    """Whoever makes another one has to think of what goes into it, and to name the place here."""
    assert sorted(_calls("Template")) == ["slurm_appliance/site/filesystems.py", "slurm_appliance/ssh/options.py"]


def test_ansible_inventory_says_the_same(tmp_path: Path, poison: Poison) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(inventory_file.dump({"all": {"hosts": {"a": {"x": poison.text()}}}}))
    program = str(Path(sys.prefix) / "bin/ansible-inventory")
    subprocess.run([program, "-i", str(inventory), "--list"], check=True, capture_output=True)
    assert poison.rendered() == []
