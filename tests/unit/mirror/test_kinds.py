from pathlib import Path
from typing import Any

import pytest

from mirror.config import parse
from mirror.kinds import _TIMEOUTS, DEB, RPM, difference, kind_of, remote


def there(**changes: Any) -> dict[str, Any]:
    hidden = [{"name": "username", "is_set": False}, {"name": "password", "is_set": False}]
    return {"url": "http://x/", "policy": "immediate", "hidden_fields": hidden, **changes}


WANTED = {"url": "http://x/", "policy": "immediate", "username": None, "password": None}


@pytest.mark.parametrize(
    ("wanted", "found", "changes"),
    [
        (WANTED, there(), {}),
        (WANTED | {"url": "http://y/"}, there(), {"url": "http://y/"}),
        # Pulp does not show credentials, so they are set each time that there are any ...
        (WANTED | {"username": "me", "password": "x"}, there(), {"username": "me", "password": "x"}),
        # ... and taken away where there were some.
        (WANTED, there(hidden_fields=[{"name": "password", "is_set": True}]), {"password": None}),
    ],
)
def test_only_what_differs_is_changed(wanted: dict[str, Any], found: dict[str, Any], changes: dict[str, Any]) -> None:
    assert difference(wanted, found) == changes


def test_a_remote_holds_what_the_list_says(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "ca.pem").write_text("certificate\n")
    debian, rocky = parse(
        {
            "repositories": {
                "debian": {
                    "type": "deb", "url": "http://x/debian", "suites": ["a", "b"], "components": ["main", "extra"],
                    "architectures": ["amd64"],
                },
                "rocky": {
                    "type": "rpm", "url": "http://x/rocky", "policy": "on_demand", "proxy": "http://proxy:3128",
                    "username": "me", "password_file": "password", "ca_file": "ca.pem",
                },
            }
        },
        tmp_path / "mirror.yaml",
    )  # fmt: skip
    assert (kind_of(debian), kind_of(rocky)) == (DEB, RPM)
    assert remote(debian) == _TIMEOUTS | {
        "name": "debian", "url": "http://x/debian/", "policy": "immediate", "ca_cert": None, "proxy_url": None,
        "username": None, "password": None, "distributions": "a b", "components": "main extra",
        "architectures": "amd64", "sync_sources": False, "gpgkey": None,
    }  # fmt: skip
    assert remote(rocky) == _TIMEOUTS | {
        "name": "rocky", "url": "http://x/rocky/", "policy": "on_demand", "ca_cert": "certificate",
        "proxy_url": "http://proxy:3128/", "username": "me", "password": "secret",
    }  # fmt: skip
