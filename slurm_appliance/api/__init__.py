"""The public API: everything that the commands about a cluster do, for programs.

Only what is in ``__all__`` is public. It keeps its meaning within a major version; docs/api.md shows a whole program.
Errors are those of ``slurm_appliance.errors``: each says what happened, where, and what to do.
"""

from node.slurm_files.backups import SlurmBackup
from slurm_appliance.api.cluster import ManagedCluster, open_cluster
from slurm_appliance.deployment.adoption_document import AdoptionDocument, adoption_document
from slurm_appliance.deployment.adoption_plan import Adopted, Adoption, AdoptionError, AdoptionRow, InPlaceChange
from slurm_appliance.deployment.counterparts import Fate
from slurm_appliance.deployment.history import HistoryDocument, PastRun, history_document
from slurm_appliance.deployment.image_plan import ImageReference, NodeAction, NodeImage
from slurm_appliance.deployment.interrupt import CancelledError
from slurm_appliance.deployment.operations import Destruction, Done
from slurm_appliance.deployment.plan import DeploymentPlan
from slurm_appliance.deployment.plan_document import PlanDocument, StalePlanError, document_of, load_plan
from slurm_appliance.deployment.plan_markdown import markdown
from slurm_appliance.deployment.refusals import LostDataError, ProtectedEnvironmentError
from slurm_appliance.deployment.status import NodeState, Status
from slurm_appliance.engine.automation import EngineError
from slurm_appliance.errors import ApplianceError, ConfigError, ExitStatus, Problem, StateError, UsageError
from slurm_appliance.journal.errors import LockedError
from slurm_appliance.rollout.errors import RolloutError
from slurm_appliance.rollout.record import NodeRecord, Phase
from slurm_appliance.site.failure import SiteError
from slurm_appliance.slurm_backups.control import SlurmBackupError, SlurmBackups
from slurm_appliance.update.document import UpdateDocument, update_document
from slurm_appliance.update.images import UpdatedImage
from slurm_appliance.update.run import ImageUpdate

__all__ = [
    "Adopted",
    "Adoption",
    "AdoptionDocument",
    "AdoptionError",
    "AdoptionRow",
    "ApplianceError",
    "CancelledError",
    "ConfigError",
    "DeploymentPlan",
    "Destruction",
    "Done",
    "EngineError",
    "ExitStatus",
    "Fate",
    "HistoryDocument",
    "ImageReference",
    "ImageUpdate",
    "InPlaceChange",
    "LockedError",
    "LostDataError",
    "ManagedCluster",
    "NodeAction",
    "NodeImage",
    "NodeRecord",
    "NodeState",
    "PastRun",
    "Phase",
    "PlanDocument",
    "Problem",
    "ProtectedEnvironmentError",
    "RolloutError",
    "SiteError",
    "SlurmBackup",
    "SlurmBackupError",
    "SlurmBackups",
    "StalePlanError",
    "StateError",
    "Status",
    "UpdateDocument",
    "UpdatedImage",
    "UsageError",
    "adoption_document",
    "document_of",
    "history_document",
    "load_plan",
    "markdown",
    "open_cluster",
    "update_document",
]
