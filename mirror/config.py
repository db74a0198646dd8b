"""The list of repositories to mirror: a YAML file, checked completely before anything is synced."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mirror.errors import MirrorConfigError

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")
_PATH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+/-]*")


def _url(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/@]+(?:/\S*)?", text):
        raise ValueError("must be an http or https URL without credentials")
    return text if text.endswith("/") else f"{text}/"


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError("must be one word of letters, digits and ._+/-")
    return text


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise ValueError("must be a path of letters, digits and ._- that neither starts nor ends with a slash")
    return text


def _some(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        raise ValueError("is empty")
    return words


Url = Annotated[str, AfterValidator(_url)]
Word = Annotated[str, AfterValidator(_word)]
RelativePath = Annotated[str, AfterValidator(_path)]


class Upstream(BaseModel):
    """Settings of all kinds of repositories.

    Attributes:
        url: the repository's root.
        path: path of its snapshots; default: the repository's name.
        gpg_key: a file with the public key, armored or not, that signs the metadata.
        policy: whether packages are downloaded during a sync or on first use. Only the former makes a snapshot
            independent of the upstream.
        username: user name at the upstream; password_file: a file with the password.
        ca_file: additional certificates to trust.
        proxy: an HTTP proxy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: Url
    path: RelativePath = ""
    gpg_key: Path | None = None
    policy: Literal["immediate", "on_demand"] = "immediate"
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    proxy: Url | None = None


class DebUpstream(Upstream):
    """An apt repository.

    Attributes:
        suites: as in a sources list: ``bookworm``, ``bookworm-updates``.
        components: default: all.
        architectures: default: all.
        sources: whether to include source packages.
    """

    type: Literal["deb"]
    suites: Annotated[tuple[Word, ...], AfterValidator(_some)]
    components: tuple[Word, ...] = ()
    architectures: tuple[Word, ...] = ()
    sources: bool = False


class RpmUpstream(Upstream):
    """An rpm repository.

    Attributes:
        repo_gpgcheck: whether its metadata must be signed by ``gpg_key``, like dnf's option of that name.
    """

    type: Literal["rpm"]
    repo_gpgcheck: bool = False


AnyUpstream = Annotated[DebUpstream | RpmUpstream, Field(discriminator="type")]
_ADAPTER: TypeAdapter[DebUpstream | RpmUpstream] = TypeAdapter(AnyUpstream)
_MODELS: Mapping[str, type[Upstream]] = {"deb": DebUpstream, "rpm": RpmUpstream}


@dataclass(frozen=True)
class Repository:
    """One repository of the list.

    Attributes:
        name: its name here and in Pulp.
        upstream: its settings, with full paths of files.
    """

    name: str
    upstream: DebUpstream | RpmUpstream

    @property
    def path(self) -> str:
        """The path of its snapshots below the content URL."""
        return self.upstream.path or self.name


def load(file: Path) -> tuple[Repository, ...]:
    """The repositories of a file.

    Raises:
        MirrorConfigError: the file cannot be read or has mistakes; lists all of them.
    """
    try:
        content = yaml.safe_load(file.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise MirrorConfigError([f"cannot be read: {error}"], str(file)) from error
    return parse(content, file)


def parse(content: object, file: Path) -> tuple[Repository, ...]:
    """The repositories of a file's content; paths in it are relative to the file's folder.

    Raises:
        MirrorConfigError: there are mistakes; lists all of them.
    """
    listed = content.get("repositories") if isinstance(content, dict) else None
    if not isinstance(content, dict) or not isinstance(listed, dict) or not listed:
        raise MirrorConfigError(["repositories: must be a mapping of names to repositories"], str(file))
    problems = [f"{key}: unknown key; allowed: repositories" for key in content if key != "repositories"]
    found = []
    for name, settings in listed.items():
        where = f"repositories.{name}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            problems.append(f"{where}: the name must consist of lower-case letters, digits, '.' and '-'")
            continue
        try:
            repository = Repository(name, _with_full_paths(_ADAPTER.validate_python(settings), file.parent))
        except ValidationError as error:
            problems += [_explain(where, mistake) for mistake in error.errors()]
            continue
        found.append(repository)
        problems += [f"{where}.{problem}" for problem in _cross_check(repository.upstream)]
    problems += _path_problems(found)
    if problems:
        raise MirrorConfigError(problems, str(file))
    return tuple(found)


def _with_full_paths(upstream: DebUpstream | RpmUpstream, folder: Path) -> DebUpstream | RpmUpstream:
    given = {name: getattr(upstream, name) for name in ("gpg_key", "password_file", "ca_file")}
    return upstream.model_copy(update={name: folder / path.expanduser() for name, path in given.items() if path})


def _cross_check(upstream: DebUpstream | RpmUpstream) -> Iterable[str]:
    if (upstream.username is None) != (upstream.password_file is None):
        yield "username: requires password_file, and the reverse; set both or none"
    if isinstance(upstream, RpmUpstream) and upstream.repo_gpgcheck and upstream.gpg_key is None:
        yield "repo_gpgcheck: requires gpg_key"
    for name in ("gpg_key", "password_file", "ca_file"):
        path = getattr(upstream, name)
        if path is not None and not path.is_file():
            yield f"{name}: file {path} does not exist"


def _path_problems(repositories: Iterable[Repository]) -> Iterable[str]:
    taken: dict[str, str] = {}
    for repository in repositories:
        if repository.path in taken:
            other = taken[repository.path]
            yield f"repositories.{repository.name}.path: '{repository.path}' is also used by repositories.{other}"
        taken[repository.path] = repository.name


def _explain(where: str, mistake: Any) -> str:
    """One of pydantic's errors as a sentence that starts with the path in the file."""
    kind, *inner = [str(part) for part in mistake["loc"]] or [""]
    path = ".".join([where, *inner])
    allowed = list(_MODELS[kind].model_fields) if kind in _MODELS else []
    if mistake["type"] == "extra_forbidden":
        close = difflib.get_close_matches(inner[-1], allowed, n=1)
        return f"{path}: unknown key; " + (f"did you mean '{close[0]}'?" if close else f"allowed: {', '.join(allowed)}")
    if mistake["type"] == "missing":
        return f"{path}: is missing"
    if mistake["type"] == "union_tag_not_found":
        return f"{where}.type: is missing; allowed: deb, rpm"
    if mistake["type"] == "union_tag_invalid":
        return f"{where}.type: '{mistake['ctx']['tag']}' is unknown; allowed: deb, rpm"
    said = mistake["msg"].removeprefix("Value error, ")
    shown = f"'{mistake['input']}' " if mistake["type"] == "value_error" and mistake["input"] else ""
    return f"{path}: {shown}{said}"
