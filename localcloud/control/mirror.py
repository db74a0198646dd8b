"""A caching package proxy on the cloud's address: build servers can reach no other package source.

apt-cacher-ng with our own configuration, independent of any instance that the machine may run. Packages are kept in the
cache folder: a second image build downloads nothing. It runs as the Debian package's user, without root's privileges,
and sees only its own folders of the cloud, because it parses data from servers and package sources.
"""

import os
import pwd
from pathlib import Path
from urllib.parse import urlsplit

from localcloud.control import process
from localcloud.endpoints import ADDRESS, MIRROR_PORT
from localcloud.errors import MachineError
from localcloud.host.layout import CloudLayout, cloud_cache
from localcloud.host.programs import program

#: The name of its process and log.
NAME = "mirror"

#: The user of the Debian package. The start script also has this name, and the package's folders.
USER = "apt-cacher-ng"

_SCRIPT = Path(__file__).with_name("package_proxy.sh")


def packages_folder() -> Path:
    """The folder of downloaded packages."""
    return cloud_cache("packages")


def configuration(proxy: str) -> str:
    """The text of acng.conf.

    Args:
        proxy: the proxy that the machine itself must use, or empty.
    """
    options = {
        "CacheDir": f"/var/cache/{USER}",
        "LogDir": f"/var/log/{USER}",
        "Port": str(MIRROR_PORT),
        "BindAddress": ADDRESS,
        "ForeGround": "1",
        # Sources with https are tunnelled, not cached.
        "PassThroughPattern": r".*:443$",
        **({"Proxy": proxy} if proxy else {}),
    }
    return "".join(f"{name}: {value}\n" for name, value in options.items())


def start(layout: CloudLayout) -> None:
    """Start the proxy.

    Raises:
        MachineError: its program or its user is missing.
    """
    program("apt-cacher-ng")
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        raise MachineError(
            f"the package proxy's user {USER} is missing",
            remedy=f"create it with apt-get install --reinstall {USER}",
        ) from None
    settings, logs = layout.etc / NAME, layout.service_state(NAME) / "log"
    settings.mkdir(exist_ok=True)
    proxy = os.environ.get("http_proxy", os.environ.get("HTTP_PROXY", ""))
    file = settings / "acng.conf"
    file.write_text(configuration(proxy if urlsplit(proxy).hostname else ""))
    for path, mode in ((settings, 0o750), (file, 0o640)):
        # The machine's proxy may have a password: only root and the proxy may read it, and the proxy cannot change it.
        os.chown(path, 0, user.pw_gid)
        path.chmod(mode)
    for folder in (packages_folder(), logs):
        folder.mkdir(parents=True, exist_ok=True)
        give(folder, user)
    # A slave mount namespace: its copies must not keep servers' mounts busy after they are unmounted.
    command = [program("unshare"), "--mount", "--propagation", "slave", "sh", str(_SCRIPT)]
    process.start(layout, NAME, [*command, str(settings), str(packages_folder()), str(logs)])


def give(folder: Path, user: pwd.struct_passwd) -> None:
    """Change the owner of a folder and its content, unless it is already right.

    Never follows paths in a folder where the user could have placed links or files of others: the folder itself comes
    last.
    """
    if folder.stat().st_uid == user.pw_uid:
        return
    for parent, folders, files in os.walk(folder, topdown=False):
        for name in (*folders, *files):
            os.chown(Path(parent, name), user.pw_uid, user.pw_gid, follow_symlinks=False)
    os.chown(folder, user.pw_uid, user.pw_gid)
