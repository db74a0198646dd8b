"""Environment variables for a shell that uses the cloud."""

import shlex

from localcloud.control.credentials import CLOUD
from localcloud.endpoints import MIRROR_URL
from localcloud.errors import NotRunningError
from localcloud.host.layout import CloudLayout

#: Names the package proxy for image builds.
MIRROR_VARIABLE = "SLURM_APPLIANCE_PACKAGE_PROXY"


def variables(layout: CloudLayout) -> dict[str, str]:
    """Environment variables for clients that use the cloud as its ordinary user; contains no secrets."""
    return {"OS_CLIENT_CONFIG_FILE": str(layout.clouds_yaml), "OS_CLOUD": CLOUD, MIRROR_VARIABLE: MIRROR_URL}


def export_lines(layout: CloudLayout) -> list[str]:
    """Export lines for a POSIX shell.

    Raises:
        NotRunningError: the cloud was never started.
    """
    if not layout.clouds_yaml.exists():
        raise NotRunningError(
            "there is no local cloud", where=str(layout.root), remedy="start one with `slurm-appliance cloud up`"
        )
    return [f"export {name}={shlex.quote(value)}" for name, value in variables(layout).items()]
