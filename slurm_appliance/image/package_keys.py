"""Public keys that sign the usual repositories of Enterprise Linux: a stack file names them without a path."""

from pathlib import Path

#: The keys, and what is known of each.
FOLDER = Path(__file__).with_name("keys")
SOURCES = FOLDER / "sources.yml"


def key_file(setting: str, base: Path) -> Path:
    """The file of a key: a site's own goes before one of ours.

    Args:
        setting: an absolute path, one from the home folder or from ``base``, or the name of a key that comes with the
            product.
        base: the folder above the stack files.
    """
    own = base / Path(setting).expanduser()
    ours = FOLDER / setting
    return ours if ours.parent == FOLDER and ours != SOURCES and ours.is_file() and not own.is_file() else own
