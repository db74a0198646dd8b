"""Digests of folders."""

import os
from pathlib import Path

from slurm_appliance.deploy_host.tree_digest import tree_digest


def _tree(folder: Path) -> Path:
    (folder / "roles/a/tasks").mkdir(parents=True)
    (folder / "site.yml").write_text("- hosts: all\n")
    (folder / "roles/a/tasks/main.yml").write_text("[]\n")
    return folder


def test_names_and_contents_count_times_and_caches_do_not(tmp_path: Path) -> None:
    folder = _tree(tmp_path / "ansible")
    before = tree_digest(folder)
    os.utime(folder / "site.yml", (1, 1))
    (folder / "roles/__pycache__").mkdir()
    (folder / "roles/__pycache__/x.pyc").write_text("x")
    assert tree_digest(folder) == before
    assert tree_digest(_tree(tmp_path / "other")) == before
    (folder / "site.yml").write_text("- hosts: none\n")
    changed = tree_digest(folder)
    (folder / "site.yml").rename(folder / "sites.yml")
    assert len({before, changed, tree_digest(folder)}) == 3


def test_what_a_link_points_to_counts(tmp_path: Path) -> None:
    folder, program = _tree(tmp_path / "ansible"), tmp_path / "program"
    program.mkdir()
    (program / "main.py").write_text("1\n")
    (folder / "roles/a/files").symlink_to(program)
    before = tree_digest(folder)
    (program / "main.py").write_text("2\n")
    assert tree_digest(folder) != before
