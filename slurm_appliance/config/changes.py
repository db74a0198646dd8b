"""What it means to go from one configuration to another: each change with its consequence, before anything is done."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slurm_appliance.config.catalog import consequence_of, enclosing_field
from slurm_appliance.config.cluster import CHAPTERS, ClusterConfig
from slurm_appliance.config.hostlist import fold
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.image_users import consequence_for_image, uses_image_of
from slurm_appliance.config.naming import node_groups
from slurm_appliance.config.node_group import NodeGroupConfig
from slurm_appliance.config.paths import Location, render
from slurm_appliance.config.policy import LIVE, REBUILD, REPLACE, RERUN_PLAYBOOK, UpdatePolicy
from slurm_appliance.config.secret import Secret
from slurm_appliance.config.section import Section, field_shape, policy_of
from slurm_appliance.config.show import plain_value
from slurm_appliance.config.template import placeholders


@dataclass(frozen=True)
class SettingChange:
    """One setting that differs.

    Attributes:
        path: the setting.
        old: its value before; None where it was not set. Secrets are masked.
        new: its value after.
        policy: what the change takes.
        consequence: what users and nodes see, in a sentence.
    """

    path: str
    old: Any
    new: Any
    policy: UpdatePolicy
    consequence: str


def changes(old: ClusterConfig, new: ClusterConfig) -> tuple[SettingChange, ...]:
    """Every setting that differs, in the order of the schema; defaults count as values."""
    return tuple(
        change
        for chapter in CHAPTERS
        for name in chapter.model_fields
        for change in _Comparison(old, new).of_field((name,), ClusterConfig, getattr(old, name), getattr(new, name))
    )


@dataclass(frozen=True)
class _Comparison:
    """Compares two configurations place by place."""

    old: ClusterConfig
    new: ClusterConfig

    def of_field(self, at: Location, section: type[Section], old: Any, new: Any) -> Iterator[SettingChange]:
        """The changes in one field of a section."""
        if old == new:
            return
        field = section.model_fields[str(at[-1])]
        shape = field_shape(field)
        policy, consequence = policy_of(field), consequence_of(field)
        if isinstance(old, ImageSource) or isinstance(new, ImageSource):
            yield self._change(at, old, new, policy, consequence)
        elif isinstance(old, Section) and isinstance(new, Section):
            yield from self._of_section(at, old, new)
        elif shape.is_mapping and (section is ClusterConfig or _of_sections(old, new)):
            yield from self._of_mapping(at, old, new, policy, consequence)
        elif shape.is_list and _of_sections(old, new) and len(old) == len(new):
            for index, (before, after) in enumerate(zip(old, new, strict=True)):
                yield from self._of_section((*at, index), before, after)
        else:
            yield self._change(at, old, new, policy, consequence)

    def _of_section(self, at: Location, old: Section, new: Section) -> Iterator[SettingChange]:
        for name in type(new).model_fields:
            yield from self.of_field((*at, name), type(new), getattr(old, name), getattr(new, name))

    def _of_mapping(
        self, at: Location, old: Mapping[str, Any], new: Mapping[str, Any], policy: UpdatePolicy, consequence: str
    ) -> Iterator[SettingChange]:
        for key in sorted({*old, *new}):
            before, after = old.get(key), new.get(key)
            if isinstance(before, Section) and isinstance(after, Section):
                yield from self._of_section((*at, key), before, after)
            elif before != after:
                yield self._change((*at, key), before, after, policy, consequence)

    def _change(self, at: Location, old: Any, new: Any, policy: UpdatePolicy, consequence: str) -> SettingChange:
        special = self._special(at, old, new)
        if special is not None:
            policy, consequence = special
        if isinstance(old, Secret) and isinstance(new, Secret) and (old.encrypted or new.encrypted):
            consequence = f"Encrypted, so it cannot be said whether the value itself differs. {consequence}"
        return SettingChange(render(at), plain_value(old), plain_value(new), policy, consequence)

    def _special(self, at: Location, old: Any, new: Any) -> tuple[UpdatePolicy, str] | None:
        """Where more can be said than the setting's policy says."""
        if isinstance(old, NodeGroupConfig) or isinstance(new, NodeGroupConfig):
            return _nodes(old.nodes if old else (), new.nodes if new else ())
        match at:
            case (_, _, "nodes"):
                return _nodes(old, new)
            case ("cluster_image" | "cluster_image_id",):
                return REBUILD, consequence_for_image(self.new, uses_image_of(self.new, None))
            case ("login" | "compute" | "additional_nodegroups", group, "image" | "image_id"):
                return REBUILD, consequence_for_image(self.new, {str(group)})
            case ("image_builds", build, *rest) if rest and policy_of(enclosing_field(at)) is REBUILD:
                return REBUILD, consequence_for_image(self.new, uses_image_of(self.new, str(build)))
            case ("image_builds", _):
                return LIVE, "Built when something refers to it." if new else "Images that it made stay in Glance."
            case ("users", _):
                return (
                    RERUN_PLAYBOOK,
                    "The user is made on all nodes."
                    if new
                    else "The user is locked out of all nodes; the home directory stays.",
                )
            case ("environment_name",) if not self._names_have_environment():
                return RERUN_PLAYBOOK, "No node's name has it in it."
        return None

    def _names_have_environment(self) -> bool:
        templates = [self.new.cluster_nodename_template]
        templates += [group.nodename_template or "" for _, _, group in node_groups(self.new)]
        return any("environment_name" in placeholders(template) for template in templates)


def _of_sections(old: Any, new: Any) -> bool:
    """Whether the entries of two mappings or lists are sections."""
    entries = [*(old.values() if isinstance(old, Mapping) else old or ())]
    entries += [*(new.values() if isinstance(new, Mapping) else new or ())]
    return all(isinstance(entry, Section) for entry in entries)


def _nodes(old: tuple[str, ...], new: tuple[str, ...]) -> tuple[UpdatePolicy, str]:
    """What becomes of nodes when a group's list of them changes."""
    created = [node for node in new if node not in set(old)]
    deleted = [node for node in old if node not in set(new)]
    sentences = []
    if deleted:
        sentences.append(f"Deleted with their root disks: {fold(deleted)}. Drain them first.")
    if created:
        sentences.append(f"Created, and brought in by site.yml: {fold(created)}.")
    if not sentences:
        return LIVE, "Only the order of the nodes changes."
    return (REPLACE if deleted else RERUN_PLAYBOOK), " ".join([*sentences, "Other nodes are left alone."])
