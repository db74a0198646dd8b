"""Python packages are installed by one module, checked by hashes, build requirements included."""

import ast
import hashlib
import io
import re
import subprocess
import tarfile
from pathlib import Path

import pytest

from toolchain import bootstrap, python_packages
from toolchain.paths import REPOSITORY

#: The one module that may call pip or uv.
OWNER = REPOSITORY / "toolchain/python_packages.py"

#: How a program of another language, or of Ansible's, would install Python packages.
CALL = re.compile(
    r"\bpip[0-9.]*['\"]?\s.*\b(install|download|wheel)\b|\buv\s+(pip|sync|add|tool|run)\b|\buvx\b|\bpipx\b"
    r"|\beasy_install\b|\bansible\.builtin\.pip\b|^\s*-?\s*pip:"
)


#: Files that name an installer and do not install what the product runs on, and why.
EXEMPT = {
    OWNER: "the owner",
    Path(__file__): "this test",
    REPOSITORY / "toolchain/language/pip/__main__.py": "stands in for pip where packages are listed",
    REPOSITORY / "tests/unit/toolchain/test_listing.py": "compares that with pip",
    REPOSITORY / "toolchain/wheel/content.py": "names pip as a requirement of the wheel",
    REPOSITORY / "slurm_appliance/site_repository/template/github-actions.yml": "installs the wheel on a site's runner",
    REPOSITORY / "tests/unit/toolchain/test_wheel.py": "looks at the wheel's requirements",
    REPOSITORY / "tests/engine/test_installed.py": "installs the wheel as a user does",
}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    return [REPOSITORY / name for name in listed.stdout.split("\0") if name and (REPOSITORY / name).is_file()]


LOCKS = [path for path in tracked() if path.parent.name == "requirements" and path.suffix == ".txt"]


def calls_in_python(text: str) -> list[str]:
    """Words of commands by which a Python program would call an installer."""
    nodes = list(ast.walk(ast.parse(text)))
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    words = [node.value for node in nodes if isinstance(node, ast.Constant) and id(node) not in prose]
    programs = re.compile(r"(^|.*[^:/]/)(pip[0-9.]*|uvx?|pipx)|/(pip[0-9.]*|uvx?|pipx)")
    return [word for word in words if isinstance(word, str) and (programs.fullmatch(word) or CALL.search(word))]


def calls(path: Path) -> list[str]:
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return []
    if path.suffix == ".py":
        return calls_in_python(text)
    return [line for line in text.splitlines() if CALL.search(line) and not line.lstrip().startswith("#")]


def test_nothing_else_calls_an_installer() -> None:
    read = [path for path in tracked() if path not in EXEMPT and path.suffix not in (".md", ".txt", ".sum")]
    assert len(read) > 300
    assert {str(path.relative_to(REPOSITORY)): found for path in read if (found := calls(path))} == {}


@pytest.mark.parametrize(
    "text",
    [
        'run([python, "-m", "pip", "install", "thing"])',
        'run([str(folder / "bin/pip"), "install"])',
        'run([f"{folder}/uv", "pip", "install", "thing"])',
        'run("pip3 install thing", shell=True)',
    ],
)
def test_the_search_finds_a_call_in_python(text: str) -> None:
    assert calls_in_python(text)


@pytest.mark.parametrize(
    "text",
    [
        "/usr/bin/python3 -m pip install thing",
        "    cmd: pip3.11 install --user thing",
        "uv pip sync lock.txt",
        "  ansible.builtin.pip:",
        "  pip:",
    ],
)
def test_the_search_finds_a_call_in_a_script_or_a_playbook(text: str, tmp_path: Path) -> None:
    (tmp_path / "file.yml").write_text(f"{text}\n")
    assert calls(tmp_path / "file.yml") == [text]


def required(lock: Path) -> dict[str, str]:
    """Names and versions in a lock."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: str(lock.relative_to(REPOSITORY)))
def test_only_named_packages_are_built_and_with_build_requirements_from_a_lock(lock: Path) -> None:
    command = python_packages.pip_commands(Path("/env/bin/python"), lock)[-1]
    assert "--require-hashes" in command
    assert command[command.index("--only-binary") + 1] == ":all:"
    built = [command[number + 1] for number, word in enumerate(command) if word == "--no-binary"]
    assert set(built) == required(lock).keys() & python_packages.FROM_SOURCE.keys()
    assert ("--no-build-isolation" in command) == bool(built)


def test_a_lock_with_a_source_package_gets_the_build_requirements_first() -> None:
    lock = next(lock for lock in LOCKS if lock.stem == "mirror")
    first, second = python_packages.pip_commands(Path("/env/bin/python"), lock)
    assert str(python_packages.BUILD_LOCK) in first
    assert "--no-binary" not in first
    assert "--require-hashes" in first
    assert str(lock) in second


def test_uv_is_told_the_same_as_pip() -> None:
    lock = next(lock for lock in LOCKS if lock.stem == "cloud")
    for with_pip, with_uv in zip(
        python_packages.pip_commands(Path("/env/bin/python"), lock),
        python_packages.uv_commands(Path("/env/bin/uv"), Path("/env/bin/python"), lock),
        strict=True,
    ):
        assert with_pip[with_pip.index("--require-hashes") :] == with_uv[with_uv.index("--require-hashes") :]


def test_every_package_that_is_built_is_in_a_lock_and_in_one_version_of_the_build_requirements() -> None:
    pinned = {name for lock in LOCKS for name in required(lock)}
    assert python_packages.FROM_SOURCE.keys() <= pinned
    build = required(python_packages.BUILD_LOCK)
    for lock in LOCKS:
        if required(lock).keys() & python_packages.FROM_SOURCE.keys():
            versions = required(lock)
            assert all(versions.get(name, version) == version for name, version in build.items()), lock


def source_package(folder: Path) -> Path:
    """A source package that leaves a mark when it is built."""
    setup = f"open({str(folder / 'was-run')!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='thing')\n"
    file = folder / "thing-1.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        for name, text in (("setup.py", setup), ("PKG-INFO", "Metadata-Version: 2.1\nName: thing\nVersion: 1\n")):
            info = tarfile.TarInfo(f"thing-1/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return file


def test_a_source_package_that_nobody_named_is_refused_and_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = source_package(tmp_path)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(bootstrap, "REPOSITORY", tmp_path)
    lock = tmp_path / "user.txt"
    lock.write_text(f"thing==1 --hash=sha256:{digest}\n")
    with pytest.raises(bootstrap.BootstrapError, match=lock.name):
        bootstrap.make_environment(bootstrap.environment_folder(lock), lock)
    assert not (tmp_path / "was-run").exists()
