"""Has the Slurm that is installed on the deploy host try the files of a configuration."""

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
    """Raised when this machine's Slurm cannot try anything."""


def rejection_of(config: ClusterConfig, rendered: Mapping[str, str] | None = None) -> Rejection | None:
    """What Slurm has against the files of a configuration; None where it accepts them.

    Args:
        config: the configuration.
        rendered: its files, where `slurm_files` has made them already.

    Raises:
        SlurmTrialError: there is no Slurm here, or it cannot be run in namespaces.
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
    """Have Slurm try the files of a configuration.

    Raises:
        ConfigError: it rejects them.
        SlurmTrialError: see `rejection_of`.
    """
    found = rejection_of(config)
    if found is not None:
        where = f"{found.file} line {found.line}: {found.text}" if found.line else ""
        problem = Problem(found.setting or "slurm", f"{found.daemon}: {found.message}", where)
        raise ConfigError([problem], source=source)
