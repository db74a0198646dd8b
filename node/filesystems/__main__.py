"""``python3 -m filesystems``: JSON on standard input (see request.py) and output.

The output has ``changes``, ``problems`` and ``notes``: a line each.
"""

from __future__ import annotations

import json
import sys

from .apply import apply
from .errors import FilesystemsError
from .request import FilesystemsRequest


def run() -> int:
    """Run the program; an error is printed on standard error and gives exit status 1."""
    try:
        outcome = apply(FilesystemsRequest.of(json.load(sys.stdin)))
    except (OSError, KeyError, TypeError, ValueError, FilesystemsError) as error:
        print(f"filesystems: {error}", file=sys.stderr)
        return 1
    print(json.dumps(vars(outcome)))
    return 0


if __name__ == "__main__":
    sys.exit(run())
