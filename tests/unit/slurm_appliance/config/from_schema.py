"""Values of settings, made from the schema's own types: what an operator may write as far as one setting goes."""

import re
from enum import Enum
from typing import Any

import hypothesis.strategies as st

from slurm_appliance.config.kinds import Text, Whole
from slurm_appliance.config.section import Section, Shape, field_shape, shape_of

#: What texts without a pattern are checked by functions for: values of each kind, by its name.
_BY_HAND = {
    "an IP address": st.ip_addresses().map(str),
    "a network in CIDR notation": st.sampled_from(["10.0.0.0/24", "192.0.2.0/28", "fd00::/64"]),
    "a template for node names": st.sampled_from(["${node}.x", "${cluster_name}-${node}.${cluster_domain_suffix}"]),
    "a Slurm host list": st.from_regex(r"[a-z]{1,3}(-\[0-[1-4]\]|[0-9])", fullmatch=True),
}


def of_section(section: type[Section], without: frozenset[str] = frozenset()) -> st.SearchStrategy[dict[str, Any]]:
    """Any settings of a section, each there or not as it may be."""
    fields = {name: field for name, field in section.model_fields.items() if name not in without}
    required = {name: of_shape(field_shape(field), without) for name, field in fields.items() if field.is_required()}
    optional = {name: of_shape(field_shape(field), without) for name, field in fields.items() if name not in required}
    return st.fixed_dictionaries(required, optional=optional)


def of_shape(shape: Shape, without: frozenset[str] = frozenset()) -> st.SearchStrategy[Any]:
    """Any value of a shape."""
    if shape.section is not None:
        return of_section(shape.section, without)
    if shape.items is not None:
        items = of_shape(shape_of(shape.items), without)
        if shape.is_list:
            return st.lists(items, max_size=3)
        return st.dictionaries(of_shape(shape_of(shape.keys)), items, max_size=2)
    return _single(shape)


def _single(shape: Shape) -> st.SearchStrategy[Any]:
    if isinstance(shape.bare, type) and issubclass(shape.bare, Enum):
        return st.sampled_from([member.value for member in shape.bare])
    if shape.bare is bool:
        return st.booleans()
    for entry in shape.metadata:
        if isinstance(entry, Whole):
            return st.integers(entry.minimum, entry.maximum)
        if isinstance(entry, Text):
            return of_text(entry)
    raise NotImplementedError(f"no values for {shape}")


def of_text(kind: Text) -> st.SearchStrategy[str]:
    """Any text of a kind, most of them short: what is too long is refused by a length, which is no news."""
    if kind.name in _BY_HAND:
        return _BY_HAND[kind.name]
    return (
        st.from_regex(re.compile(kind.pattern or r".+", re.ASCII), fullmatch=True)
        .map(lambda text: text[:60])
        .filter(kind.fits)
    )
