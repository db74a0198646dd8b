"""Reads the cluster's configuration inside a running Pulumi program."""

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from slurm_appliance.config import NAMESPACE, ClusterConfig, from_mapping
from slurm_appliance.config.load import own_settings
from slurm_appliance.errors import ConfigError, Problem
from slurm_appliance.site_repository.current import STACKS
from slurm_appliance.site_repository.entries import own_entries


def read_settings() -> ClusterConfig:
    """The configuration of the stack that the program runs for.

    Reads every key of the project's namespace instead of only the known ones, to detect misspelled keys.

    Raises:
        ConfigError: lists every mistake.
    """
    keys = {**get_config_env(), **CONFIG.get()}
    problems: list[Problem] = []
    settings = own_settings(keys, problems)
    secret = frozenset(name for name in settings if is_config_secret(f"{NAMESPACE}:{name}"))
    stack = pulumi.get_stack()
    own = own_entries(STACKS, stack)
    return from_mapping(settings, f"stack {stack}", environment=stack, secret=secret, problems=problems, own=own)


def settings_or_end() -> ClusterConfig:
    """The configuration; if it has mistakes, the program ends with their list instead of a traceback.

    Raises:
        pulumi.RunError: lists every mistake.
    """
    try:
        return read_settings()
    except ConfigError as error:
        raise pulumi.RunError(str(error)) from error
