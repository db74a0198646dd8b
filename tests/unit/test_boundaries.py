"""Imports go one way, between packages and between the rooms inside them, as docs/design.md draws it."""

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from toolchain.paths import REPOSITORY

#: What each package may import of the others.
MAY_IMPORT = {
    "components": {"slurm_appliance", "toolchain"},
    "slurm_appliance": {"localcloud", "mirror", "node", "toolchain"},
    "localcloud": {"toolchain"},
    "mirror": {"toolchain"},
    "node": set(),
    "toolchain": set(),
}

#: Modules outside the rooms: the package's own start and errors, and names that are in the states of stacks.
LOOSE = {
    "slurm_appliance": {"__init__", "__main__", "cli", "errors", "console_keys", "image_build", "site_run"},
    "localcloud": {"__init__", "cli", "endpoints", "errors"},
    "node": {"__init__", "job_cleanup", "monitoring_password", "site_record", "whole_file"},
}

#: Modules of `node` that rename something, apart from `whole_file`, the owner of writing whole files; and what.
RENAMES = {
    "node/accounts/homes.py": "a home directory",
    "node/export_receiver/receiver.py": "a hard link",
    "node/reboot_program/spool.py": "a damaged file",
    "node/slurm_files/backups.py": "a whole backup, and a restored folder",
    "node/slurm_files/sets.py": "links and sets",
    "node/slurm_files/state.py": "the folders that a restore replaces",
}


def modules(package: str) -> list[Path]:
    found = [path.relative_to(REPOSITORY) for path in sorted((REPOSITORY / package).rglob("*.py"))]
    assert found
    return found


def imported(module: Path) -> Iterator[str]:
    """The modules that a module imports when it runs, functions included; of ``from a import b``, ``a`` and ``a.b``."""
    todo: list[ast.AST] = [ast.parse((REPOSITORY / module).read_text())]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            todo += node.orelse
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            # A relative import is one within a package on its way to a node, where it has another name.
            base = ".".join([*module.parts[: len(module.parts) - node.level], node.module or ""]) if node.level else ""
            name = base.rstrip(".") or node.module or ""
            yield name
            yield from (f"{name}.{alias.name}" for alias in node.names)
        todo += ast.iter_child_nodes(node)


def room(parts: tuple[str, ...]) -> str:
    """The room of a module, or of what an import names: ``slurm_appliance.config``; a loose module is one."""
    package, *rest = parts
    return f"{package}.{rest[0]}" if rest and package in LOOSE else package


def rooms() -> Mapping[str, set[str]]:
    """What each room imports of the others."""
    found: dict[str, set[str]] = {}
    for package in MAY_IMPORT:
        for module in modules(package):
            mine = room(module.with_suffix("").parts)
            names = (tuple(name.split(".")) for name in imported(module))
            others = {room(name) for name in names if name[0] in MAY_IMPORT and (len(name) > 1 or name[0] not in LOOSE)}
            found.setdefault(mine, set()).update(others - {mine})
    known = found.keys()
    return {mine: {other for other in others if other in known} for mine, others in found.items()}


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_packages_import_one_way(package: str) -> None:
    others = MAY_IMPORT.keys() - MAY_IMPORT[package] - {package}
    wrong = {
        module: names
        for module in modules(package)
        if (names := others & {name.partition(".")[0] for name in imported(module)})
    }
    assert not wrong


def test_rooms_have_no_cycle() -> None:
    try:
        order = list(TopologicalSorter(rooms()).static_order())
    except CycleError as error:
        pytest.fail(f"a cycle of imports: {' → '.join(error.args[1])}")
    assert {"slurm_appliance.engine", "localcloud.host"} <= set(order)


@pytest.mark.parametrize("package", LOOSE)
def test_every_module_lies_in_a_room(package: str) -> None:
    assert {path.stem for path in (REPOSITORY / package).glob("*.py")} == LOOSE[package]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_rooms_say_what_they_are_for(package: str) -> None:
    places = [path for path in modules(package) if path.name == "__init__.py"]
    silent = [path for path in places if not ast.get_docstring(ast.parse((REPOSITORY / path).read_text()))]
    assert not silent


def test_pulumi_is_known_to_the_components_and_the_engine() -> None:
    packages = ["slurm_appliance", "localcloud", "mirror", "node", "toolchain"]
    knowing = {
        room(module.parts)
        for package in packages
        for module in modules(package)
        if any(name.startswith("pulumi") for name in imported(module))
    }
    assert knowing == {"slurm_appliance.engine"}


