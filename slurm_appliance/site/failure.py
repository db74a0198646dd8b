"""Reports a failure of site.yml to the operator: nodes and tasks, instead of the engine's report about a command."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slurm_appliance.errors import ApplianceError, ExitStatus

#: The name of its resource, at the end of the URN.
_SITE = "slurm-appliance:index:Site$command:local:Command::site"


class SiteError(ApplianceError):
    """Raised when everything exists, but site.yml failed."""


class PartialSiteError(SiteError):
    """Raised when the cluster runs without some of its compute nodes."""

    exit_status = ExitStatus.PARTIAL


def site_began(problems: Sequence[tuple[str, str]]) -> bool:
    """Whether site.yml is among what failed: it is the last to run, so that the files it needs were written before.

    Args:
        problems: as for `site_failure`; after a signal, the engine reports others as well.
    """
    return any(urn.endswith(_SITE) for urn, _ in problems)


def site_failure(problems: Sequence[tuple[str, str]]) -> SiteError | None:
    """The failure in an operator's terms; None if anything else failed as well, or the run has no summary.

    Args:
        problems: the engine's report: each resource's URN and message. That of a command ends with its
            output, which ends with the summary of `site_run`.
    """
    if len(problems) != 1:
        return None
    ((urn, message),) = problems
    summary = _summary(message)
    if not urn.endswith(_SITE) or summary is None:
        return None
    return failure_of(summary)


def failure_of(summary: Mapping[str, Any]) -> SiteError:
    """The failure that the summary of a run tells."""
    evidence = "\n".join(map(str, summary["failures"]))
    again = "fix the reported cause and run up again: it continues with site.yml"
    if summary["status"] == "partial":
        return PartialSiteError(
            f"the cluster runs without {summary['compute_nodes_failed']} of its {summary['compute_nodes']} "
            "compute nodes; they were drained with the reason",
            where=str(summary["log"]),
            remedy=again,
            evidence=evidence,
        )
    return SiteError(
        f"site.yml {summary['status']}: the servers exist, but the cluster may not work",
        where=str(summary["log"]),
        remedy=again,
        evidence=evidence,
    )


def _summary(message: str) -> Mapping[str, Any] | None:
    last = message.rstrip().rpartition("\n")[2]
    try:
        document = json.loads(last)
    except ValueError:
        return None
    return document if isinstance(document, dict) and {"status", "failures", "log"} <= document.keys() else None
