"""Boots of a machine, told apart."""

from tests.engine.cloud_fixtures import wait_until
from tests.engine.node_fixtures import Login

#: Changes at each boot of a kernel.
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


def wait_for_other_boot(login: Login, at: str, before: str, limit: float = 600) -> None:
    """Wait until the machine at an address runs another boot than before.

    Args:
        login: the way into it.
        at: its address.
        before: what ``BOOT_ID`` said.
        limit: seconds.
    """

    def booted() -> bool:
        done = login.run(at, BOOT_ID)
        return done.returncode == 0 and done.stdout.strip() not in ("", before)

    wait_until(f"another boot of {at}", booted, limit, 1)