def _writes_whole(call: ast.Call) -> bool:
    """Whether a call is a part of writing a whole file: a temporary file, a sync, a rename."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    # A text's replace has two arguments, a path's has one.
    renames = name in {"rename", "renames"} or (name == "replace" and len(call.args) == 1 and not call.keywords)
    return renames or name in {"fsync", "mkstemp", "NamedTemporaryFile"} or ast.unparse(call.func) == "os.replace"


def test_whole_files_on_nodes_have_one_owner() -> None:
    own = [module for module in modules("node") if not (REPOSITORY / module).is_symlink()]
    writers = {
        str(module)
        for module in own
        for each in ast.walk(ast.parse((REPOSITORY / module).read_text()))
        if isinstance(each, ast.Call) and _writes_whole(each)
    }
    assert writers == {"node/whole_file.py", *RENAMES}
    synced = {str(module) for module in own if "fsync" in (REPOSITORY / module).read_text()}
    assert synced == {"node/whole_file.py"}


def test_a_package_of_node_brings_the_owner_of_whole_files_along() -> None:
    """Packages come to a node one by one: a module beside them could be missing there, or from another release."""
    for module in modules("node"):
        for name in imported(module):
            if name.endswith(".whole_file"):
                assert name == f"{'.'.join(module.parent.parts)}.whole_file", module
                assert (REPOSITORY / module.parent / "whole_file.py").readlink() == Path("../whole_file.py"), module


@pytest.mark.parametrize("folder", ["components", "localcloud", "slurm_appliance", "tests/engine", "tests/lifecycle"])
def test_no_process_with_grpc_threads_is_forked(folder: str) -> None:
    # gRPC's fork handlers run in the child, and crash it now and then. Python does without fork (it has vfork) unless
    # a child has another user or runs Python before its program.
    found = [
        f"{module}:{call.lineno}: {ast.unparse(call)[:80]}"
        for module in modules(folder)
        for call in ast.walk(ast.parse((REPOSITORY / module).read_text()))
        if isinstance(call, ast.Call)
        and (
            ast.unparse(call.func) in {"os.fork", "os.forkpty", "pty.fork", "pty.spawn"}
            or (
                ast.unparse(call.func).startswith("subprocess.")
                and {each.arg for each in call.keywords} & {"preexec_fn", "user", "group", "extra_groups"}
            )
        )
    ]
    assert found == [], "runuser and setpriv start a program as another user"


def test_one_module_takes_signals() -> None:
    """A handler elsewhere would also take those that `nohup` has made this process ignore."""
    takers = {
        str(module)
        for module in modules("slurm_appliance")
        for call in ast.walk(ast.parse((REPOSITORY / module).read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {"signal.signal", "signal.sigaction"}
    }
    assert takers == {"slurm_appliance/deploy_host/stop_signals.py"}


def test_names_of_classes_are_unique() -> None:
    places: dict[str, list[str]] = {}
    for package in MAY_IMPORT:
        for module in modules(package):
            for node in ast.walk(ast.parse((REPOSITORY / module).read_text())):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(f"{module}:{node.lineno}")
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_components_have_the_names_of_their_type_tokens() -> None:
    """``class Site`` is ``slurm-appliance:index:Site`` in the state."""
    for module in modules("components"):
        for node in ast.walk(ast.parse((REPOSITORY / module).read_text())):
            if isinstance(node, ast.ClassDef) and "ComponentResource" in " ".join(map(ast.unparse, node.bases)):
                calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
                tokens = [ast.literal_eval(each.args[0]) for each in calls if ast.unparse(each.func) == "token"]
                assert tokens == [node.name], module


def test_the_map_has_every_room_after_those_that_it_imports() -> None:
    rows = re.findall(r"^\| `([a-z_/.`, ]+)` \|", (REPOSITORY / "docs" / "design.md").read_text(), re.MULTILINE)
    names = [name.strip("/` ").removesuffix(".py") for row in rows for name in row.split(",")]
    found = {name: arrows for name, arrows in rooms().items() if name.startswith("slurm_appliance.")}
    drawn = [f"slurm_appliance.{name}" for name in names if f"slurm_appliance.{name}" in found]
    apart = {f"slurm_appliance.{name}" for name in LOOSE["slurm_appliance"] - {"errors", "cli"}}
    assert set(drawn) == found.keys() - apart
    late = {name: set(drawn[index:]) & found[name] for index, name in enumerate(drawn)}
    assert {name: others for name, others in late.items() if others} == {}


def _loaded_by_services() -> set[Path]:
    """The local cloud's modules that OpenStack's services load, by their names in settings, and what those import."""
    names = {
        name
        for module in modules("localcloud")
        for constant in ast.walk(ast.parse((REPOSITORY / module).read_text()))
        if isinstance(constant, ast.Constant) and isinstance(constant.value, str)
        for name in re.findall(r"localcloud(?:\.\w+)+", constant.value)
    }
    todo, found = list(names), set[Path]()
    while todo:
        parts = todo.pop().split(".")
        # The name may go on to a class.
        ends = (Path(*parts[:end]).with_suffix(".py") for end in range(len(parts), 1, -1))
        path = next((each for each in ends if (REPOSITORY / each).exists()), None)
        if path is not None and path not in found:
            found.add(path)
            todo += [name for name in imported(path) if name.startswith("localcloud.")]
    return found


def test_openstacks_services_load_nothing_but_the_local_cloud() -> None:
    """Their folder of modules has no other package of ours."""
    loaded = _loaded_by_services()
    assert {Path("localcloud/compute/driver.py"), Path("localcloud/network/mechanism.py")} <= loaded
    ours = tuple(f"{package}." for package in MAY_IMPORT if package != "localcloud")
    assert not [(path, name) for path in sorted(loaded) for name in imported(path) if f"{name}.".startswith(ours)]
