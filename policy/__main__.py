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
from rules import publishes_image, unprotected_volume


def _images(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if publishes_image(args.resource_type, args.props.get("stdin")):
        report(f"build {args.name} makes an image that every project sees: set its visibility to private or shared")


def _volumes(args: ResourceValidationArgs, report: ReportViolation) -> None:
    if unprotected_volume(args.resource_type, args.urn, protected=bool(args.opts.protect)):
        report(f"volume {args.name} is not protected: pulumi destroy would delete it")


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
            description="The state and home volumes are protected.",
            validate=_volumes,
        ),
        StackValidationPolicy(
            name="protected-environment",
            description="Nobody replaces, rebuilds or deletes nodes without approval.",
            validate=_environment,
        ),
    ],
)
