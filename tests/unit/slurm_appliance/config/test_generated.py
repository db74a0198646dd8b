"""The files written from the schema: in step with it, complete, and themselves correct."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from slurm_appliance.config import boot_roles, from_stack_file
from slurm_appliance.config.catalog import settings
from slurm_appliance.config.compute_init import ComputeInitRole
from slurm_appliance.config.example import VALUES
from slurm_appliance.config.generated import FILES, text_of
from slurm_appliance.config.json_schema import json_schema
from slurm_appliance.config.reference import BEGIN, END
from tests.unit.slurm_appliance.config.examples import largest, smallest
from toolchain.paths import REPOSITORY

STACKS = sorted((REPOSITORY / "stacks").glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("form", FILES)
def test_committed_files_are_up_to_date(form: str) -> None:
    committed = (REPOSITORY / FILES[form]).read_text()
    assert committed == text_of(form), f"run: ./slurm-appliance schema --form {form} --output {FILES[form]}"


def test_the_reference_in_the_docs_is_up_to_date() -> None:
    page = (REPOSITORY / "docs" / "configuration.md").read_text()
    between = page.partition(f"{BEGIN}\n")[2].partition(END)[0]
    assert between == text_of("reference"), (
        "run: ./slurm-appliance schema --form reference, and put it between the marks"
    )


def yaml_blocks() -> Iterator[tuple[str, str]]:
    """All YAML of the pages: where it stands, and the text."""
    for page in [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]:
        pieces = re.split(r"^```(\w*)\n", page.read_text(), flags=re.MULTILINE)
        for number, (kind, text) in enumerate(zip(pieces[1::2], pieces[2::2], strict=True)):
            if kind == "yaml":
                yield f"{page.name}-{number}", text


#: The mirror's own configuration, which tests/unit/mirror holds.
OF_THE_MIRROR = "repositories:"
#: Pipelines, which tests/engine/cluster/test_api.py holds.
PIPELINES = "ci.md"
#: Playbooks and variables of a site, which tests/unit/slurm_appliance/site_layer and test_grafana_dashboards.py hold.
OF_A_LAYER, HOOK = "site-layer.md", "# site/hooks/"


@pytest.mark.parametrize(("place", "text"), [pytest.param(*block, id=block[0]) for block in yaml_blocks()])
def test_stack_files_in_the_docs_are_valid(place: str, text: str, tmp_path: Path) -> None:
    if text.startswith((OF_THE_MIRROR, HOOK)) or place.startswith((PIPELINES, OF_A_LAYER)):
        pytest.skip("no stack file")
    assert "slurm-appliance:" in text, f"{place}: write settings as they stand in a stack file"
    path = tmp_path / "Pulumi.docs.yaml"
    given = yaml.safe_load(text)
    whole = given if "config" in given else stack(smallest())
    whole["config"] |= given if "config" not in given else {}
    path.write_text(yaml.safe_dump(whole))
    from_stack_file(path)


def test_the_first_file_in_the_docs_has_sixteen_nodes_that_set_themselves_up(tmp_path: Path) -> None:
    _, text = next(block for block in yaml_blocks() if block[0].startswith("configuration.md"))
    path = tmp_path / "Pulumi.docs.yaml"
    path.write_text(text)
    config = from_stack_file(path)
    assert len(config.compute["general"].nodes) == 16
    assert boot_roles(config, config.compute["general"]) == tuple(ComputeInitRole)


@pytest.mark.parametrize("path", STACKS, ids=lambda path: path.name)
def test_stack_files_are_valid_and_tell_editors_of_the_schema(path: Path) -> None:
    from_stack_file(path)
    assert path.read_text().startswith("# yaml-language-server: $schema=config.schema.json\n")
    jsonschema.validate(yaml.safe_load(path.read_text()), json_schema(), jsonschema.Draft202012Validator)


def uncommented(text: str) -> str:
    """With every setting that is commented out in force: ``#name:`` but not ``# explanation``."""
    return re.sub(r"^(\s*)#(?=[\w-])", r"\1", text, flags=re.MULTILINE)


def names_in(tree: Any) -> set[str]:
    """All keys, however deep."""
    if isinstance(tree, dict):
        return set(tree) | {name for value in tree.values() for name in names_in(value)}
    return {name for value in tree for name in names_in(value)} if isinstance(tree, list) else set()


