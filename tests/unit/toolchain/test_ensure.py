"""From an empty machine to a toolchain, with programs that only pretend: what is run, what is kept, what is said."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from toolchain import build, pins, release
from toolchain.ensure import Toolchain, ensure
from toolchain.errors import ToolchainError
from toolchain.paths import REPOSITORY
from toolchain.pieces import Origin, Piece

#: Writes down its calls; "builds" by writing the package's name to where the binary belongs.
GO = """#!/bin/sh
case "$1" in
    env) echo go1.26.8 ;;
    list) echo "$MACHINE/module" ;;
    build)
        echo "$*" >> "$MACHINE/builds"
        if [ -n "${GO_FAILS:-}" ]; then seq 1 100; echo "no such module"; exit 1; fi
        sleep "${GO_SLEEPS:-0}"
        while [ "$1" != -o ]; do shift; done
        echo "$3" > "$2" ;;
esac
"""

PULUMI = """#!/bin/sh
case "$1" in
    version) echo v3.240.0 ;;
    plugin)
        echo "$*" >> "$MACHINE/plugins"
        [ -z "${PLUGINS_FAIL:-}" ] || { echo "rate limit exceeded" >&2; exit 1; }
        folder="$PULUMI_HOME/plugins/resource-$4-v$5"
        mkdir -p "$folder" && echo released > "$folder/pulumi-resource-$4" ;;
esac
"""


class Machine:
    """A home folder, a PATH with chosen programs, a download site that answers or not."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self.programs = folder / "bin"
        self.programs.mkdir()
        script = folder / "module/python/cmd/pulumi-language-python-exec"
        script.parent.mkdir(parents=True)
        script.write_text("the launcher")
        monkeypatch.setenv("HOME", str(folder / "home"))
        monkeypatch.setenv("MACHINE", str(folder))
        monkeypatch.setenv("PATH", f"{self.programs}:/usr/bin:/bin")
        for variable in ("XDG_CACHE_HOME", "PULUMI_HOME", "PULUMI_CREDENTIALS_PATH"):
            monkeypatch.delenv(variable, raising=False)
        self.site_answers(False)

    def site_answers(self, whether: bool) -> None:
        self._monkeypatch.setattr(release, "answers", lambda: whether)

    def install(self, name: str, script: str) -> Path:
        path = self.programs / name
        path.write_text(script)
        path.chmod(0o755)
        return path

    def calls(self, kind: str) -> list[str]:
        file = self.folder / kind
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def install_engine(folder: Path, version: str) -> None:
    """Stands for the automation API's installer."""
    (folder / "bin").mkdir()
    for name in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec"):
        program = folder / "bin" / name
        program.write_text(PULUMI if name == "pulumi" else f"released {version}")
        program.chmod(0o755)


def unavailable(folder: Path, version: str) -> None:
    raise OSError(f"{folder.name}: {version} cannot be downloaded")


def origins(toolchain: Toolchain) -> dict[str, Origin]:
    return {provision.piece.name: provision.origin for provision in toolchain.provisions}


def test_everything_is_built_where_nothing_answers(machine: Machine) -> None:
    machine.install("go", GO)
    toolchain = ensure(unavailable)
    assert set(origins(toolchain).values()) == {Origin.BUILT}
    assert len(machine.calls("builds")) == len(Piece)
    for provision in toolchain.provisions:
        assert provision.path.read_text().strip().endswith(provision.piece)
    assert (toolchain.programs / "pulumi-language-python-exec").read_text() == "the launcher"


