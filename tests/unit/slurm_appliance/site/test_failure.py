"""What is said when site.yml failed, from what the engine reports of its command."""

import json
from typing import Any

import pytest

from slurm_appliance.site.failure import PartialSiteError, SiteError, site_began, site_failure

URN = (
    "urn:pulumi:life::slurm-appliance::slurm-appliance:index:Cluster$slurm-appliance:index:Site$"
    "command:local:Command::site"
)


def reported(**changes: Any) -> str:
    """The command's message, as the engine has it."""
    summary = {
        "status": "partial",
        "changed": 92,
        "compute_nodes": 3,
        "compute_nodes_failed": 1,
        "failures": ["life-d-0: Report this node: cannot be reached by ssh"],
        "log": "/somewhere/site-1.log",
    }
    return (
        'exit status 3: running "exec \\"${VIRTUAL_ENV:-.venv}/bin/python\\" -m slurm_appliance.site_run":\n'
        "site.yml: the whole log is /somewhere/site-1.log\n"
        "[   0.6 s] bootstrap: Wait for boot\n"
        f"{json.dumps(summary | changes)}\n"
    )


def test_compute_nodes_that_failed_are_named_and_the_rest_left_out() -> None:
    error = site_failure([(URN, reported())])
    assert isinstance(error, PartialSiteError)
    assert error.exit_status == 4
    assert error.where == "/somewhere/site-1.log"
    assert "1 of its 3" in error.what
    assert error.evidence == "life-d-0: Report this node: cannot be reached by ssh"
    assert "up" in error.remedy.split()


def test_a_failure_of_anything_else_there_is_one() -> None:
    error = site_failure([(URN, reported(status="failed", failures=["life-control: Database: no space left"]))])
    assert type(error) is SiteError
    assert error.exit_status == 1
    assert error.evidence == "life-control: Database: no space left"


@pytest.mark.parametrize(
    "problems",
    [
        [],
        [(URN, reported()), ("urn:pulumi:life::x::openstack:compute/instance:Instance::life-c-0", "no valid host")],
        [(URN.replace("::site", "::host-keys"), reported())],
        [(URN, "exit status 1: running: Traceback (most recent call last):")],
        [(URN, 'exit status 1: running:\n{"other": 1}')],
        [(URN, "")],
    ],
)
def test_what_it_does_not_know_is_left_to_the_engine(problems: list[tuple[str, str]]) -> None:
    assert site_failure(problems) is None


def test_what_else_failed_does_not_hide_that_site_yml_began() -> None:
    """The environment's files are those of this run then: a signal is reported beside it."""
    assert site_began([("", "update cancelled"), (URN, "exit status 143")])
    assert not site_began([(URN.replace("::site", "::host-keys"), reported())])
    assert not site_began([])
