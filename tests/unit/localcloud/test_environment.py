from typing import Any

import pytest

from localcloud.control.environment import uv_settings


@pytest.mark.parametrize(
    ("configured", "environment", "expected"),
    [
        ("", {}, {}),
        ("global.index-url='https://mirror.example/simple'", {}, {"UV_DEFAULT_INDEX": "https://mirror.example/simple"}),
        ("install.find-links='/a /b'", {}, {"UV_FIND_LINKS": "/a,/b"}),
        ("global.extra-index-url='\\nhttps://a\\nhttps://b'", {}, {"UV_INDEX": "https://a https://b"}),
        (
            "global.cert='/etc/ssl/ca.pem'\nglobal.timeout='60'",
            {},
            {"SSL_CERT_FILE": "/etc/ssl/ca.pem", "UV_HTTP_TIMEOUT": "60"},
        ),
        # pip prints its environment variables first, and they win.
        (":env:.index-url='https://env'\nglobal.index-url='https://file'", {}, {"UV_DEFAULT_INDEX": "https://env"}),
        ("global.index-url='https://pip'", {"UV_DEFAULT_INDEX": "https://uv"}, {}),
        ("global.no-color='true'", {}, {}),
    ],
)
def test_what_pip_is_configured_to_do_uv_does_too(
    configured: str, environment: dict[str, str], expected: dict[str, Any]
) -> None:
    assert uv_settings(configured, environment) == expected
