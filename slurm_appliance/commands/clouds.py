"""Which cloud a command is about, and how OpenStack's clients find it."""

import os
from pathlib import Path

#: What says which cloud is meant.
_NAMED = ("OS_CLIENT_CONFIG_FILE", "OS_CLOUD", "OS_AUTH_URL")


def local_cloud_variables() -> dict[str, str]:
    """What makes other programs find the local cloud: all that a shell needs for plain pulumi, as after the demo.

    Nothing where there is none, or where the operator has another one: in the environment, or in a clouds.yaml, which
    these variables would hide.
    """
    from localcloud.control.shell import variables
    from localcloud.host.layout import CloudLayout

    layout = CloudLayout.of_user()
    folders = (Path.cwd(), Path.home() / ".config/openstack", Path("/etc/openstack"))
    other = any(name in os.environ for name in _NAMED) or any((folder / "clouds.yaml").is_file() for folder in folders)
    return {} if other or not layout.clouds_yaml.exists() else variables(layout)


def find_local_cloud(named: str | None) -> None:
    """Let OpenStack's clients find the local cloud where it is the one that is named.

    What the operator has said in the environment holds.

    Args:
        named: the entry of clouds.yaml that the command is for; None for what OS_CLOUD says.
    """
    from localcloud.control.credentials import CLOUD
    from localcloud.control.shell import variables
    from localcloud.host.layout import CloudLayout

    layout = CloudLayout.of_user()
    if named == CLOUD and "OS_CLIENT_CONFIG_FILE" not in os.environ and layout.clouds_yaml.exists():
        os.environ.update(variables(layout))
