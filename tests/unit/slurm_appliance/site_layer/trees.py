"""Folders of a site's repository, written from tables."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from slurm_appliance.site_layer.layers import SiteLayer, site_layer

STACK = "demo"


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write files by path; return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def repository(folder: Path, files: Mapping[str, str]) -> Path:
    """A site's repository with these files; returns its folder of stack files."""
    (folder / "stacks").mkdir(parents=True, exist_ok=True)
    write(folder, files)
    return folder / "stacks"


def layer_of(folder: Path, files: Mapping[str, str]) -> SiteLayer:
    """The layer of such a repository, which has one."""
    found = site_layer(repository(folder, files), STACK)
    assert found is not None
    return found


def collection(source: Path, folder: Path, tasks: str) -> Path:
    """The collection ``own.tools`` with a role ``hello``, built from a new folder into another; returns the tarball."""
    settings = {"namespace": "own", "name": "tools", "version": "1.0.0", "authors": ["us"], "readme": "README.md"}
    write(source, {"galaxy.yml": json.dumps(settings), "README.md": "Tools.\n", "roles/hello/tasks/main.yml": tasks})
    folder.mkdir(parents=True)
    program = Path(sys.executable).with_name("ansible-galaxy")
    command = [str(program), "collection", "build", str(source), "--output-path", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "own-tools-1.0.0.tar.gz"
