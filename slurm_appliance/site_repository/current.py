"""The stack files that this process uses, decided when this module is imported."""

import os
from pathlib import Path

from slurm_appliance.site_repository.place import stacks_folder

#: The folder of stack files.
STACKS = stacks_folder(os.environ, Path.cwd())
#: The folder that relative paths in stack files start from.
BASE = STACKS.parent
