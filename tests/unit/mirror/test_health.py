from typing import Any

from mirror.health import _SILENT, _read


def status(**changes: Any) -> dict[str, Any]:
    return {
        "versions": [{"component": "core", "version": "3.1"}, {"component": "deb", "version": "3.2"}],
        "database_connection": {"connected": True},
        "online_api_apps": [{"name": "9.abc@mirror"}],
        "online_content_apps": [{"name": "8.abc@mirror"}, {"name": "7.old@mirror"}],
        "online_workers": [{"name": "5.abc@mirror"}, {"name": "6.abc@mirror"}, {"name": "5.old@mirror"}],
        **changes,
    }


def test_processes_of_an_earlier_start_do_not_count() -> None:
    health = _read(status(), "abc")
    assert health.online == {"api": 1, "content": 1, "worker": 2}
    assert health.versions == {"core": "3.1", "deb": "3.2"}
    assert health.missing(2) == []
    assert health.missing(3) == ["worker (2 of 3)"]
    assert _read(status(), "old").missing(1) == ["api (0 of 1)"]


def test_what_is_missing_is_said() -> None:
    broken = status(database_connection={"connected": False}, online_workers=None, online_content_apps=[])
    assert _read(broken, "abc").missing(1) == ["the database", "content (0 of 1)", "worker (0 of 1)"]
    assert _SILENT.missing(1) == ["the API"]
