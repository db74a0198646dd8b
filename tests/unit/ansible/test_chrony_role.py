"""Time servers: the site's in place of the image's, which come back where the site's are taken out."""

from pathlib import Path

from tests.unit.ansible.roles import run_role

IMAGE = "pool pool.example.org iburst\n"
SITE = {"chrony_servers": ["ntp.example.org"]}
NONE: dict[str, list[str]] = {"chrony_servers": []}


def _paths(file: Path) -> dict[str, object]:
    return {"chrony_file": str(file), "node_is_container": True}


def test_the_images_servers_come_back(tmp_path: Path) -> None:
    file = tmp_path / "chrony.conf"
    file.write_text(IMAGE)
    file.chmod(0o640)
    never, first, again = run_role(tmp_path, "chrony/configure", _paths(file), NONE, SITE, SITE)
    assert [each.changed for each in (never, first, again)] == [False, True, False]
    assert "server ntp.example.org iburst" in file.read_text()
    gone, stays_gone = run_role(tmp_path, "chrony/configure", _paths(file), NONE, NONE)
    assert [gone.changed, stays_gone.changed] == [True, False]
    assert (file.read_text(), file.stat().st_mode & 0o777) == (IMAGE, 0o640)
    assert sorted(path.name for path in tmp_path.glob("chrony*")) == ["chrony.conf"]


def test_what_a_package_wrote_meanwhile_comes_back(tmp_path: Path) -> None:
    file = tmp_path / "chrony.conf"
    file.write_text(IMAGE)
    run_role(tmp_path, "chrony/configure", _paths(file), SITE)
    file.write_text("pool new.example.org\n")
    *_, gone = run_role(tmp_path, "chrony/configure", _paths(file), SITE, NONE)
    assert gone.changed
    assert file.read_text() == "pool new.example.org\n"


def test_a_file_of_others_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "chrony.conf"
    file.write_text(IMAGE)
    (left,) = run_role(tmp_path, "chrony/configure", _paths(file), NONE)
    assert not left.changed
    # Of a release that kept none: there is nothing to restore.
    run_role(tmp_path, "chrony/configure", _paths(file), SITE)
    (tmp_path / "chrony.conf.of-the-image").unlink()
    (left,) = run_role(tmp_path, "chrony/configure", _paths(file), NONE)
    assert not left.changed
    assert "ntp.example.org" in file.read_text()
