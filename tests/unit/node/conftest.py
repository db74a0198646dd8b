"""Brings the fixtures of these tests together, and leaves out what a node's older Python cannot run.

The programs run with each distribution's Python, from 3.9 on; the deploy host's code, which some of these tests use to
write what the programs read, needs 3.11.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

OF_THE_DEPLOY_HOST = re.compile(r"^from (slurm_appliance|tests\.unit\.node\.compute_node)\b", re.MULTILINE)

if sys.version_info >= (3, 11):
    from tests.unit.node.compute_node import folder, settings

    __all__ = ["folder", "settings"]
else:
    here = Path(__file__).parent
    collect_ignore = [
        str(path) for path in here.rglob("test_*.py") if OF_THE_DEPLOY_HOST.search(path.read_text(encoding="utf-8"))
    ]
