"""Runs the package beside this file: a folder or a zip archive with both is a program for ``python3 -I``."""

import sys

from filesystems.__main__ import run

sys.exit(run())
