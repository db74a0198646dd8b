"""One way to name an image, wherever one is asked for."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from slurm_appliance.config.kinds import Text, wrong
from slurm_appliance.config.policy import REBUILD
from slurm_appliance.config.section import SectionOrText
from slurm_appliance.config.values import CloudName, Key, Uuid


class ImageSource(SectionOrText):
    """One image: by id, by name, or by the build that makes it. A bare text is an id or a name."""

    id: Annotated[Uuid | None, REBUILD] = Field(
        None, description="Id of an image.", examples=["8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"]
    )
    name: Annotated[CloudName | None, REBUILD] = Field(
        None, description="Name of an image; exactly one active image must have it.", examples=["slurm-2026-11"]
    )
    build: Annotated[Key | None, REBUILD] = Field(
        None, description="A build of image_builds: its image is used, and built first where needed.", examples=["fat"]
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return {"id": value} if _UUID.fits(value) else {"name": value}

    @model_validator(mode="after")
    def _exactly_one(self) -> "ImageSource":
        if len([1 for source in (self.id, self.name, self.build) if source is not None]) != 1:
            raise wrong("does not name one image", "set exactly one of id, name and build")
        return self

    def __str__(self) -> str:
        return self.id or self.name or f"build {self.build}"


_UUID: Text = Uuid.__metadata__[0]  # type: ignore[attr-defined]  # Annotated types carry their metadata so.
