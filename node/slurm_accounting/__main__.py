"""``python3 -m slurm_accounting define|withdraw STATE_FOLDER``.

JSON on standard input (see request.py). On standard output: ``{"changes": [COMMAND, ...]}``, and of ``withdraw``
``"waiting": [ASSOCIATION, ...]``, too: what Slurm keeps because of jobs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .apply import AccountingError, define, withdraw
from .request import AccountingRequest

_STEPS = ("define", "withdraw")


def main(arguments: list[str]) -> int:
    """Run the step in the first argument."""
    if len(arguments) != 2 or arguments[0] not in _STEPS:
        print("usage: slurm_accounting define|withdraw STATE_FOLDER", file=sys.stderr)
        return 2
    document = json.load(sys.stdin)
    if "users_file" in document:
        document["users"] = {**json.loads(Path(document["users_file"]).read_text()), **document["users"]}
    request = AccountingRequest.of(document)
    state = Path(arguments[1])
    if arguments[0] == "define":
        answer = {"changes": define(request, state)}
    else:
        withdrawal = withdraw(request, state)
        answer = {"changes": withdrawal.commands, "waiting": withdrawal.waiting}
    print(json.dumps(answer))
    return 0


def run() -> int:
    """Run the program; an error is printed on standard error and gives exit status 1."""
    try:
        return main(sys.argv[1:])
    except (OSError, KeyError, TypeError, ValueError, AccountingError) as error:
        print(f"slurm_accounting: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run())
