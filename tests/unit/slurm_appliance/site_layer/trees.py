"""Folders of a site's repository, written from tables."""

import json
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

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


def collection(
    folder: Path,
    tasks: str = "[]",
    *,
    name: str = "tools",
    files: Mapping[str, str] | None = None,
    needs: Mapping[str, str] | None = None,
) -> Path:
    """Put the collection ``own.NAME`` with a role ``hello`` into a folder; returns the tarball.

    Args:
        folder: where the tarball is written.
        tasks: of the role.
        name: in the namespace ``own``.
        files: more files, by path.
        needs: the collections that it depends on.
    """
    settings = {"namespace": "own", "name": name, "version": "1.0.0", "authors": ["us"], "readme": "README.md"}
    given = {"galaxy.yml": json.dumps({**settings, "dependencies": dict(needs or {})}), "README.md": "Tools.\n"}
    folder.mkdir(parents=True, exist_ok=True)
    tarball = folder / f"own-{name}-1.0.0.tar.gz"
    tarball.write_bytes(_built(tuple({**given, "roles/hello/tasks/main.yml": tasks, **(files or {})}.items())))
    return tarball


@cache
def _built(files: tuple[tuple[str, str], ...]) -> bytes:
    """A collection, built once."""
    program = Path(sys.executable).with_name("ansible-galaxy")
    with TemporaryDirectory() as folder:
        source = write(Path(folder) / "source", dict(files))
        command = [str(program), "collection", "build", str(source), "--output-path", folder]
        subprocess.run(command, check=True, capture_output=True)
        [tarball] = Path(folder).glob("*.tar.gz")
        return tarball.read_bytes()


#: The path of a filter in a collection.
FILTER = "plugins/filter/words.py"
#: A module that writes a file, and a filter: what a site's own collection may have.
MODULE_AND_FILTER = {
    "plugins/modules/mark.py": """\
#!/usr/bin/python
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.own.tools.plugins.module_utils.words import line


def main():
    module = AnsibleModule({"path": {"type": "path"}, "text": {"type": "str"}})
    wanted = line(module.params["text"])
    try:
        with open(module.params["path"]) as file:
            changed = file.read() != wanted
    except FileNotFoundError:
        changed = True
    if changed:
        with open(module.params["path"], "w") as file:
            file.write(wanted)
    module.exit_json(changed=changed)


if __name__ == "__main__":
    main()
""",
    "plugins/module_utils/words.py": "def line(text):\n    return text + '\\n'\n",
    FILTER: """\
class FilterModule:
    def filters(self):
        return {"loud": lambda text: text.upper()}
""",
}
