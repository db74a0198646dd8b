"""The key pair of all servers: an existing one, or created from a public key."""

from pathlib import Path

import pulumi
from pulumi_openstack import compute

from components import options
from slurm_appliance.config import ClusterConfig
from slurm_appliance.errors import ConfigError, Problem
from slurm_appliance.nodes import cloud_names


def public_key(config: ClusterConfig, folder: Path) -> str | None:
    """The public key to create a key pair from; None to use an existing key pair.

    Args:
        config: the configuration.
        folder: base folder of a relative ``public_key_file``.

    Raises:
        ConfigError: the file cannot be read.
    """
    wanted = config.key_pair
    if wanted.public_key_file is None:
        return wanted.public_key
    path = folder / Path(wanted.public_key_file).expanduser()
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        remedy = "create a key with ssh-keygen, or set another file"
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError([Problem("key_pair.public_key_file", f"{path} cannot be read: {reason}", remedy)]) from error


def key_pair_name(config: ClusterConfig, key: str | None, parent: pulumi.Resource) -> pulumi.Input[str]:
    """The name of the key pair, which is created if there is a key for it."""
    name = cloud_names.key_pair(config)
    if key is None:
        return name
    return compute.Keypair(name, name=name, public_key=key, opts=options.child_options(parent)).name
