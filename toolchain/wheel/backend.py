"""Builds the wheel for ``pip``, ``uv`` and ``build`` (PEP 517), with the standard library only."""

import base64
import hashlib
import io
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolchain.commit import COMMIT_FILE, commit
from toolchain.paths import REPOSITORY
from toolchain.wheel.content import LOCK, PRODUCT, product_files, requirements

_LAUNCHER = "toolchain/wheel/launcher.py"
#: What a source distribution has besides the product's files.
_SOURCES = ("README.md", "pyproject.toml", LOCK)
#: The oldest time that a zip file can have: the same content gives the same wheel.
_TIME = (1980, 1, 1, 0, 0, 0)


def build_wheel(
    wheel_directory: str, config_settings: Mapping[str, Any] | None = None, metadata_directory: str | None = None
) -> str:
    """Write the wheel into a folder; return its name."""
    del config_settings, metadata_directory
    name, version = _identity()
    info = f"{name}-{version}.dist-info"
    contents = {f"{PRODUCT}/{path}": (source.read_bytes(), _mode(source)) for path, source in product_files().items()}
    made = {
        f"{PRODUCT}/__init__.py": (REPOSITORY / _LAUNCHER).read_text(encoding="utf-8"),
        f"{PRODUCT}/{COMMIT_FILE}": f"{commit()}\n",
        # Makes the product importable for programs that use its API, and for the commands of its stacks.
        f"{name}.pth": f"{PRODUCT}\n",
        f"{info}/METADATA": metadata(),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: slurm-appliance\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": _entry_points(),
        f"{info}/licenses/LICENSE": (REPOSITORY / "LICENSE").read_text(encoding="utf-8"),
    }
    contents |= {path: (text.encode(), 0o644) for path, text in made.items()}
    record = f"{info}/RECORD"
    lines = [f"{path},sha256={_hash(content)},{len(content)}" for path, (content, _) in contents.items()]
    contents[record] = ("\n".join([*lines, f"{record},,", ""]).encode(), 0o644)
    wheel = f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory, wheel), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, (content, mode) in contents.items():
            entry = zipfile.ZipInfo(path, _TIME)
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return wheel


def build_sdist(sdist_directory: str, config_settings: Mapping[str, Any] | None = None) -> str:
    """Write the source distribution into a folder; return its name."""
    del config_settings
    name, version = _identity()
    top = f"{name}-{version}"
    contents = {path: (source.read_bytes(), _mode(source)) for path, source in product_files().items()}
    contents |= {path: ((REPOSITORY / path).read_bytes(), 0o644) for path in _SOURCES}
    contents |= {COMMIT_FILE: (f"{commit()}\n".encode(), 0o644), "PKG-INFO": (metadata().encode(), 0o644)}
    with tarfile.open(Path(sdist_directory, f"{top}.tar.gz"), "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path, (content, mode) in contents.items():
            entry = tarfile.TarInfo(f"{top}/{path}")
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return f"{top}.tar.gz"


def metadata() -> str:
    """The wheel's core metadata."""
    project = _project()
    name, version = _identity()
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {name.replace('_', '-')}",
        f"Version: {version}",
        f"Summary: {project['description']}",
        f"License-Expression: {project['license']}",
        "License-File: LICENSE",
        f"Requires-Python: {project['requires-python']}",
        *(f"Requires-Dist: {each}" for each in requirements()),
        "Description-Content-Type: text/markdown",
        "",
        (REPOSITORY / project["readme"]).read_text(encoding="utf-8"),
    ]
    return "\n".join(lines)


def _project() -> dict[str, Any]:
    document = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    project: dict[str, Any] = document["project"]
    return project


def _identity() -> tuple[str, str]:
    project = _project()
    return project["name"].replace("-", "_"), project["version"]


def _entry_points() -> str:
    scripts = "\n".join(f"{name} = {target}" for name, target in _project()["scripts"].items())
    return f"[console_scripts]\n{scripts}\n"


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
