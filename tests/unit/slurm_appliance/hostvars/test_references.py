from typing import Any

import pytest

from slurm_appliance.hostvars.references import references


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("plain", set()),
        (7, set()),
        (None, set()),
        ("{{ a }}/{{ b.c | default(d) }}", {"a", "b", "d"}),
        ("{% for x in xs %}{{ x }}{% endfor %}", {"xs"}),
        ("{{ a | ansible.utils.ipaddr('net') | bool }} {{ 'x' is ansible.builtin.match(b) }}", {"a", "b"}),
        ({"k": ["{{ a }}", {"{{ b }}": 1}]}, {"a", "b"}),
        ({"__ansible_unsafe": "as it is"}, set()),
        ({"__ansible_unsafe": "{{ x }} {{ lookup('pipe', 'x') }} {% broken"}, set()),
    ],
)
def test_names(value: Any, names: set[str]) -> None:
    assert references(value) == names


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{{ hostvars['ctl'].ansible_host }}", r"\bhostvars\b"),
        (["{{ groups['compute'] | length }}"], r"\bgroups\b"),
        ("{{ lookup('file', '/etc/passwd') }}", r"\blookup\(\)"),
        ("{{ query('env', 'HOME') }}", r"\bquery\(\)"),
        ("{{ broken", "valid Jinja template"),
        ({"__ansible_vault": "$ANSIBLE_VAULT;1.1"}, "ansible-vault"),
    ],
)
def test_what_cannot_mean_the_same_on_a_node(value: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        references(value)