def test_the_example_has_and_explains_every_setting() -> None:
    text = text_of("example")
    words = " ".join(line.strip().removeprefix("# ") for line in text.splitlines())
    names = {name.removeprefix("slurm-appliance:") for name in names_in(yaml.safe_load(uncommented(text)))}
    for setting in settings():
        assert setting.description in words, setting.path
        assert setting.location[-1] in names, setting.path


def test_every_value_in_the_example_is_allowed_at_its_place(tmp_path: Path) -> None:
    everything = yaml.safe_load(uncommented(text_of("example")))["config"]
    # Alternatives, of which the example shows all and a cluster takes one.
    for name in ("id", "name"):
        del everything["slurm-appliance:cluster_image"][name]
    del everything["slurm-appliance:cluster_image_id"]
    del everything["slurm-appliance:key_pair"]["public_key_file"]
    del everything["slurm-appliance:cluster_networks"][0]["create"]["ipv6_mode"]  # For a network of IPv6.
    del everything["slurm-appliance:image_builds"]["fat"]["package_sources"]["password"]
    for group in ("login", "compute"):
        for settings_of_group in everything[f"slurm-appliance:{group}"].values():
            settings_of_group.pop("image_id", None)
            settings_of_group.pop("server_group_id", None)
            settings_of_group.pop("server_group", None)
            settings_of_group.pop("hypervisor_hostname", None)
            settings_of_group.pop("ip_addresses", None)  # Two, for groups of two nodes.
            settings_of_group.pop("port_ids", None)
    del everything["slurm-appliance:identity"]["access_filter"]
    del everything["slurm-appliance:control_server_group"]
    del everything["slurm-appliance:slurm"]["topology"]  # In place of a file.
    del everything["slurm-appliance:control_port_ids"]  # On a network that exists.
    scratch = everything["slurm-appliance:filesystems"]["scratch"]
    everything["slurm-appliance:filesystems"]["scratch"] = {
        name: scratch[name] for name in ("type", "mount_point", "options", "server", "export", "version", "nconnect")
    }
    everything["slurm-appliance:home_volume_provisioning"] = "none"
    everything["slurm-appliance:control_ip_addresses"] = {"cluster": "10.20.0.10"}
    del everything["slurm-appliance:image_builds"]["fat"]["package_sources"]["username"]
    path = tmp_path / "Pulumi.test.yaml"
    path.write_text(yaml.safe_dump({"config": everything}))
    from_stack_file(path)


def test_nothing_is_chosen_for_the_example_that_is_not_there() -> None:
    live = yaml.safe_load(text_of("example"))["config"]
    for path in VALUES:
        value: Any = live
        for index, piece in enumerate(path.split(".")):
            value = value[f"slurm-appliance:{piece}" if index == 0 else piece]


def stack(settings_: dict[str, Any]) -> dict[str, Any]:
    return {"config": {f"slurm-appliance:{name}": value for name, value in settings_.items()}}


def test_the_json_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    json.dumps(json_schema())


@pytest.mark.parametrize(
    "settings_",
    [
        smallest(),
        largest(),
        smallest(protected="true", root_volume_size="60", compute="{}"),
        smallest(secrets={"munge_key": {"secure": "v1:abc"}}),
        smallest(cluster_image=None, cluster_image_id="8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"),
    ],
)
def test_the_json_schema_takes_what_the_program_takes(settings_: dict[str, Any]) -> None:
    others = {"openstack:cloud": "x", "pulumi:tags": {"a": "b"}}
    document = {"config": stack(settings_)["config"] | others, "encryptionsalt": "v1:abc"}
    jsonschema.validate(document, json_schema(), jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"config": {}},
        stack(smallest(cluster_name="Bad Name")),
        stack(smallest(cluster_name=None)),
        stack(smallest(cluster_nam="demo")),
        stack(smallest(cluster_image=None)),
        stack(smallest(cluster_image_id="8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11")),
        stack(smallest(state_volume_size=0)),
        stack(smallest(state_volume_size="many")),
        stack(smallest(protected="maybe")),
        stack(smallest(home_volume_provisioning="create")),
        stack(smallest(state_dir={"secure": "v1:abc"})),
        stack(smallest(compute={"general": {"nodes": ["c-0"]}})),
        stack(smallest(compute={"general": {"nodes": ["c-0"], "flavor": "f", "flavour": "f"}})),
        stack(smallest(compute={"general": {"nodes": "c-0", "flavor": "f"}})),
        stack(smallest(cluster_networks=[{"subnet": "x"}])),
        {**stack(smallest()), "confg": {}},
    ],
)
def test_the_json_schema_finds_mistakes(document: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json_schema(), jsonschema.Draft202012Validator)
