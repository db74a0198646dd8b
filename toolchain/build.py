"""Builds a piece from our Go modules, once per version of its sources."""

import functools
import hashlib
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from toolchain import go, pins
from toolchain.errors import ToolchainError
from toolchain.once import exclusively, fresh_folder
from toolchain.paths import REPOSITORY, cache_folder
from toolchain.pieces import Piece
from toolchain.progress import step

_SDK_VERSION = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


@dataclass(frozen=True)
class BuildRecipe:
    """How to build a piece.

    Attributes:
        module: the folder of its go.mod.
        package: the Go package to build.
        sources: our folders of its sources, below the module.
        linker: linker flags.
        companions: files to copy next to the binary, below the folder of the package's module.
    """

    module: Path
    package: str
    sources: tuple[str, ...] = ()
    linker: str = "-s -w"
    companions: tuple[str, ...] = ()


_TOOLCHAIN = REPOSITORY / "toolchain"

_RECIPES = {
    Piece.ENGINE: BuildRecipe(
        _TOOLCHAIN / "engine",
        "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        linker=f"-s -w -X {_SDK_VERSION}=v{pins.ENGINE}",
    ),
    Piece.LANGUAGE_HOST: BuildRecipe(
        _TOOLCHAIN / "language",
        "github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python",
        linker=f"-s -w -X {_SDK_VERSION}=v{pins.LANGUAGE_HOST}",
        # The host runs programs with this script, which it expects next to itself.
        companions=("python/cmd/pulumi-language-python-exec",),
    ),
    **{
        piece: BuildRecipe(_TOOLCHAIN / "plugins", f"./cmd/{piece.value}", sources=(f"cmd/{piece.value}",))
        for piece in Piece
        if piece.plugin
    },
}


def binary(piece: Piece) -> Path:
    """The path of the piece built from the current sources."""
    return _folder(piece) / piece.value


def _folder(piece: Piece) -> Path:
    return cache_folder("toolchain", f"{piece.value}-{digest(_RECIPES[piece])[:16]}")


@functools.cache
def digest(recipe: BuildRecipe) -> str:
    """A hash of everything that determines the result: module files, sources, flags, machine type."""
    flags = (recipe.package, recipe.linker, *recipe.companions, platform.system(), platform.machine())
    content = hashlib.sha256("\0".join(flags).encode())
    files = [recipe.module / "go.mod", recipe.module / "go.sum"]
    for folder in recipe.sources:
        files += sorted(path for path in (recipe.module / folder).rglob("*") if path.is_file())
    for path in files:
        content.update(f"\0{path.relative_to(recipe.module)}\0".encode())
        content.update(path.read_bytes())
    return content.hexdigest()


def build(piece: Piece, why: str) -> Path:
    """Build a piece unless it exists, and return the binary.

    Raises:
        ToolchainError: the build failed; its log is kept.
    """
    recipe, folder = _RECIPES[piece], _folder(piece)
    with exclusively(folder):
        if not (folder / piece.value).exists():
            with step(f"building {piece.value} {piece.pin}", why), fresh_folder(folder) as target:
                _compile(recipe, target / piece.value, folder.with_name(f"{folder.name}.log"))
                for companion in recipe.companions:
                    copy = Path(shutil.copy(_module_source(recipe) / companion, target))
                    copy.chmod(0o755)
    return folder / piece.value


def _compile(recipe: BuildRecipe, target: Path, log: Path) -> None:
    executable = go.go_executable()
    command = [str(executable), "build", "-ldflags", recipe.linker, "-o", str(target), recipe.package]
    with log.open("w") as output:
        done = subprocess.run(
            command, cwd=recipe.module, env=go.environment(executable), stdout=output, stderr=output, check=False
        )
    if done.returncode:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise ToolchainError(
            f"go build failed with exit status {done.returncode}; last lines of {log}:\n{end}",
            where=target.name,
            remedy="make a Go module proxy reachable (GOPROXY), or install the released pulumi and its plugins",
        )


def _module_source(recipe: BuildRecipe) -> Path:
    """The folder of a package's module in Go's module cache."""
    executable = go.go_executable()
    command = [str(executable), "list", "-f", "{{.Module.Dir}}", recipe.package]
    done = subprocess.run(
        command, cwd=recipe.module, env=go.environment(executable), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ToolchainError(f"go list failed: {done.stderr.strip()[-2000:]}", where=recipe.package)
    return Path(done.stdout.strip())
