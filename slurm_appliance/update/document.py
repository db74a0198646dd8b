"""An update's images as a document for programs, with a schema."""

from typing import Literal

from pydantic import Field

from slurm_appliance.deployment.document import ProgramDocument, schema_of
from slurm_appliance.image.diff import ImageDifference
from slurm_appliance.update.images import UpdatedImage
from slurm_appliance.update.run import ImageUpdate

#: Raised when a field changes its meaning or is removed. New fields do not raise it.
VERSION = 1


class ChangeDocument(ProgramDocument):
    """A package, or a fact of an image, that differs."""

    name: str
    before: str = Field(description="Empty: it was not there.")
    after: str = Field(description="Empty: it is no longer there.")


class UpdatedImageDocument(ProgramDocument):
    """One build's image, before and after."""

    build: str = Field(description="The entry of image_builds.")
    before: str = Field(description="The image's name; empty: it was never built.")
    after: str
    id: str = Field(description="Of the newer image.")
    facts: tuple[ChangeDocument, ...] = Field(description="Base, kernel, Slurm and so on, as far as they differ.")
    packages: tuple[ChangeDocument, ...] = Field(description="Packages that differ; none without an image before.")
    fixed: tuple[str, ...] = Field(description="Known security issues that the newer image does not have.")
    open: tuple[str, ...] = Field(description="Known security issues that it has.")


class UpdateDocument(ProgramDocument):
    """What `update` builds for a stack. Version 1."""

    version: Literal[1]
    stack: str
    snapshot: str
    builds: tuple[str, ...] = Field(description="The builds that take the snapshot.")
    needed: bool = Field(description="Whether any package differs; true for a dry run, which builds nothing.")
    images: tuple[UpdatedImageDocument, ...] = Field(description="Empty for a dry run.")

    def to_json(self) -> str:
        """The document as JSON."""
        return self.model_dump_json(indent=2) + "\n"


def update_document(update: ImageUpdate, stack: str) -> UpdateDocument:
    """The document of an update."""
    return UpdateDocument(
        version=VERSION,
        stack=stack,
        snapshot=update.snapshot,
        builds=update.builds,
        needed=update.needed,
        images=tuple(map(_image, update.images)),
    )


def _image(image: UpdatedImage) -> UpdatedImageDocument:
    return UpdatedImageDocument(
        build=image.build,
        before=image.before,
        after=image.after,
        id=image.image_id,
        facts=_changes(image.changes.facts if image.changes else ()),
        packages=_changes(image.changes.packages if image.changes else ()),
        fixed=image.fixed,
        open=image.open,
    )


def _changes(found: tuple[ImageDifference, ...]) -> tuple[ChangeDocument, ...]:
    return tuple(ChangeDocument(name=each.name, before=each.before, after=each.after) for each in found)


def update_schema() -> str:
    """The JSON Schema of the document."""
    return schema_of(UpdateDocument)
