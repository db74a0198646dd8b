"""The certificates of ``cacerts``: given as PEM text, or in files on the deploy host."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from slurm_appliance.config.system import SystemConfig
from slurm_appliance.errors import ConfigError, Problem
from slurm_appliance.site_repository.current import BASE

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_REMEDY = "give certificates in PEM form: -----BEGIN CERTIFICATE-----"


def is_text(entry: str) -> bool:
    """Whether an entry is PEM text and not a path."""
    return "-----BEGIN" in entry


def certificates(config: SystemConfig) -> tuple[str, ...]:
    """All certificates, each as PEM text, in the order of the setting and each once.

    Raises:
        ConfigError: a file cannot be read, or has something else in it.
    """
    problems: list[Problem] = []
    found: dict[str, None] = {}
    for number, entry in enumerate(config.cacerts):
        path = f"cacerts[{number}]"
        try:
            text = entry if is_text(entry) else (BASE / Path(entry).expanduser()).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, RuntimeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            what = f"{entry} cannot be read: {reason}"
            remedy = "set the path of a file, absolute or from the folder above the stack files"
            problems.append(Problem(path, what, remedy))
            continue
        read, wrong = certificates_in(path, text)
        found |= dict.fromkeys(read)
        problems += wrong
    if problems:
        raise ConfigError(problems, "cacerts")
    return tuple(found)


def certificates_in(path: str, text: str) -> tuple[list[str], list[Problem]]:
    """The certificates in a text, each in the form that all texts of it have, and what is wrong with it."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    found, problems = [], []
    for number, block in enumerate(_BLOCK.finditer(text), 1):
        if block[1] != "CERTIFICATE":
            problems.append(Problem(path, f"has a {block[1]} in it", f"remove it; {_REMEDY}"))
            continue
        try:
            certificate = x509.load_pem_x509_certificate(block[0].encode())
        except ValueError:
            problems.append(Problem(path, f"part {number} of it is not a certificate", _REMEDY))
        else:
            found.append(certificate.public_bytes(Encoding.PEM).decode())
    if not found and not problems:
        problems.append(Problem(path, "has no certificate in it", _REMEDY))
    return found, problems


def ended(certificates_: Iterable[str], now: datetime) -> Iterator[Problem]:
    """Those that are not valid any more, which programs refuse."""
    from cryptography import x509

    for text in certificates_:
        certificate = x509.load_pem_x509_certificate(text.encode())
        if certificate.not_valid_after_utc < now:
            name = certificate.subject.rfc4514_string()
            what = f"the certificate of {name} ended on {certificate.not_valid_after_utc:%Y-%m-%d}"
            yield Problem("cacerts", what, "replace it")
