"""One state, two machines: the second one has nothing to change, and gets what it lacks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_appliance.deployment.local_files import has_files
from slurm_appliance.deployment.site_again import run_site
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import UsageError
from tests.engine.cluster.plain_pulumi import Pulumi
from tests.engine.cluster.recording import HOST_KEY, use_fixed_answers
from tests.engine.cluster.rig import Rig, furnish, use
from tests.fakes.project import FakeProject

PASSPHRASE = "the same for both"


class Machines:
    """Two operators' machines; one of them is in use."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, backend: Path) -> None:
        self.rig = Rig(folder, excluded=())
        self.rig.settings["ssh"] = {"private_key_file": "~/.ssh/cluster", "bastion_host": "bastion.example.org"}
        self._folder, self._patch = folder, patch
        patch.setenv("PULUMI_BACKEND_URL", f"file://{backend}")
        patch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)

    def use(self, name: str) -> EnvironmentFolder:
        """Work on a machine from now on; returns the environment's folder there."""
        home = self._folder / name
        home.mkdir(exist_ok=True)
        self._patch.setenv("HOME", str(home))
        self._patch.setenv("XDG_STATE_HOME", str(home / "state"))
        return EnvironmentFolder.of(self.rig.name)


@pytest.fixture
def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machines]:
    with FakeProject().serving() as project:
        furnish(project)
        use(project, tmp_path, monkeypatch)
        use_fixed_answers(tmp_path, monkeypatch)
        # The toolchain is in the first operator's cache; a second home has none of its own.
        monkeypatch.setenv("XDG_CACHE_HOME", str(Path("~/.cache").expanduser()))
        backend = tmp_path / "backend"
        backend.mkdir()
        yield Machines(tmp_path, monkeypatch, backend)


def files_of(folder: EnvironmentFolder) -> dict[str, str]:
    return {str(path.relative_to(folder.inventory)): path.read_text() for path in folder.inventory.rglob("*.*ml")}


def test_another_operator_has_nothing_to_change_and_gets_the_files(machines: Machines) -> None:
    first = machines.use("first")
    machines.rig.up()
    # The first machine's site run, which the test leaves out, is who writes this one.
    second = machines.use("second")

    plan = machines.rig.preview()
    assert not plan.steps
    assert not plan.drift
    assert not second.inventory.exists(), "a preview writes nothing"

    assert set(machines.rig.up().changes) == {"same"}
    assert files_of(second) == files_of(first)
    assert len(files_of(second)) == 2
    lines = second.known_hosts.read_text().splitlines()
    assert {line.partition(" ")[2] for line in lines} == {HOST_KEY}
    assert len(lines) == 2, "of the control and the login node"

    machines.use("first")
    assert not machines.rig.preview().steps


def test_plain_pulumi_writes_the_files_of_another_machine_too(machines: Machines) -> None:
    first = machines.use("first")
    machines.rig.up()
    second = machines.use("second")
    pulumi = Pulumi(machines.rig)

    assert pulumi.run("preview", "--stack", "test", "--expect-no-changes").returncode == 0
    ended = pulumi.run("up", "--yes", "--skip-preview", "--stack", "test")

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert files_of(second) == files_of(first)
    assert second.known_hosts.exists()


def test_site_yml_does_not_apply_what_an_older_up_left_on_this_machine(machines: Machines) -> None:
    first = machines.use("first")
    machines.rig.up()
    machines.use("second")
    machines.rig.settings["motd"] = "Welcome"
    machines.rig.up()

    machines.use("first")
    with pytest.raises(UsageError, match="does not have the inventory of the stack's last up"):
        run_site(machines.rig.session())
    assert not list(first.logs.glob("site*")), "site.yml did not begin"

    assert set(machines.rig.up().changes) == {"same"}
    assert "Welcome" in str(files_of(first))
    assert has_files(first, machines.rig.session().deployment())


def test_nothing_of_a_machine_is_in_the_state(machines: Machines) -> None:
    machines.use("first")
    machines.rig.up()
    inputs = [each.get("inputs") for each in machines.rig.resources().values()]
    assert str(machines.rig.folder) not in str(inputs)
    assert str(machines.rig.folder) not in str(machines.rig.session().stack.outputs())
