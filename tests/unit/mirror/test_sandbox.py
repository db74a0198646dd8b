from pathlib import Path

import pytest

from mirror.sandbox import Cover, closed_to_others, plan


def covers(needed: list[str], closed: list[str]) -> list[Cover]:
    return plan(map(Path, needed), lambda folder: str(folder) in closed)


@pytest.mark.parametrize(
    ("needed", "closed", "expected"),
    [
        (["/var/lib/mirror"], [], []),
        (["/root/state", "/opt/python"], ["/root"], [("/root", ["/root/state"])]),
        (["/root/state", "/root/.cache/venv"], ["/root"], [("/root", ["/root/.cache/venv", "/root/state"])]),
        # The outermost closed folder is covered; what is closed below it is not there any more.
        (["/root/private/state"], ["/root", "/root/private"], [("/root", ["/root/private/state"])]),
        # What lies in a folder that is brought in is there already.
        (["/root/a", "/root/a/b"], ["/root"], [("/root", ["/root/a"])]),
        (["/home/x/a", "/srv/y/b"], ["/home/x", "/srv/y"], [("/home/x", ["/home/x/a"]), ("/srv/y", ["/srv/y/b"])]),
        # A needed folder is made passable by whoever makes it.
        (["/srv/state"], ["/srv/state"], []),
    ],
)
def test_plan(needed: list[str], closed: list[str], expected: list[tuple[str, list[str]]]) -> None:
    assert covers(needed, closed) == [Cover(Path(folder), tuple(map(Path, paths))) for folder, paths in expected]


def test_a_folder_is_closed_when_others_cannot_pass(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    assert not closed_to_others(tmp_path)
    tmp_path.chmod(0o750)
    assert closed_to_others(tmp_path)
