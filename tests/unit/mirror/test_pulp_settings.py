import os
import stat
from pathlib import Path

from mirror.machine import MirrorUser
from mirror.options import Options
from mirror.places import MirrorPlaces
from mirror.pulp_settings import process_environment, write_settings


def test_settings_follow_the_options_and_secrets_stay(tmp_path: Path) -> None:
    places, account = MirrorPlaces(tmp_path), MirrorUser(os.getuid(), os.getgid())
    write_settings(places, Options(), account)
    first, key = places.settings.read_text(), places.database_key.read_text()
    write_settings(places, Options(address="10.255.255.1"), account)
    second = places.settings.read_text()
    assert 'CONTENT_ORIGIN = "http://10.255.255.1:24816"' in second
    assert second == first.replace("127.0.0.1", "10.255.255.1")
    assert places.database_key.read_text() == key
    assert {stat.S_IMODE(file.stat().st_mode) for file in (places.settings, places.database_key)} == {0o640}
    compile(second, str(places.settings), "exec")


def test_two_mirrors_share_no_secret(tmp_path: Path) -> None:
    texts = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        places = MirrorPlaces(tmp_path / name)
        write_settings(places, Options(), MirrorUser(os.getuid(), os.getgid()))
        texts.append({line for line in places.settings.read_text().splitlines() if line.startswith("SECRET_KEY")})
        texts[-1].add(places.database_key.read_text())
    assert not texts[0] & texts[1]


def test_nothing_of_the_operators_environment_reaches_the_processes(tmp_path: Path) -> None:
    os.environ["PULP_DEBUG"] = "1"
    try:
        assert "PULP_DEBUG" not in process_environment(MirrorPlaces(tmp_path))
    finally:
        del os.environ["PULP_DEBUG"]
