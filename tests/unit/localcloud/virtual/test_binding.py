from pathlib import Path

import pytest

from localcloud.errors import MachineError
from localcloud.virtual import binding


@pytest.fixture
def debian(tmp_path: Path) -> Path:
    """Debian's package for Python 3.11."""
    folder = tmp_path / "dist-packages"
    folder.mkdir()
    for name in ("libvirt.py", "libvirt_qemu.py", "other.py"):
        (folder / name).touch()
    for name in ("libvirtmod", "libvirtmod_qemu", "libvirtmod_lxc"):
        (folder / f"{name}.cpython-311-x86_64-linux-gnu.so").touch()
    return folder


def test_only_the_binding_is_linked(debian: Path, tmp_path: Path) -> None:
    target = tmp_path / "python"
    target.mkdir()
    for _ in range(2):
        binding.link(target, debian, "cpython-311")
    assert sorted(path.name.partition(".")[0] for path in target.iterdir()) == [
        "libvirt",
        "libvirt_qemu",
        "libvirtmod",
        "libvirtmod_qemu",
    ]
    assert all(path.readlink() == debian / path.name for path in target.iterdir())


def test_another_python_cannot_use_it(debian: Path, tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="cpython-313"):
        binding.link(tmp_path, debian, "cpython-313")
