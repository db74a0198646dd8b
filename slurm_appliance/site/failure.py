"""What an operator is told when site.yml is what failed: nodes and tasks, not the engine's account of a command."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from slurm_appliance.errors import ApplianceError

#: How the resource that runs it is called, at the end of its URN.
_SITE = "slurm-appliance:index:Site$command:local:Command::site"


class SiteError(ApplianceError):
    """Raised when everything is there, and site.yml failed."""


class PartialSiteError(SiteError):
    """Raised when the cluster runs, and some of its compute nodes do not."""

    exit_status = 4


def site_failure(problems: Sequence[tuple[str, str]]) -> SiteError | None:
    """The failure in an operator's terms; None where anything else failed, too, or the run had no end of its own.

    Args:
        problems: what the engine reports: each resource's URN and message. That of a command ends with all that it
            printed, the summary of `site_run` last.
    """
    if len(problems) != 1:
        return None
    ((urn, message),) = problems
    summary = _summary(message)
    if not urn.endswith(_SITE) or summary is None:
        return None
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
