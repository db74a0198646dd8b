"""Tests a configuration's Slurm files with the Slurm installed on the deploy host."""

import sys
from collections.abc import Mapping

from node.slurm_files.commands import judge
from node.slurm_files.rejection import Rejection
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


def rejection_of(config: ClusterConfig, rendered: Mapping[str, str] | None = None) -> Rejection | None:
    """Why Slurm rejects the files of a configuration; None if it accepts them.

    Args:
        config: the configuration.
        rendered: its files, if already rendered by `slurm_files`.

    Raises:
        SlurmTrialError: Slurm is not installed, or cannot run in namespaces.
    """
    files = dict(slurm_files(config) if rendered is None else rendered)
    sources = Sources.read(files.pop(SOURCES))
    encoded = {name: text.encode() for name, text in files.items()}
    host = control_node(config).fqdn.partition(".")[0]
    try:
        return judge(encoded, sources, [sys.executable, "-I", "-c", _INSIDE], host)
    except TrialError as error:
        remedy = "run it as root where slurmctld and slurmdbd are installed (Debian: slurmctld, slurmdbd)"
        raise SlurmTrialError(f"cannot test Slurm's files: {error}", remedy=remedy) from error


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
