"""An optional policy pack for Pulumi: docs/policies.md."""

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from rules import publishes_image, unprotected_data


def _images(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if publishes_image(args.resource_type, args.props.get("stdin")):
        report(f"build {args.name} makes an image that every project sees: set its visibility to private or shared")


def _data(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if unprotected_data(args.resource_type, args.urn, protected=bool(args.opts.protect)):
        kind = args.resource_type.rpartition(":")[2].lower()
        report(f"{kind} {args.name} is not protected: pulumi destroy would delete it")


def _environment(_args: StackValidationArgs, report: ReportViolation) -> None:
    if not pulumi.Config("slurm-appliance").get_bool("protected"):
        report("nodes could be replaced, rebuilt or deleted without approval: set protected: true in the stack file")


PolicyPack(
    name="slurm-appliance",
    enforcement_level=EnforcementLevel.MANDATORY,
    policies=[
        ResourceValidationPolicy(
            name="no-public-image",
            description="Image builds make no public image.",
            validate=_images,
        ),
        ResourceValidationPolicy(
            name="protected-state-volumes",
            description="The state and home volumes and the shares are protected.",
            validate=_data,
        ),
        StackValidationPolicy(
            name="protected-environment",
            description="Nobody replaces, rebuilds or deletes nodes without approval.",
            validate=_environment,
        ),
    ],
)
