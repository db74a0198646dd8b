"""Entries of ``compute_init_enable``: the appliance's, and those that roles of a site's own layer declare."""

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo, ValidatorFunctionWrapHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class ComputeInitRole(StrEnum):
    """What a compute node can set up by itself when it boots; compute is the switch, and Slurm itself."""

    COMPUTE = "compute"
    JOURNALD = "journald"
    RESOLV_CONF = "resolv_conf"
    ETC_HOSTS = "etc_hosts"
    CHRONY = "chrony"
    SSHD = "sshd"
    NFS = "nfs"
    BASIC_USERS = "basic_users"
    NHC = "nhc"


#: Names of a site's own entries: also keys of servers' metadata.
_OWN = re.compile(r"[a-z][a-z0-9_]{0,62}")
#: The key of a validation's context with the site's own entries; None there: any name is one.
CONTEXT = "own_entries"


def is_own_name(text: str) -> bool:
    """Whether a site can have an entry of this name."""
    return _OWN.fullmatch(text) is not None and text not in set(ComputeInitRole)


def own_entries_in(context: Any) -> tuple[str, ...]:
    """The site's own entries in the context of a validation, sorted; without those that are the appliance's."""
    return tuple(sorted(filter(is_own_name, (context or {}).get(CONTEXT) or ())))


class _OrOwn:
    """Takes entries of the site's own beside those of the appliance; they stay plain texts."""

    def check(self, value: Any, inner: ValidatorFunctionWrapHandler, info: ValidationInfo) -> str:
        known: Collection[str] | None = (info.context or {}).get(CONTEXT, ())
        if isinstance(value, str) and is_own_name(value):
            if known is None or value in known:
                return value
            raise PydanticCustomError("enum", "an unknown entry", {"more": own_entries_in(info.context)})
        checked: str = inner(value)
        return checked

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        shown = core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        return core_schema.with_info_wrap_validator_function(self.check, handler(source), serialization=shown)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "string", "pattern": f"^{_OWN.pattern}$"}]}


ComputeInitEntry = Annotated[ComputeInitRole, _OrOwn()]
