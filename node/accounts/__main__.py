"""``python3 -m accounts deploy-user|users``: JSON on standard input (see request.py) and output.

The output has ``changes`` and ``problems``, one entry per line, and ``shared``: names of the users whose home
directories are on the shared folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .apply import AccountsError, apply_deploy_user, apply_users
from .request import AccountsRequest

#: Written by cloud-init at each boot; only root can write it.
_INSTANCE_DATA = Path("/run/cloud-init/instance-data.json")


def main(arguments: list[str]) -> int:
    """Run the command in the only argument."""
    if arguments not in (["deploy-user"], ["users"]):
        print("usage: accounts deploy-user|users", file=sys.stderr)
        return 2
    request = AccountsRequest.of(json.load(sys.stdin))
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
    except (OSError, KeyError, TypeError, ValueError, AccountsError) as error:
        print(f"accounts: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run())
