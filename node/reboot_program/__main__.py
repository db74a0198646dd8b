"""``python -m reboot_program NODES [FEATURES]``: the RebootProgram. Its service is ``reboot_program.service``."""

import sys

from .handover import main

sys.exit(main())
