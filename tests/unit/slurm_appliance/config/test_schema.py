"""The schema itself: every setting explained, with an update policy, and with a sentence for every error."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from slurm_appliance.config import ClusterConfig, UpdatePolicy, from_mapping
from slurm_appliance.config.catalog import Setting, matching, settings
from slurm_appliance.config.cluster import CHAPTERS
from slurm_appliance.config.kinds import OUR_ERROR, TrueFalse, Whole
from slurm_appliance.config.paths import parse
from slurm_appliance.config.problems import KNOWN
from slurm_appliance.config.section import Shape, shape_of
from tests.unit.slurm_appliance.config.examples import largest, smallest

ALL = settings()


def test_the_examples_are_valid() -> None:
    assert from_mapping(smallest(), "a test").cluster_name == "demo"
    assert from_mapping(largest(), "a test").compute["general"].nodes == ("c-0", "c-1", "c-7")


def test_the_largest_example_uses_every_top_level_setting_but_the_alternatives() -> None:
    unused = set(ClusterConfig.model_fields) - set(largest())
    assert unused <= {
        "cluster_image_id",
        "additional_cloud_config",
        "additional_cloud_config_vars",
        "ansible_init_wait",
        "compute_follow_seconds",
        "config_drive",
        "control_extra_networks",
        "control_hypervisor_hostname",
        "control_port_ids",
        "control_root_volume_size",
        "control_root_volume_type",
        "control_security_group_ids",
        "control_server_group",
        "control_server_group_id",
        "control_volume_backed",
        "home_volume_size",
        "home_volume_type",
        "monitoring_retention",
        "nonlogin_security_groups",
        "root_volume_type",
        "server_groups",
        "state_dir",
        "state_volume_provisioning",
        "state_volume_type",
        "vnic_profiles",
    }


def test_every_chapter_is_part_of_the_configuration() -> None:
    in_chapters = [name for chapter in CHAPTERS for name in chapter.model_fields]
    assert sorted(in_chapters) == sorted(ClusterConfig.model_fields)
    assert len(set(in_chapters)) == len(in_chapters)


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.path)
def test_every_setting_is_explained(setting: Setting) -> None:
    assert setting.description, "no description"
    assert setting.description.endswith("."), "a description is a sentence"
    assert isinstance(setting.policy, UpdatePolicy)
    assert setting.consequence
    assert setting.type_text
    assert matching(parse(setting.path.replace("[]", "[0]")) or ()) == setting, "config explain finds it"


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.path)
def test_what_has_no_default_has_an_example(setting: Setting) -> None:
    has_default = not setting.field.is_required() and setting.field.default is not None
    inside = setting.shape.section is not None
    assert has_default or inside or setting.field.examples


def _innermost(shape: Shape) -> Iterator[Shape]:
    if shape.items is None:
        yield shape
    else:
        yield from _innermost(shape_of(shape.items))


@pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.path)
def test_numbers_and_truth_values_read_what_pulumi_writes(setting: Setting) -> None:
    for shape in _innermost(setting.shape):
        if shape.bare is int:
            assert any(isinstance(entry, Whole) for entry in shape.metadata)
        if shape.bare is bool:
            assert any(isinstance(entry, TrueFalse) for entry in shape.metadata)


#: The errors that each piece of pydantic's core schema can raise in the way that we use it.
ERRORS_OF = {
    "model": {"model_type"},
    "model-fields": {"missing", "extra_forbidden", "model_type"},
    "str": {"string_type", "string_unicode"},
    "enum": {"enum"},
    "dict": {"dict_type", "mapping_type"},
    "tuple": {"tuple_type"},
    "function-after": {OUR_ERROR},
    "function-before": {OUR_ERROR},
    "function-wrap": {"enum"},
    "function-plain": {OUR_ERROR},
    "nullable": set(),
    "default": set(),
    "definitions": set(),
    "definition-ref": set(),
    # Only around the others; how a value is written out raises nothing while reading one.
    "model-field": set(),
    "lax-or-strict": set(),
    "json-or-python": set(),
}

#: Kinds describe what they accept for the JSON Schema; these parts are never run.
NOT_RUN = ("json_schema_input_schema", "serialization", "metadata", "function")


def _pieces(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, Mapping):
        if isinstance(schema.get("type"), str):
            yield schema
        for key, part in schema.items():
            if key not in NOT_RUN:
                yield from _pieces(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from _pieces(part)


def test_every_error_of_the_schema_has_a_sentence() -> None:
    raised: set[str] = set()
    for piece in _pieces(ClusterConfig.__pydantic_core_schema__):
        assert piece["type"] in ERRORS_OF, f"what can {piece['type']} raise?"
        raised |= ERRORS_OF[piece["type"]]
        # Bounds belong into our kinds, which say what is allowed.
        assert not {"gt", "ge", "lt", "le", "pattern", "min_length", "max_length"} & set(piece)
    assert raised == KNOWN
