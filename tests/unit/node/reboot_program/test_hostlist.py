from __future__ import annotations

import pytest
from ClusterShell.NodeSet import NodeSet
from hypothesis import given
from hypothesis import strategies as st

from node.reboot_program import hostlist
from node.reboot_program.hostlist import HostlistError, expand


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("c1", ["c1"]),
        ("c1,c2", ["c1", "c2"]),
        ("c[1-3]", ["c1", "c2", "c3"]),
        ("c[08-11]", ["c08", "c09", "c10", "c11"]),
        ("c[1,3-4],login-0", ["c1", "c3", "c4", "login-0"]),
        ("r[1-2]c[1-2]-x", ["r1c1-x", "r1c2-x", "r2c1-x", "r2c2-x"]),
        ("c[1-2],c2", ["c1", "c2"]),
        ("0", ["0"]),
        (" c1 ", ["c1"]),
    ],
)
def test_names(text: str, names: list[str]) -> None:
    assert expand(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "c1,",
        "c[1",
        "c1]",
        "c[[1]]",
        "c[]",
        "c[a]",
        "c[3-1]",
        "c[08-9]",
        "c[1-]",
        "c[1-2/2]",
        "c 1",
        "c1;x",
        "../c1",
    ],
)
def test_what_is_not_a_node_list(text: str) -> None:
    with pytest.raises(HostlistError):
        expand(text)


def test_a_mistyped_range_does_not_fill_the_memory() -> None:
    for text in ("c[1-999999999]", "a[1-9999]b[1-9999]", ",".join(f"c{n}" for n in range(hostlist.MOST_NAMES + 1))):
        with pytest.raises(HostlistError, match=str(hostlist.MOST_NAMES)):
            expand(text)


_LITERAL = st.text("abcdefgh-", min_size=1, max_size=4).filter(lambda text: text[0] != "-")
_NAME = st.builds(
    lambda head, width, number, tail: f"{head}{number:0{width}d}{tail}",
    _LITERAL,
    st.integers(1, 3),
    st.integers(0, 120),
    st.sampled_from(["", "-x", "n0"]),
)


@given(st.lists(_NAME, min_size=1, max_size=40))
def test_reads_what_clustershell_folds(names: list[str]) -> None:
    assert set(expand(str(NodeSet(",".join(names))))) == set(names)


@given(st.text("c1[]-,09.", max_size=12))
def test_any_text_is_a_list_or_an_error(text: str) -> None:
    try:
        names = expand(text)
    except HostlistError:
        return
    assert names
    assert all(name and not set(name) & set("[],/ ") for name in names)
