"""Tests a configuration's Slurm files with the Slurm installed on the deploy host."""

import subprocess
import sys
from collections.abc import Mapping

from node.slurm_files import trial
from node.slurm_files.commands import judge
from node.slurm_files.rejection import Rejection
from node.slurm_files.release import upstream
from node.slurm_files.sources import Sources
from node.slurm_files.trial import TrialError
from slurm_appliance.config import ClusterConfig, control_node
from slurm_appliance.errors import ApplianceError, ConfigError, Problem
from slurm_appliance.slurm_trial.render import SOURCES, slurm_files
from toolchain.paths import REPOSITORY

_INSIDE = (
    f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); from node.slurm_files.commands import main; sys.exit(main())"
)


class SlurmTrialError(ApplianceError):
    """Raised when this machine cannot run the test."""


def installed_version() -> str:
    """The version of the Slurm that is installed here: ``24.11.5``.

    Raises:
        SlurmTrialError: it is not installed, or does not say its version.
    """
    try:
        command = [trial.find("slurmctld"), "-V"]
    except TrialError as error:
        raise _impossible(error) from error
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    version = upstream(said)
    if not version:
        raise _impossible(f"slurmctld -V prints no version: {said or 'nothing'}")
    return version


def _impossible(why: object) -> SlurmTrialError:
    remedy = "run it as root where slurmctld and slurmdbd are installed (Debian: slurmctld, slurmdbd)"
    return SlurmTrialError(f"cannot test Slurm's files: {why}", remedy=remedy)


def rejection_of(config: ClusterConfig, rendered: Mapping[str, str] | None = None) -> Rejection | None:
    """Why Slurm rejects the files of a configuration; None if it accepts them.

    Args:
        config: the configuration.
        rendered: its files, if already rendered by `slurm_files`; None: they are rendered for the installed Slurm.

    Raises:
        SlurmTrialError: Slurm is not installed, or cannot run in namespaces.
    """
    files = dict(slurm_files(config, installed_version()) if rendered is None else rendered)
    sources = Sources.read(files.pop(SOURCES))
    encoded = {name: text.encode() for name, text in files.items()}
    host = control_node(config).fqdn.partition(".")[0]
    try:
        return judge(encoded, sources, [sys.executable, "-I", "-c", _INSIDE], host)
    except TrialError as error:
        raise _impossible(error) from error


def check(config: ClusterConfig, source: str) -> None:
    """Test the files of a configuration with Slurm.

    Raises:
        ConfigError: it rejects them.
        SlurmTrialError: see `rejection_of`.
    """
    found = rejection_of(config)
    if found is not None:
        where = f"{found.file} line {found.line}: {found.text}" if found.line else ""
        problem = Problem(found.setting or "slurm", f"{found.daemon}: {found.message}", where)
        raise ConfigError([problem], source=source)
