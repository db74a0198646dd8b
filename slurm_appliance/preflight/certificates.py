"""The site's certificates: files of the deploy host, and dates."""

from datetime import UTC, datetime

from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.certificates import certificates, ended
from slurm_appliance.errors import ConfigError
from slurm_appliance.preflight.finder import Finder


def of_site(config: ClusterConfig, finder: Finder) -> tuple[str, ...]:
    """The certificates that can be read; problems for the others, and a note for each that has ended."""
    try:
        found = certificates(config)
    except ConfigError as error:
        finder.problems_of(error)
        return ()
    for problem in ended(found, datetime.now(tz=UTC)):
        finder.note(problem.path, problem.what, problem.remedy)
    return found
