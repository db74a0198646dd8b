"""``python -m slurm_files``: for use without the installed command."""

import sys

from .commands import main

sys.exit(main())