def test_a_second_start_builds_nothing_and_asks_nobody(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install("go", GO)
    first = ensure(unavailable)
    monkeypatch.setattr(release, "answers", lambda: pytest.fail("the download site was asked"))
    assert ensure(unavailable).home == first.home
    assert len(machine.calls("builds")) == len(Piece)


def test_the_engine_keeps_no_log_from_the_first_run_on(machine: Machine) -> None:
    machine.install("go", GO)
    logs = ensure(unavailable).home / "logs"
    assert logs.is_file(), "the engine takes a folder for one to write into, and makes one where nothing is"
    logs.unlink()
    assert not (ensure(unavailable).home / "logs").exists(), "somebody wants them"


def test_released_pieces_are_preferred_where_the_site_answers(machine: Machine) -> None:
    machine.site_answers(True)
    toolchain = ensure(install_engine)
    assert set(origins(toolchain).values()) == {Origin.RELEASED}
    assert machine.calls("plugins") == [f"plugin install resource {n} {v}" for n, v in pins.PLUGINS.items()]
    assert machine.calls("builds") == []


@pytest.mark.parametrize("failing", ["engine", "plugins"])
def test_a_site_that_does_not_deliver_makes_us_build(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failing: str
) -> None:
    machine.site_answers(True)
    machine.install("go", GO)
    if failing == "plugins":
        monkeypatch.setenv("PLUGINS_FAIL", "1")
    toolchain = ensure(unavailable if failing == "engine" else install_engine)
    assert origins(toolchain)["COMMAND"] is Origin.BUILT
    assert origins(toolchain)["ENGINE"] is (Origin.BUILT if failing == "engine" else Origin.RELEASED)
    said = capsys.readouterr().err
    assert ("cannot be downloaded" if failing == "engine" else "rate limit exceeded") in said
    assert "building instead" in said


def test_a_suitable_pulumi_on_path_is_taken(machine: Machine) -> None:
    machine.install("go", GO)
    engine = machine.install("pulumi", PULUMI)
    machine.install("pulumi-language-python", "the user's")
    toolchain = ensure(unavailable)
    assert origins(toolchain)["ENGINE"] is Origin.PATH
    assert (toolchain.programs / "pulumi").resolve() == engine
    assert len(machine.calls("builds")) == len(pins.PLUGINS)


def test_plugins_in_the_users_home_are_taken(machine: Machine) -> None:
    machine.install("go", GO)
    for name, version in pins.PLUGINS.items():
        folder = machine.folder / f"home/.pulumi/plugins/resource-{name}-v{version}"
        folder.mkdir(parents=True)
        (folder / f"pulumi-resource-{name}").write_text("the user's")
    toolchain = ensure(unavailable)
    assert origins(toolchain)["OPENSTACK"] is Origin.INSTALLED
    linked = toolchain.home / "plugins/resource-openstack-v5.5.3/pulumi-resource-openstack"
    assert linked.read_text() == "the user's"


def test_a_half_installed_plugin_is_not_taken(machine: Machine) -> None:
    machine.install("go", GO)
    folder = machine.folder / "home/.pulumi/plugins/resource-openstack-v5.5.3"
    folder.mkdir(parents=True)
    (folder / "pulumi-resource-openstack").write_text("half")
    folder.with_name(f"{folder.name}.partial").touch()
    assert origins(ensure(unavailable))["OPENSTACK"] is Origin.BUILT


def test_the_environment_leads_to_the_toolchain_and_leaves_logins_alone(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("go", GO)
    toolchain = ensure(unavailable)
    variables = toolchain.variables()
    folders = variables["PATH"].split(os.pathsep)
    assert folders[:2] == [str(toolchain.programs), str(Path(sys.prefix) / "bin")]
    assert variables["PULUMI_HOME"] == str(toolchain.home)
    assert variables["PULUMI_CREDENTIALS_PATH"] == str(machine.folder / "home/.pulumi")
    assert (toolchain.home / "workspaces").resolve() == machine.folder / "home/.pulumi/workspaces"

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    again = ensure(unavailable)
    assert (again.home, origins(again)) == (toolchain.home, origins(toolchain)), "it took itself for the user's"
    assert again.variables() == variables


def test_the_engine_really_lies_beside_its_language_host(machine: Machine) -> None:
    machine.install("go", GO)
    programs = ensure(unavailable).programs
    assert (programs / "pulumi").resolve().parent == programs


def test_a_failed_build_names_the_piece_the_end_of_its_log_and_the_log(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("go", GO)
    monkeypatch.setenv("GO_FAILS", "1")
    with pytest.raises(ToolchainError) as failure:
        ensure(unavailable)
    text = str(failure.value)
    assert failure.value.where == "pulumi"
    assert "status 1" in text
    assert "no such module" in text
    assert "\n81\n" not in text, "only the end of the log is shown"
    log = next(word.rstrip(":") for word in text.split() if word.rstrip(":").endswith(".log"))
    assert Path(log).read_text().startswith("1\n2\n")
    assert not build.binary(Piece.ENGINE).parent.exists(), "half a build must not look like a whole one"

    monkeypatch.delenv("GO_FAILS")
    assert ensure(unavailable).home.exists()


def test_two_starts_at_once_build_once(machine: Machine) -> None:
    machine.install("go", GO)
    program = "from toolchain.build import build; from toolchain.pieces import Piece; build(Piece.COMMAND, 'a test')"
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=REPOSITORY,
            env={**os.environ, "GO_SLEEPS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [start.communicate(timeout=60)[1] for start in starts]
    assert [start.returncode for start in starts] == [0, 0], said
    assert len(machine.calls("builds")) == 1
    assert "waiting for another start" in "".join(said)
