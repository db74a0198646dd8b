"""Whatever a configuration contains, loading it gives a configuration or a ConfigError, and nothing else."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from slurm_appliance.config import ClusterConfig, from_mapping, stack_file
from slurm_appliance.config.load import own_settings
from slurm_appliance.errors import ConfigError
from tests.unit.slurm_appliance.config.examples import LARGEST

# Surrogates, control characters and very long texts included.
TEXTS = st.one_of(
    st.text(), st.text(alphabet=st.characters(), max_size=5), st.sampled_from(["c-[0-3]", "{", "[1", "\ud800"])
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
ODD = st.one_of(SCALARS, st.binary(), st.just(object()), st.dates())
TREES = st.recursive(
    ODD,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.one_of(TEXTS, st.integers(), st.none(), st.booleans()), inner, max_size=4),
        st.dictionaries(st.sampled_from(sorted(ClusterConfig.model_fields)), inner, max_size=4),
    ),
    max_leaves=12,
)


#: How long an example takes says nothing: other tests run beside it.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def loads_or_says_why(settings_: dict[Any, Any]) -> None:
    outcome = load(settings_)
    if isinstance(outcome, ClusterConfig):
        return
    assert outcome.problems
    for problem in outcome.problems:
        assert problem.path
        assert problem.what
        assert problem.remedy
        assert "\n" not in problem.path
    str(outcome).encode()


def load(settings_: dict[Any, Any]) -> ClusterConfig | ConfigError:
    try:
        return from_mapping(settings_, "a test")
    except ConfigError as error:
        return error


def locations(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from locations(value, (*at, key))


LOCATIONS = sorted(locations(LARGEST), key=str)


def _parent(tree: Any, at: tuple[Any, ...]) -> Any:
    for piece in at[:-1]:
        tree = tree[piece]
    return tree


def delete(tree: Any, at: tuple[Any, ...], _value: Any) -> None:
    del _parent(tree, at)[at[-1]]


def replace(tree: Any, at: tuple[Any, ...], value: Any) -> None:
    _parent(tree, at)[at[-1]] = value


def rename(tree: Any, at: tuple[Any, ...], value: Any) -> None:
    parent = _parent(tree, at)
    moved = parent.pop(at[-1])
    if isinstance(parent, dict):
        parent[value if isinstance(value, str) else f"{at[-1]}x"] = moved
    else:
        parent.append([moved])


MUTATIONS = st.tuples(st.sampled_from([delete, replace, rename]), st.sampled_from(LOCATIONS), TREES)


@patient
@example({":": ["\ud800"]})
@given(TREES.filter(lambda tree: isinstance(tree, dict)))
def test_any_tree(tree: dict[Any, Any]) -> None:
    loads_or_says_why(tree)


@patient
@given(st.lists(MUTATIONS, min_size=1, max_size=4))
def test_a_good_configuration_with_a_few_changes(
    mutations: list[tuple[Callable[[Any, tuple[Any, ...], Any], None], tuple[Any, ...], Any]],
) -> None:
    tree = copy.deepcopy(LARGEST)
    for mutate, at, value in mutations:
        try:
            mutate(tree, at, copy.copy(value))
        except (KeyError, IndexError, TypeError, AttributeError, ValueError):
            continue  # An earlier change took away what this one is about.
    loads_or_says_why(tree)


WRONG = [None, True, 0, -1, 1.5, "", "nonsense!", [], {}, [None], {"x": 1}, {"secure": "v1:x"}]


def shown(value: Any) -> Any:
    return pytest.param(value, id=repr(value))


HUGE = pytest.param(10**5000, id="huge")


@pytest.mark.parametrize("value", [*map(shown, WRONG), HUGE])
def test_each_place_with_each_kind_of_wrong_value(value: Any) -> None:
    for at in LOCATIONS:
        tree = copy.deepcopy(LARGEST)
        replace(tree, at, value)
        loads_or_says_why(tree)


def file_loads_or_says_why(text: str) -> None:
    try:
        keys, problems = stack_file.parse(text, "a test")
    except ConfigError as error:
        str(error).encode()
        return
    own_settings(keys, problems)


EXAMPLE_TEXT = yaml.safe_dump({"config": {f"slurm-appliance:{name}": value for name, value in LARGEST.items()}})


@patient
@given(st.one_of(st.text(), st.text(alphabet="abc:{}[]-&*!?|>#%@`'\" \n\t0123456789")))
def test_any_text_as_a_stack_file(text: str) -> None:
    file_loads_or_says_why(text)
    file_loads_or_says_why(f"config:\n  {text}")


@patient
@given(st.integers(0, len(EXAMPLE_TEXT)), st.integers(0, 40), st.text(alphabet="ab:{}[]-&*! \n'\"#|", max_size=6))
def test_a_good_stack_file_with_a_piece_replaced(start: int, length: int, piece: str) -> None:
    file_loads_or_says_why(EXAMPLE_TEXT[:start] + piece + EXAMPLE_TEXT[start + length :])


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"config: [" * 5000, b"\x00", b"- a\n- b\n", b"", b"config:", b"config: 1"]
)
def test_files_that_are_no_stack_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "Pulumi.broken.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        stack_file.read(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        stack_file.read(tmp_path / "Pulumi.none.yaml")
    with pytest.raises(ConfigError, match="directory"):
        stack_file.read(tmp_path)
