"""The wheel has what the checkout's programs read, and starts outside of it."""

import ast
import base64
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_appliance.deploy_host.tree_digest import tree_digest
from toolchain.commit import COMMIT_FILE, commit
from toolchain.paths import REPOSITORY
from toolchain.wheel.backend import build_sdist, build_wheel
from toolchain.wheel.content import FILES, FOLDERS, LOCK, PRODUCT, product_files, requirements

#: What only a checkout has: for developers, or made beside it.
CHECKOUT_ONLY = {".git", ".venv", "tests", LOCK, "README.md", "pyproject.toml", "requirements"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    return folder / build_wheel(str(folder))


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The folder that the wheel is unpacked in, as an installer does it."""
    folder = wheel.parent / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
        for entry in archive.infolist():
            Path(folder, entry.filename).chmod(entry.external_attr >> 16 & 0o777)
    return folder


def tracked() -> set[str]:
    """The product's files as git has them, with the files behind links."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *FOLDERS],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    found = set(FILES)
    for name in filter(None, listed):
        path = REPOSITORY / name
        below = [each for each in path.rglob("*") if "__pycache__" not in each.parts] if path.is_dir() else [path]
        found |= {each.relative_to(REPOSITORY).as_posix() for each in below if each.is_file()}
    return found


def named_by_programs() -> Iterator[tuple[str, str]]:
    """What modules name below the product's folder: ``REPOSITORY / "ansible" / "roles"``."""
    for folder in FOLDERS:
        for path in (REPOSITORY / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                    first = ast.unparse(node).split(" / ")
                    if first[0] == "REPOSITORY" and len(first) > 1 and re.fullmatch(r"'[^']+'", first[1]):
                        yield ast.literal_eval(first[1]), f"{path.relative_to(REPOSITORY)}:{node.lineno}"


def test_it_has_the_checkouts_files_and_no_others() -> None:
    ours, theirs = set(product_files()), tracked()
    assert theirs - ours == set()
    assert {path for path in ours - theirs if not (REPOSITORY / path).resolve().is_file()} == set()
    strangers = {
        path for path in ours if (REPOSITORY / path).resolve().relative_to(REPOSITORY).as_posix() not in theirs
    }
    assert strangers == set()


def test_it_has_what_programs_name() -> None:
    paths = set(product_files())
    folders = {str(parent) for path in paths for parent in Path(path).parents}
    named = dict(named_by_programs())
    assert {"ansible", "stacks", "Pulumi.yaml"} <= named.keys()
    assert {name: where for name, where in named.items() if name not in paths | folders | CHECKOUT_ONLY} == {}


def test_an_operators_stack_files_are_not_in_it() -> None:
    assert {path for path in product_files() if path.startswith("stacks/")} == {
        path for path in FILES if path.startswith("stacks/")
    }


def test_images_and_nodes_get_the_same_from_it(installed: Path) -> None:
    """So an image has one name, and a site one digest, on machines with either."""
    for folder in ("ansible", "node"):
        assert tree_digest(installed / PRODUCT / folder) == tree_digest(REPOSITORY / folder)
    for path, source in product_files().items():
        assert os.access(installed / PRODUCT / path, os.X_OK) == os.access(source, os.X_OK), path


def test_its_record_is_true(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (record,) = [name for name in archive.namelist() if name.endswith("/RECORD")]
        lines = [line.rsplit(",", 2) for line in archive.read(record).decode().splitlines()]
        assert [name for name, _, _ in lines] == archive.namelist()
        for name, digest, size in lines:
            if name != record:
                content = archive.read(name)
                expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
                assert (digest, size) == (f"sha256={expected}", str(len(content))), name


def test_the_same_content_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    again = tmp_path / build_wheel(str(tmp_path))
    assert again.read_bytes() == wheel.read_bytes()


def test_it_requires_the_users_lock(installed: Path) -> None:
    locked = set(re.findall(r"^[a-z0-9._-]+==[^\s]+", (REPOSITORY / LOCK).read_text(), re.MULTILINE))
    wanted = requirements()
    assert {each.partition(" ")[0] for each in wanted} == locked | {"pip"}
    (metadata,) = installed.glob("*.dist-info/METADATA")
    assert re.findall(r"^Requires-Dist: (.+)$", metadata.read_text(), re.MULTILINE) == wanted


def test_it_knows_its_commit(installed: Path) -> None:
    assert commit(installed / PRODUCT) == commit()


def test_an_installed_product_ignores_the_git_around_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    product = tmp_path / "venv" / PRODUCT
    product.mkdir(parents=True)
    assert commit(product) == ""
    (product / COMMIT_FILE).write_text("0123\n")
    assert commit(product) == "0123"


def test_the_source_distribution_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    subprocess.run(["tar", "xzf", tmp_path / build_sdist(str(tmp_path)), "-C", tmp_path], check=True)
    (unpacked,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    code = "import sys; from toolchain.wheel.backend import build_wheel; print(build_wheel(sys.argv[1]))"
    made = subprocess.run(
        [sys.executable, "-c", code, tmp_path], cwd=unpacked, check=True, capture_output=True, text=True
    ).stdout.strip()
    assert (tmp_path / made).read_bytes() == wheel.read_bytes()


def test_it_starts_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    code = f"import sys; sys.path.insert(0, {str(installed)!r}); from {PRODUCT} import main; main()"
    said = subprocess.run(
        [sys.executable, "-P", "-c", code, "--version"], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert said.startswith("slurm-appliance ")
    refused = subprocess.run(
        [sys.executable, "-P", "-c", code, "check"], cwd=tmp_path, check=False, capture_output=True
    )
    assert refused.returncode == 2
    assert str(installed / PRODUCT) in refused.stderr.decode()
