"""``python3 -m accounts deploy-user|users|directory``: JSON on standard input (see request.py) and output.

The request has ``users``, or ``users_file``: where they lie. The output has ``changes`` and ``problems``, a line each,
``shared``: names of the users whose home directories lie on the shared folder, and ``sudo``: of those who may use sudo.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from . import directory
from .apply import AccountsError, apply_deploy_user, apply_users
from .request import AccountsRequest

#: Written by cloud-init at each boot; only root can write it.
_INSTANCE_DATA = Path("/run/cloud-init/instance-data.json")


def main(arguments: list[str]) -> int:
    """Run the command in the only argument."""
    if arguments not in (["deploy-user"], ["users"], ["directory"]):
        print("usage: accounts deploy-user|users|directory", file=sys.stderr)
        return 2
    document = json.load(sys.stdin)
    if arguments == ["directory"]:
        print(json.dumps({"changes": directory.apply(directory.DirectoryRequest.of(document))}))
        return 0
    if "users_file" in document:
        document["users"] = json.loads(Path(document["users_file"]).read_text())
    request = AccountsRequest.of(document)
    if arguments == ["deploy-user"]:
        outcome = apply_deploy_user(request, json.loads(_INSTANCE_DATA.read_text()))
    else:
        outcome = apply_users(request)
    print(json.dumps(vars(outcome)))
    return 0


def run() -> int:
    """Run the program; an error is printed on standard error and gives exit status 1."""
    try:
        return main(sys.argv[1:])
    except (OSError, KeyError, TypeError, ValueError, AccountsError, subprocess.SubprocessError) as error:
        print(f"accounts: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run())
