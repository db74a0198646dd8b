"""A stand-in for the engine's provider plugins, which creates nothing: it answers with what exists already.

The engine runs the program as in any other ``up``, and asks the stand-in to create each resource. What it records is
what a real ``up`` would have recorded: the same inputs, dependencies and options, but with the IDs of existing
resources. Nothing but ``Create`` does anything.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slurm_appliance.engine.steps import COMMAND

if TYPE_CHECKING:
    from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer

#: Environment variable: the program runs with a stand-in, and must not write anything on this machine.
VARIABLE = "SLURM_APPLIANCE_STAND_IN"
#: The packages of all resources in the program.
_PACKAGES = ("openstack", "command")
#: The key that marks special values in a state; secrets are among them.
SIGNATURE = "4dabf18193072939515e22adb298388d"
#: How the engine's protocol marks a secret value.
_SECRET = {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270"}
_AT_ONCE = 16


@dataclass(frozen=True)
class Creation:
    """A resource that the engine wants to create; its inputs are complete."""

    urn: str
    type: str
    inputs: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name in the URN."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True)
class StandInResource:
    """The answer: an ID, and outputs in addition to the inputs."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)


def stands_in(given: Mapping[str, str] | None = None) -> bool:
    """Whether the running program's resources are only recorded."""
    return bool((os.environ if given is None else given).get(VARIABLE))


@contextmanager
def standing_in(create: Callable[[Creation], StandInResource]) -> Iterator[dict[str, str]]:
    """Serve the stand-in; yields the engine's environment variables.

    Args:
        create: called for each resource, possibly from several threads.
    """
    import grpc
    from pulumi.runtime.proto.provider_pb2_grpc import add_ResourceProviderServicer_to_server

    server = grpc.server(ThreadPoolExecutor(_AT_ONCE), options=[("grpc.max_receive_message_length", -1)])
    add_ResourceProviderServicer_to_server(_servicer(create), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        attached = ",".join(f"{package}:{port}" for package in _PACKAGES)
        yield {"PULUMI_DEBUG_PROVIDERS": attached, VARIABLE: "1"}
    finally:
        server.stop(grace=None).wait()


def _servicer(create: Callable[[Creation], StandInResource]) -> "ResourceProviderServicer":
    from google.protobuf.empty_pb2 import Empty
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.struct_pb2 import Struct
    from pulumi.runtime.proto import plugin_pb2, provider_pb2
    from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderServicer

    class Servicer(ResourceProviderServicer):
        """The few calls of an ``up`` from nothing; the base class refuses all others."""

        def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802 - the protocol's names
            return plugin_pb2.PluginInfo(version="0.0.0")

        def Attach(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return Empty()

        def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return Empty()

        def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return provider_pb2.CheckResponse(inputs=request.news)

        def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

        def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return provider_pb2.ConfigureResponse(supportsPreview=True)

        def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return provider_pb2.CheckResponse(inputs=request.news)

        def Diff(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            return provider_pb2.DiffResponse(changes=provider_pb2.DiffResponse.DIFF_NONE)

        def Create(self, request: Any, context: Any) -> Any:  # noqa: ARG002, N802
            type_ = request.urn.split("::")[2].rpartition("$")[2]
            found = create(Creation(request.urn, type_, MessageToDict(request.properties)))
            outputs = Struct()
            outputs.CopyFrom(request.properties)
            # OpenStack's plugin has the ID among the outputs; the commands' plugin refuses what it does not know.
            known = {} if type_ == COMMAND else {"id": found.id}
            outputs.update({**known, **found.outputs})
            outputs.update({name: {**_SECRET, "value": value} for name, value in found.secrets.items()})
            return provider_pb2.CreateResponse(id=found.id, properties=outputs)

    return Servicer()
