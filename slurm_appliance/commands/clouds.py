"""Which cloud a command is about, and how OpenStack's clients find it."""

import os


def find_local_cloud(named: str | None) -> None:
    """Let OpenStack's clients find the local cloud where it is the one that is named.

    What the operator has said in the environment holds.

    Args:
        named: the entry of clouds.yaml that the command is for; None for what OS_CLOUD says.
    """
    from localcloud.control.credentials import CLOUD
    from localcloud.control.layout import Layout
    from localcloud.control.shell import variables

    layout = Layout.of_user()
    if named == CLOUD and "OS_CLIENT_CONFIG_FILE" not in os.environ and layout.clouds_yaml.exists():
        os.environ.update(variables(layout))
