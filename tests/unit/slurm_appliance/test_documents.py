"""What commands print for programs fits its schema, and the schemas are committed."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args

import jsonschema
import pytest
from typer.testing import CliRunner

from localcloud.errors import LocalCloudError
from slurm_appliance import cli
from slurm_appliance.commands.error_document import error_document
from slurm_appliance.deployment.adoption_document import FateWord, adoption_document
from slurm_appliance.deployment.adoption_plan import Adoption, AdoptionRow, InPlaceChange
from slurm_appliance.deployment.counterparts import Fate
from slurm_appliance.deployment.history import PastRun, history_document
from slurm_appliance.deployment.plan import DeploymentPlan
from slurm_appliance.engine.automation import EngineError
from slurm_appliance.errors import ApplianceError, ConfigError, ExitStatus, Problem
from slurm_appliance.image.diff import Difference, ImageDifference
from slurm_appliance.update.document import update_document
from slurm_appliance.update.images import UpdatedImage
from slurm_appliance.update.run import ImageUpdate
from toolchain.paths import REPOSITORY

SCHEMAS = REPOSITORY / "docs" / "schemas"


def adoption() -> str:
    rows = (
        AdoptionRow("Port", "demo-c-0-cluster", "an-id", Fate.ADOPT, (InPlaceChange("description", "none", "ours"),)),
        AdoptionRow("ApplicationCredential", "demo", "an-id", Fate.RENEW, why="its secret is lost"),
        AdoptionRow("ServerGroup", "demo", "", Fate.CREATE),
    )
    return adoption_document(Adoption(rows, DeploymentPlan((), (), ()), ("munge_key",)), "demo").to_json()


def update() -> str:
    changes = Difference((ImageDifference("kernel", "6.1", "6.12"),), (ImageDifference("hello", "", "1"),))
    images = (UpdatedImage("fat", "slurm-1", "slurm-2", "an-id", changes, ("CVE-2026-1",), ("CVE-2026-2",)),)
    return update_document(ImageUpdate("20261130T000000", ("fat",), images), "demo").to_json()


def history() -> str:
    start = datetime(2026, 11, 30, tzinfo=UTC)
    runs = (
        PastRun(start, start, "me@here", "update", "succeeded", {"create": 3}, "abc"),
        PastRun(None, None, "", "", ""),
    )
    return history_document(runs, "demo").to_json()


@pytest.mark.parametrize("made", [adoption, update, history])
def test_a_document_fits_its_schema(made: Callable[[], str]) -> None:
    form = {"adoption": "adopt"}.get(made.__name__, made.__name__)
    document: dict[str, Any] = json.loads(made())
    jsonschema.validate(document, json.loads((SCHEMAS / f"{form}-{document['version']}.json").read_text()))
    assert document["stack"] == "demo"


@pytest.mark.parametrize("command", ["preview", "up --yes", "status", "history", "adopt --dry-run", "update --dry-run"])
def test_who_asks_for_json_gets_it_when_it_fails_too(command: str) -> None:
    ended = CliRunner().invoke(cli.app, [*command.split(), "--stack", "there-is-none", "--output", "json"])
    assert ended.exit_code == ExitStatus.USAGE
    document = json.loads(ended.stdout)
    jsonschema.validate(document, json.loads((SCHEMAS / "error-1.json").read_text()))
    assert document["exit_status"] == ExitStatus.USAGE
    assert "there-is-none" in document["error"]["what"]
    text = CliRunner().invoke(cli.app, [*command.split(), "--stack", "there-is-none"])
    assert (text.exit_code, text.stdout) == (ExitStatus.USAGE, "")


@pytest.mark.parametrize(
    ("error", "paths"),
    [
        (ConfigError([Problem("compute", "is empty", "add a group")], "stack"), ["compute"]),
        (EngineError("failed", where="urn"), []),
        (LocalCloudError("not up"), []),
    ],
)
def test_an_error_names_its_causes(error: ApplianceError | LocalCloudError, paths: list[str]) -> None:
    document = error_document(error)
    assert [problem.path for problem in document.error.problems] == paths
    assert document.error.what in str(error)


@pytest.mark.parametrize("form", ["plan", "adopt", "update", "history", "error"])
def test_the_schemas_are_committed(form: str) -> None:
    printed = CliRunner().invoke(cli.app, ["schema", "--form", form]).stdout
    (newest,) = sorted(SCHEMAS.glob(f"{form}-*.json"))[-1:]
    assert newest.read_text() == printed, f"run: ./slurm-appliance schema --form {form} --output {newest}"


def test_a_resource_says_what_happens_to_it() -> None:
    document = json.loads(adoption())
    assert [each["action"] for each in document["resources"]] == ["adopt", "renew", "create"]
    assert document["resources"][0]["differs"] == [{"path": "description", "current": "none", "planned": "ours"}]
    assert (document["needed"], document["exit_status"]) == (True, ExitStatus.CHANGES)
    assert set(get_args(FateWord)) == {fate.name.lower() for fate in Fate}


@pytest.mark.parametrize(("changes", "needed"), [(None, True), (Difference((), ()), False)])
def test_an_update_without_another_package_is_not_needed(changes: Difference | None, needed: bool) -> None:
    built = ImageUpdate("now", ("fat",), (UpdatedImage("fat", "slurm-1", "slurm-2", "an-id", changes),))
    assert built.needed is needed
    assert ImageUpdate("now", ("fat",)).needed, "not known before the images are built"
