"""The mirror's start options: saved by ``up``, so that a later ``up`` without options starts the same mirror."""

import ipaddress
import json
import re
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from mirror.errors import MirrorMachineError, MirrorServiceError
from mirror.files import write_atomically
from mirror.places import MirrorPlaces

#: The path of snapshots below the address; Pulp's default.
CONTENT_PATH = "/pulp/content/"


@dataclass(frozen=True)
class Options:
    """The operator's options.

    Attributes:
        address: IP address on which snapshots are served; a loopback address unless other machines need them.
        port: TCP port on which snapshots are served.
        api_port: TCP port of Pulp's REST API, on 127.0.0.1 only.
        workers: how many tasks (a sync, a publish) run in parallel.
        tls_certificate: PEM file; with it and the key, snapshots are served over HTTPS.
        tls_key: PEM file.
        host_name: the host name in the snapshots' URLs instead of the address, to match a certificate.
    """

    address: str = "127.0.0.1"
    port: int = 24816
    api_port: int = 24817
    workers: int = 2
    tls_certificate: str = ""
    tls_key: str = ""
    host_name: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the snapshots' URLs."""
        scheme = "https" if self.tls_certificate else "http"
        host = self.host_name or (f"[{self.address}]" if ":" in self.address else self.address)
        return f"{scheme}://{host}:{self.port}"

    @property
    def content_url(self) -> str:
        """The URL of all snapshots, with a slash at its end."""
        return self.origin + CONTENT_PATH

    @property
    def api_url(self) -> str:
        """The root of the REST API, no slash at its end."""
        return f"http://127.0.0.1:{self.api_port}"

    def bind(self) -> str:
        """The content server's listen address in gunicorn's format."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    def check(self) -> None:
        """Raise `MirrorMachineError` for a combination that cannot work."""
        try:
            ipaddress.ip_address(self.address)
        except ValueError:
            raise MirrorMachineError(
                f"'{self.address}' is not an IP address", where="--address", remedy="use an address of this machine"
            ) from None
        if self.host_name and not re.fullmatch(r"[A-Za-z0-9.-]+", self.host_name):
            raise MirrorMachineError(f"'{self.host_name}' is not a host name", where="--host-name")
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise MirrorMachineError(
                "a certificate and its key must be given together", where="--tls-certificate, --tls-key"
            )
        for file in filter(None, (self.tls_certificate, self.tls_key)):
            if not Path(file).is_file():
                raise MirrorMachineError("the file does not exist", where=file)
        if self.port == self.api_port:
            raise MirrorMachineError("snapshots and the API need different ports", where="--port, --api-port")

    def changed(self, **choices: Any) -> "Options":
        """These options with the operator's changes; ``None`` keeps a value."""
        return replace(self, **{name: value for name, value in choices.items() if value is not None})

    def save(self, places: MirrorPlaces) -> None:
        """Save the options for the next start."""
        write_atomically(places.options, json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, places: MirrorPlaces) -> "Options":
        """The options of the last start, or the defaults.

        Raises:
            ServiceError: the file is malformed.
        """
        if not places.options.exists():
            return cls()
        try:
            kept = json.loads(places.options.read_text())
            return cls(**{field.name: kept[field.name] for field in fields(cls) if field.name in kept})
        except (ValueError, TypeError) as error:
            raise MirrorServiceError(
                f"cannot be read: {error}", where=str(places.options), remedy="delete the file"
            ) from error
