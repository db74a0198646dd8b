"""From an empty machine to a toolchain, with programs that only pretend: what is run, what is kept, what is said."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from toolchain import build, pins, release, sums
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


def pack(file: Path) -> None:
    """An archive like those of the download site."""
    with tarfile.open(file, "w:gz") as archive:
        for name in ("pulumi", "pulumi-language-python", "pulumi-language-python-exec"):
            content = (PULUMI if name == "pulumi" else "released").encode()
            info = tarfile.TarInfo(f"pulumi/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


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
        monkeypatch.setattr(sums, "FILE", folder / "sums.txt")
        monkeypatch.setattr(release, "SITE", (folder / "site").as_uri())
        self.offer()
        self.site_answers(False)

    def offer(self, *pieces: Piece, changed: Piece | None = None) -> None:
        """Put releases on the download site and their checksums into the repository.

        Args:
            pieces: those whose checksums are known.
            changed: one whose file on the site became another after that.
        """
        known = []
        for piece in pieces:
            file = self.folder / "site" / sums.address(sums.archive(piece))[1:]
            file.parent.mkdir(parents=True, exist_ok=True)
            if not file.exists():
                pack(file)
                known.append(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}")
        if changed is not None:
            file = self.folder / "site" / sums.address(sums.archive(changed))[1:]
            file.write_bytes(file.read_bytes() + b"more")
        (self.folder / "sums.txt").write_text("# releases\n" + "".join(f"{line}\n" for line in known))

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


def origins(toolchain: Toolchain) -> dict[str, Origin]:
    return {provision.piece.name: provision.origin for provision in toolchain.provisions}


def test_everything_is_built_where_nothing_answers(machine: Machine) -> None:
    machine.install("go", GO)
    toolchain = ensure()
    assert set(origins(toolchain).values()) == {Origin.BUILT}
    assert len(machine.calls("builds")) == len(Piece)
    for provision in toolchain.provisions:
        assert provision.path.read_text().strip().endswith(provision.piece)
    assert (toolchain.programs / "pulumi-language-python-exec").read_text() == "the launcher"


def test_a_second_start_builds_nothing_and_asks_nobody(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.install("go", GO)
    first = ensure()
    monkeypatch.setattr(release, "answers", lambda: pytest.fail("the download site was asked"))
    assert ensure().home == first.home
    assert len(machine.calls("builds")) == len(Piece)


def test_the_engine_keeps_no_log_from_the_first_run_on(machine: Machine) -> None:
    machine.install("go", GO)
    logs = ensure().home / "logs"
    assert logs.is_file(), "the engine takes a folder for one to write into, and makes one where nothing is"
    logs.unlink()
    assert not (ensure().home / "logs").exists(), "somebody wants them"


def test_released_pieces_are_preferred_where_the_site_answers(machine: Machine) -> None:
    machine.site_answers(True)
    machine.offer(*Piece)
    toolchain = ensure()
    assert set(origins(toolchain).values()) == {Origin.RELEASED}
    installed = [call.partition(" --file ")[0] for call in machine.calls("plugins")]
    assert installed == [f"plugin install resource {n} {v}" for n, v in pins.PLUGINS.items()]
    assert machine.calls("builds") == []


def test_a_release_whose_checksum_nobody_knows_is_not_even_asked_for(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.install("go", GO)
    machine.offer()
    monkeypatch.setattr(release, "answers", lambda: pytest.fail("the download site was asked"))
    assert set(origins(ensure()).values()) == {Origin.BUILT}
    assert sums.FILE.name in capsys.readouterr().err


@pytest.mark.parametrize("failing", [Piece.ENGINE, Piece.COMMAND])
def test_a_release_that_is_not_what_the_repository_knows_is_never_used(
    machine: Machine, capsys: pytest.CaptureFixture[str], failing: Piece
) -> None:
    machine.site_answers(True)
    machine.install("go", GO)
    machine.offer(*Piece, changed=failing)
    toolchain = ensure()
    assert origins(toolchain)[failing.name] is Origin.BUILT
    assert origins(toolchain)["OPENSTACK"] is (Origin.BUILT if failing is Piece.ENGINE else Origin.RELEASED)
    assert not any(f"resource {failing.plugin} " in call for call in machine.calls("plugins") if failing.plugin)
    said = capsys.readouterr().err
    assert sums.archive(failing) in said
    assert sums.FILE.name in said
    left = [one.name for one in (machine.folder / "home").rglob("*.tar.gz")]
    assert left == []


@pytest.mark.parametrize("failing", ["engine", "plugins"])
def test_a_site_that_does_not_deliver_makes_us_build(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failing: str
) -> None:
    machine.site_answers(True)
    machine.install("go", GO)
    machine.offer(*Piece)
    if failing == "plugins":
        monkeypatch.setenv("PLUGINS_FAIL", "1")
    else:
        (machine.folder / "site" / sums.address(sums.archive(Piece.ENGINE))[1:]).unlink()
    toolchain = ensure()
    assert origins(toolchain)["COMMAND"] is Origin.BUILT
    assert origins(toolchain)["ENGINE"] is (Origin.BUILT if failing == "engine" else Origin.RELEASED)
    said = capsys.readouterr().err
    assert ("cannot be downloaded" if failing == "engine" else "rate limit exceeded") in said
    assert "building from source instead" in said


def test_the_engine_never_downloads_plugins_by_itself(machine: Machine) -> None:
    machine.site_answers(True)
    machine.offer(*Piece)
    assert ensure().variables()["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_a_suitable_pulumi_on_path_is_taken(machine: Machine) -> None:
    machine.install("go", GO)
    engine = machine.install("pulumi", PULUMI)
    machine.install("pulumi-language-python", "the user's")
    toolchain = ensure()
    assert origins(toolchain)["ENGINE"] is Origin.PATH
    assert (toolchain.programs / "pulumi").resolve() == engine
    assert len(machine.calls("builds")) == len(pins.PLUGINS)


def test_plugins_in_the_users_home_are_taken(machine: Machine) -> None:
    machine.install("go", GO)
    for name, version in pins.PLUGINS.items():
        folder = machine.folder / f"home/.pulumi/plugins/resource-{name}-v{version}"
        folder.mkdir(parents=True)
        (folder / f"pulumi-resource-{name}").write_text("the user's")
    toolchain = ensure()
    assert origins(toolchain)["OPENSTACK"] is Origin.INSTALLED
    linked = toolchain.home / "plugins/resource-openstack-v5.5.3/pulumi-resource-openstack"
    assert linked.read_text() == "the user's"


def test_a_half_installed_plugin_is_not_taken(machine: Machine) -> None:
    machine.install("go", GO)
    folder = machine.folder / "home/.pulumi/plugins/resource-openstack-v5.5.3"
    folder.mkdir(parents=True)
    (folder / "pulumi-resource-openstack").write_text("half")
    folder.with_name(f"{folder.name}.partial").touch()
    assert origins(ensure())["OPENSTACK"] is Origin.BUILT


def test_the_environment_leads_to_the_toolchain_and_leaves_logins_alone(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("go", GO)
    toolchain = ensure()
    variables = toolchain.variables()
    folders = variables["PATH"].split(os.pathsep)
    assert folders[:2] == [str(toolchain.programs), str(Path(sys.prefix) / "bin")]
    assert variables["PULUMI_HOME"] == str(toolchain.home)
    assert variables["PULUMI_CREDENTIALS_PATH"] == str(machine.folder / "home/.pulumi")
    assert (toolchain.home / "workspaces").resolve() == machine.folder / "home/.pulumi/workspaces"

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    again = ensure()
    assert (again.home, origins(again)) == (toolchain.home, origins(toolchain)), "it took itself for the user's"
    assert again.variables() == variables


def test_the_engine_really_lies_beside_its_language_host(machine: Machine) -> None:
    machine.install("go", GO)
    programs = ensure().programs
    assert (programs / "pulumi").resolve().parent == programs


def test_a_failed_build_names_the_piece_the_end_of_its_log_and_the_log(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.install("go", GO)
    monkeypatch.setenv("GO_FAILS", "1")
    with pytest.raises(ToolchainError) as failure:
        ensure()
    text = str(failure.value)
    assert failure.value.where == "pulumi"
    assert "status 1" in text
    assert "no such module" in text
    assert "\n81\n" not in text, "only the end of the log is shown"
    log = next(word.rstrip(":") for word in text.split() if word.rstrip(":").endswith(".log"))
    assert Path(log).read_text().startswith("1\n2\n")
    assert not build.binary(Piece.ENGINE).parent.exists(), "half a build must not look like a whole one"

    monkeypatch.delenv("GO_FAILS")
    assert ensure().home.exists()


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
    assert "waiting for another process" in "".join(said)
