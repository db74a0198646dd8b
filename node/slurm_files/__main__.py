"""``python -m slurm_files``: for whoever has no installed entry."""

import sys

from .commands import main

sys.exit(main())
