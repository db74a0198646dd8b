"""A source of metadata for tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from node.ansible_init.metadata import Metadata, MetadataError, MetadataSource


@dataclass(frozen=True)
class Known(MetadataSource):
    """A source that knows its answer, or fails with it."""

    answer: Metadata | str = ""

    def read(self, log: Callable[[str], None]) -> Metadata:  # noqa: ARG002 - the signature is Source's
        if isinstance(self.answer, str):
            raise MetadataError(self.answer)
        return self.answer
