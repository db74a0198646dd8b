"""Values that must not be seen: never in an error, a listing or a repr; readable by the one who asks for it by name."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from slurm_appliance.config.kinds import Text, any_text, wrong

#: What is shown in place of a secret.
MASK = "********"


@dataclass(frozen=True)
class Encrypted:
    """A value as a stack file holds it: ``{secure: v1:…}``. Only Pulumi can read it, so here it is opaque."""

    ciphertext: str = field(repr=False)


@dataclass(frozen=True)
class Secret:
    """A secret value. Inside a running Pulumi program it is known; read from a stack file it is still encrypted."""

    _content: str | Encrypted = field(repr=False)

    @property
    def encrypted(self) -> bool:
        """Whether the value is known to Pulumi only."""
        return isinstance(self._content, Encrypted)

    def reveal(self) -> str:
        """The value itself.

        Raises:
            ValueError: it was read from a stack file, where it is encrypted.
        """
        if isinstance(self._content, Encrypted):
            raise ValueError("this secret is encrypted in the stack file; only a running Pulumi program can read it")
        return self._content

    def __str__(self) -> str:
        return MASK


@dataclass(frozen=True)
class SecretText:
    """The kind of a secret: what its text must look like, checked wherever the text is known."""

    name: str
    allowed: str
    accepts: Callable[[str], bool] = field(default=any_text, repr=False)

    def read(self, value: object) -> Secret:
        """Return the secret, or raise an error that does not show it."""
        if isinstance(value, Encrypted):
            return Secret(value)
        if not isinstance(value, str):
            raise wrong("is not text", "put it in quotes")
        kind = Text(self.name, self.allowed, r"[^\x00-\x1f\x7f]+", self.accepts, max_length=4096)
        return Secret(kind.check(value))

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        encrypted = core_schema.typed_dict_schema(
            {"secure": core_schema.typed_dict_field(core_schema.str_schema(), required=True)}, extra_behavior="forbid"
        )
        return core_schema.no_info_plain_validator_function(
            self.read,
            json_schema_input_schema=core_schema.union_schema([core_schema.str_schema(min_length=1), encrypted]),
            serialization=core_schema.to_string_ser_schema(),
        )
