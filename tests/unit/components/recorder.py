"""Runs components against a monitor that records what is registered, the options included.

Pulumi's own mocks hand a test the inputs only; ``ignoreChanges``, ``protect`` and the like are in the request.
"""

import asyncio
import base64
import json
import uuid
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pulumi.runtime import mocks, rpc
from pulumi.runtime.stack import run_pulumi_func

PROJECT = "slurm-appliance"
#: What the stack made to sign bundles with.
SIGNING_KEY = base64.b64encode(b"k" * 32).decode()
#: What a command reads in the consoles.
HOST_KEYS = json.dumps({"keys": [{"known_as": "10.0.0.2", "identity": "server image", "keys": ["ssh-ed25519 A"]}]})
_ANSWERS = {"bundle_signing_key": SIGNING_KEY, "host-keys": HOST_KEYS}


@dataclass(frozen=True)
class Record:
    """One registered resource; options are as the engine gets them."""

    type: str
    name: str
    urn: str
    parent: str
    inputs: dict[str, Any]
    ignore_changes: list[str]
    delete_before_replace: bool
    protect: bool
    retain_on_delete: bool
    deleted_with: str
    timeouts: tuple[str, str, str]
    dependencies: frozenset[str]
    secret_inputs: frozenset[str]
    secret_outputs: list[str]
    aliases: int
    replace_on_changes: list[str]


class Recorder(mocks.MockMonitor):
    """Answers as a cloud would, and remembers every registration."""

    def __init__(self, stack: str) -> None:
        super().__init__(_Cloud())
        self.records: list[Record] = []
        self._stack = stack

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """As the engine makes them: with the types of all parents but the stack's."""
        above = parent.split("::")[2] if parent else ""
        chain = f"{above}${type_}" if above and above != "pulumi:pulumi:Stack" else type_
        return f"urn:pulumi:{self._stack}::{PROJECT}::{chain}::{name}"

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name of the call
        timeouts = request.customTimeouts
        with _event_loop():  # The mocks make one for each thread that they are called on, and leave it open.
            answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # Released so.
        inputs = rpc.deserialize_properties(request.object)
        self.records.append(
            Record(
                type=request.type,
                name=request.name,
                urn=answer.urn,
                parent=request.parent,
                inputs=_without_marks(inputs),
                ignore_changes=list(request.ignoreChanges),
                delete_before_replace=request.deleteBeforeReplace,
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                deleted_with=request.deletedWith,
                timeouts=(timeouts.create, timeouts.update, timeouts.delete),
                dependencies=frozenset(request.dependencies),
                secret_inputs=frozenset(name for name, value in inputs.items() if value != _without_marks(value)),
                secret_outputs=list(request.additionalSecretOutputs),
                aliases=len(request.aliases),
                replace_on_changes=list(request.replaceOnChanges),
            )
        )
        return answer


class _Cloud(mocks.Mocks):
    """Gives every resource an id and ports an address."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ == "openstack:networking/port:Port":
            given = (outputs.get("fixedIps") or [{}])[0].get("ipAddress")
            # The same port gets the same address in every run.
            # Neutron adds an address of IPv6 by itself where a subnet of the network has autoconfiguration.
            more = ["2001:db8::f816:3eff:fe00:1"] if args.inputs["networkId"] == "network-cluster" else []
            outputs["allFixedIps"] = [*more, given or f"10.0.0.{100 + zlib.crc32(args.name.encode()) % 100}"]
        if args.typ.endswith(":Share"):
            first, second = (
                {"path": "192.0.2.12:/s", "preferred": "false"},
                {"path": "192.0.2.11:/s", "preferred": "true"},
            )
            outputs["exportLocations"] = [first, second]
        if args.typ.endswith(":ShareAccess"):
            outputs["accessKey"] = f"key of {args.inputs['accessTo']}" if args.inputs["accessType"] == "cephx" else ""
        if args.typ.endswith(":ApplicationCredential"):
            outputs["secret"] = f"secret of {args.name}"
        if args.typ == "command:local:Command":
            built = args.inputs["create"].endswith("slurm_appliance.image_build")
            answer = json.dumps({"image_id": id_of(args.name)}) if built else f"output of {args.name}"
            outputs |= {"stdout": _ANSWERS.get(args.name, answer), "stderr": ""}
        return id_of(args.name) if args.typ.endswith(":Instance") else f"id-of-{args.name}", outputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"nothing is to be looked up while the program runs: {args.token}")


def id_of(name: str) -> str:
    """The id of the server of a name, or of the image that a command of that name made."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, name))


def _without_marks(value: Any) -> Any:
    """Inputs with secrets in the clear: tests look at what is in them."""
    if isinstance(value, dict):
        if rpc._special_sig_key in value:
            return _without_marks(value["value"])
        return {key: _without_marks(each) for key, each in value.items()}
    return [_without_marks(each) for each in value] if isinstance(value, list) else value


@contextmanager
def _event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield loop
    finally:
        asyncio.set_event_loop(None)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@dataclass(frozen=True)
class Recorded:
    """All registrations of one run, in order."""

    records: list[Record]

    def of(self, type_: str) -> dict[str, Record]:
        """Those of a type by name: ``compute/instance:Instance``, ``Cluster``."""
        return {record.name: record for record in self.records if record.type.endswith(f":{type_}")}


def record(program: Callable[[], Any], *, preview: bool = False, stack: str = "test") -> Recorded:
    """What a program registers."""
    monitor = Recorder(stack)
    with _event_loop() as loop:
        mocks.set_mocks(_Cloud(), project=PROJECT, stack=stack, preview=preview, monitor=monitor)

        async def run() -> None:
            await run_pulumi_func(lambda: _nothing(program()))

        loop.run_until_complete(run())
    return Recorded([each for each in monitor.records if each.type != "pulumi:pulumi:Stack"])


def _nothing(_result: Any) -> None:
    """Whatever a program returns, there is nothing to wait for: the runtime waits for all registrations."""
