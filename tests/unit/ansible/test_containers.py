"""What differs in containers is decided in one place."""

from toolchain.paths import REPOSITORY

_ANSIBLE = REPOSITORY / "ansible"


def test_roles_ask_one_variable_whether_they_run_in_a_container() -> None:
    asking = {
        str(path.relative_to(_ANSIBLE))
        for path in _ANSIBLE.rglob("*")
        if path.suffix in (".yml", ".j2") and "virtualization" in path.read_text()
    }
    assert asking == {"group_vars/all/containers.yml"}
