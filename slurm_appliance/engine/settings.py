"""Environment variables of the Pulumi engine: location of the state, protection of its secrets, and performance.

Whatever the user has set stays as it is. docs/internals.md has the measurements behind the last part.
"""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from slurm_appliance.errors import UsageError
from toolchain.paths import state_folder

if TYPE_CHECKING:
    from slurm_appliance.journal.store import Store

#: The engine's parallel operations. The default is four per core; creating servers is mostly waiting.
PARALLEL = 32

_PERFORMANCE = {
    "PULUMI_PARALLEL": str(PARALLEL),
    # Compute the differences of independent resources in parallel.
    "PULUMI_PARALLEL_DIFF": "true",
    # Garbage collection takes a third of the engine's and plugins' time; this costs 100 MB of memory instead.
    "GOGC": "400",
}

#: A stack file without the passphrase's salt is fine: the state has it. See project.py.
_FALLBACK = {"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true"}

_PASSPHRASE = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")


def engine_variables(given: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables to set in addition to those of the toolchain.

    Args:
        given: the user's environment; this process's by default.
    """
    user = os.environ if given is None else given
    wanted = {**_PERFORMANCE, **_FALLBACK, **_backend(user), **_passphrase(user)}
    return {name: value for name, value in wanted.items() if name not in user}


def backend_url(given: Mapping[str, str] | None = None) -> str:
    """The location of the state: the user's choice, or a folder of this machine."""
    user = os.environ if given is None else given
    return user.get("PULUMI_BACKEND_URL") or _logged_in(user) or engine_variables(user).get("PULUMI_BACKEND_URL", "")


def state_root(given: Mapping[str, str] | None = None) -> Path | None:
    """The folder of the state; None if it is not in a folder on this machine."""
    url = backend_url(given)
    if not url.startswith("file://"):
        return None
    return Path(url.removeprefix("file://")).expanduser()


def state_store(given: Mapping[str, str] | None = None) -> "Store | None":
    """The files of the state; None for Pulumi Cloud and other services, which keep a journal of their own.

    Raises:
        UsageError: the backend's URL or its credentials have something that is not supported.
    """
    from slurm_appliance.journal.object_store import ObjectStore
    from slurm_appliance.journal.object_url import bucket_settings, is_bucket
    from slurm_appliance.journal.store import FolderStore

    user = os.environ if given is None else given
    root, url = state_root(user), backend_url(user)
    if root:
        return FolderStore(root)
    return ObjectStore(bucket_settings(url, user)) if is_bucket(url) else None


def shown_backend(given: Mapping[str, str] | None = None) -> str:
    """The location of the state, for messages: the backend's URL without user, password and parameters."""
    url = backend_url(given)
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")) or url.partition("?")[0]


def _backend(user: Mapping[str, str]) -> dict[str, str]:
    """A folder next to the environments, unless the user has set or logged in to another backend."""
    if user.get("PULUMI_BACKEND_URL") or _logged_in(user):
        return {}
    folder = state_folder("pulumi")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {"PULUMI_BACKEND_URL": f"file://{folder}"}


def _logged_in(user: Mapping[str, str]) -> str:
    """The backend that the user is logged in to; empty for none."""
    home = user.get("PULUMI_CREDENTIALS_PATH") or user.get("PULUMI_HOME") or str(Path.home() / ".pulumi")
    try:
        return str(json.loads((Path(home) / "credentials.json").read_text()).get("current") or "")
    except (OSError, ValueError):
        return ""


def _refuse_to_generate(user: Mapping[str, str]) -> None:
    """A passphrase that is generated here is lost with this machine, and other operators do not have it.

    Raises:
        UsageError: the state is where other machines find it, and none is set. Pulumi Cloud needs none.
    """
    url = user.get("PULUMI_BACKEND_URL") or _logged_in(user)
    if not url or url.startswith(("https://", "http://")):
        return
    raise UsageError(
        "the state is shared, and no passphrase is set for its secrets; one that is generated here would be lost with "
        "this machine",
        where=shown_backend(user),
        remedy="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, the same for every operator and runner",
    )


def _passphrase(user: Mapping[str, str]) -> dict[str, str]:
    """A file with a passphrase, generated once for this machine unless the user has set one.

    It gives access to the secrets in the state: back it up together with the state.
    """
    if any(name in user for name in _PASSPHRASE):
        return {}
    path = state_folder("passphrase")
    if not path.exists():
        _refuse_to_generate(user)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_name(f".passphrase-{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            os.link(fresh, path)  # The first process wins; others use its file.
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return {"PULUMI_CONFIG_PASSPHRASE_FILE": str(path)}
