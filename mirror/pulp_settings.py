"""Pulp's settings file, its secrets, and the environment of Pulp's processes."""

import base64
import re
import secrets
from pathlib import Path

from mirror.files import write_atomically
from mirror.machine import MirrorUser
from mirror.options import CONTENT_PATH, Options
from mirror.places import MirrorPlaces

#: Names of the role and the database; the role is the system user, so PostgreSQL needs no password.
DATABASE = "pulp"

#: Seconds that a task may continue after the mirror was told to stop; Pulp's default is 600.
STOP_GRACE = 5

_SECRET_KEY = re.compile(r'^SECRET_KEY = "([A-Za-z0-9_-]{43,})"$', re.MULTILINE)

_SETTINGS = """\
# Each 'mirror up' overwrites this file; changes made here are lost.
SECRET_KEY = "{secret_key}"
DB_ENCRYPTION_KEY = "{places.database_key}"
DATABASES = {{
    "default": {{
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "{database}",
        "HOST": "{places.sockets}",
        "CONN_MAX_AGE": 60,
    }}
}}
CONTENT_ORIGIN = "{options.origin}"
CONTENT_PATH_PREFIX = "{content_path}"
DEPLOY_ROOT = "{places.content}"
MEDIA_ROOT = "{places.content}/media"
STATIC_ROOT = "{places.content}/assets"
WORKING_DIRECTORY = "{places.work}"
FILE_UPLOAD_TEMP_DIR = "{places.work}"
TASK_GRACE_INTERVAL = {grace}
# A version that a superseded publication belongs to: each snapshot has a path of its own, so none is superseded.
DISTRIBUTED_PUBLICATION_RETENTION_PERIOD = 0
# Pulp would tell its makers about this installation.
ANALYTICS = False
"""


def write_settings(places: MirrorPlaces, options: Options, account: MirrorUser) -> None:
    """Write the settings and, the first time, the secrets; readable by root and the mirror's user."""
    if not places.database_key.exists():
        key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        write_atomically(places.database_key, key, mode=0o640, group=account.gid)
    text = _SETTINGS.format(
        secret_key=_secret_key(places.settings),
        places=places,
        options=options,
        content_path=CONTENT_PATH,
        database=DATABASE,
        grace=STOP_GRACE,
    )
    write_atomically(places.settings, text, mode=0o640, group=account.gid)


def _secret_key(settings: Path) -> str:
    """The signing secret of the existing settings, or a new one."""
    kept = _SECRET_KEY.search(settings.read_text()) if settings.exists() else None
    return kept[1] if kept else secrets.token_urlsafe(48)


def process_environment(places: MirrorPlaces) -> dict[str, str]:
    """The complete environment of Pulp's and PostgreSQL's processes, without any of the operator's variables."""
    return {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(places.work),
        "LANG": "C.UTF-8",
        "TMPDIR": str(places.work),
        "PULP_SETTINGS": str(places.settings),
        "PYTHONUNBUFFERED": "1",
        # Many arenas cost memory without benefit here.
        "MALLOC_ARENA_MAX": "2",
    }
