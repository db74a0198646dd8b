"""A directory: its settings go together, and its users can run jobs."""

from collections.abc import Iterator

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.identity import IdentityConfig
from slurm_appliance.errors import Problem

#: Options of sssd.conf that settings stand for, and those that would hold a secret in the open.
_SETTINGS = {
    "id_provider": "type", "ldap_uri": "uris", "ldap_search_base": "base", "ldap_user_search_base": "user_base",
    "ldap_group_search_base": "group_base", "ldap_schema": "ldap_schema", "ldap_default_bind_dn": "bind_dn",
    "ldap_default_authtok": "bind_password", "ldap_id_use_start_tls": "start_tls", "access_provider": "access_groups",
    "simple_allow_groups": "access_groups", "ldap_access_filter": "access_filter", "ldap_access_order": "access_filter",
    "override_homedir": "home_directory", "default_shell": "shell", "ldap_user_ssh_public_key": "ssh_keys",
    "ldap_tls_cacert": "cacerts", "ldap_tls_reqcert": "cacerts",
}  # fmt: skip


def bind(config: ClusterConfig) -> Iterator[Problem]:
    """Who asks has a password, and a password is somebody's."""
    identity = config.identity
    if identity is None:
        return
    if identity.bind_dn is not None and identity.bind_password is None:
        what = "not set, but identity.bind_dn is"
        yield Problem("identity.bind_password", what, "pulumi config set --secret --path identity.bind_password")
    if identity.bind_password is not None and identity.bind_dn is None:
        yield Problem("identity.bind_dn", "not set, but identity.bind_password is", "set both or none")
    plain = [index for index, uri in enumerate(identity.uris) if uri.startswith("ldap://")]
    if plain and not identity.start_tls and identity.bind_dn is not None:
        what = f"{identity.uris[plain[0]]} would get the password of {identity.bind_dn} in the open"
        yield Problem("identity.start_tls", what, "set it to true, or use ldaps://")


def servers(config: ClusterConfig) -> Iterator[Problem]:
    """There is a server, and each is named once."""
    if config.identity is None:
        return
    uris = config.identity.uris
    if not uris:
        yield Problem("identity.uris", "names no server", 'name at least one: ["ldaps://ldap.example.org"]')
    for index, uri in enumerate(uris):
        if uri in uris[:index]:
            yield Problem(f"identity.uris[{index}]", f"{uri} is in the list twice", "keep one of them")


def access(config: ClusterConfig) -> Iterator[Problem]:
    """Who may use the cluster is said in one way, and Slurm lets them."""
    identity = config.identity
    if identity is None:
        return
    if identity.access_groups and identity.access_filter is not None:
        yield Problem("identity.access_filter", "identity.access_groups is set as well", "keep one of the two")
    for index, group in enumerate(identity.access_groups):
        if group in identity.access_groups[:index]:
            yield Problem(f"identity.access_groups[{index}]", f"{group} is in the list twice", "keep one of them")
    yield from _account(config, identity)


def _account(config: ClusterConfig, identity: IdentityConfig) -> Iterator[Problem]:
    if not config.slurm.accounting or not config.slurm.accounting_enforce:
        return
    if not identity.access_groups:
        what = "without access_groups no user of the directory has an association, and Slurm refuses their jobs"
        yield Problem("identity", what, "set identity.access_groups, or slurm.accounting_enforce: []")
    if identity.slurm_account not in {"root", "users", *config.slurm.accounts}:
        what = f"there is no account {identity.slurm_account}"
        yield Problem("identity.slurm_account", what, "add it to slurm.accounts")


def options(config: ClusterConfig) -> Iterator[Problem]:
    """Options say nothing that has a setting."""
    for name in config.identity.options if config.identity is not None else ():
        if name in _SETTINGS:
            setting = _SETTINGS[name]
            path = setting if setting == "cacerts" else f"identity.{setting}"
            yield Problem(f"identity.options.{name}", f"is what {path} stands for", f"set {path}")


CHECKS = (bind, servers, access, options)
