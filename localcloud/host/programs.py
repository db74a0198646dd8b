"""Where programs of the machine are found."""

import os
import shutil

from localcloud.errors import MachineError

#: The search path for programs; services get the same path.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def program(name: str) -> str:
    """The path of a program from one of the packages.

    Raises:
        MachineError: it is missing.
    """
    found = shutil.which(name, path=SEARCH_PATH)
    if not found:
        raise MachineError(f"the program {name} is missing", remedy="on Debian, `cloud up` installs it")
    return found
