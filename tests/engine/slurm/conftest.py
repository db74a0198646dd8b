"""Slurm's daemons are installed; none of them runs."""

import shutil

import pytest

from toolchain.apt import install

#: The mysql plugin is a package of its own: without it slurmdbd does not get as far as its database.
PACKAGES = ("slurmctld", "slurmdbd", "slurm-client", "slurm-wlm-mysql-plugin", "munge")


@pytest.fixture(scope="session", autouse=True)
def slurm_daemons() -> None:
    if not all(map(shutil.which, ("slurmctld", "slurmdbd", "munged"))):
        install(PACKAGES)
