"""The cloud of a command, and how OpenStack's clients find it."""

import os
from pathlib import Path

#: Environment variables that select a cloud.
_NAMED = ("OS_CLIENT_CONFIG_FILE", "OS_CLOUD", "OS_AUTH_URL")


def local_cloud_variables() -> dict[str, str]:
    """The variables with which other programs, such as plain pulumi, find the local cloud.

    Empty if there is no local cloud, or if the operator has set another one: in environment variables, or in a
    clouds.yaml, which these variables would hide.
    """
    from localcloud.control.shell import variables
    from localcloud.host.layout import CloudLayout

    layout = CloudLayout.of_user()
    folders = (Path.cwd(), Path.home() / ".config/openstack", Path("/etc/openstack"))
    other = any(name in os.environ for name in _NAMED) or any((folder / "clouds.yaml").is_file() for folder in folders)
    return {} if other or not layout.clouds_yaml.exists() else variables(layout)


def find_local_cloud(named: str | None) -> None:
    """Make OpenStack's clients find the local cloud if that is the selected one.

    The operator's environment variables take precedence.

    Args:
        named: the command's entry of clouds.yaml; None to use OS_CLOUD.
    """
    from localcloud.control.credentials import CLOUD
    from localcloud.control.shell import variables
    from localcloud.host.layout import CloudLayout

    layout = CloudLayout.of_user()
    if named == CLOUD and "OS_CLIENT_CONFIG_FILE" not in os.environ and layout.clouds_yaml.exists():
        os.environ.update(variables(layout))
