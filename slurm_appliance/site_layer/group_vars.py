"""A layer's own group_vars: variables of its own and of roles, never those that the stack file decides."""

from collections.abc import Iterator

import yaml

from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.cluster_secrets import GivenSecrets
from slurm_appliance.site_layer.errors import SiteLayerError
from slurm_appliance.site_layer.tree import Layer, LayerFile

#: The start of a file that ansible-vault encrypted.
VAULT = b"$ANSIBLE_VAULT"
#: Variables of the inventory that have another name than their setting, or come from the cloud.
_MADE = frozenset(
    {
        "ansible_host",
        "ansible_port",
        "ansible_ssh_common_args",
        "ansible_user",
        "cluster_compute_groups",
        "cluster_home_volume",
        "cluster_subnets",
        "deploy_user",
        "filesystem_exports",
        "filesystem_homes",
        "filesystem_mounts",
        "filesystem_volumes",
        "identity_bind_password",
        "image_id",
        "instance_id",
        "networks",
        "node_fip",
        "node_fqdn",
        "node_group",
        "compute_init_enable",
        "ignore_image_changes",
        "reboot_cloud",
        "slurm_node_options",
        "slurm_partitions",
    }
)
#: Variables that a layer must not set: Ansible's precedence would prefer it to the stack file.
OWNED = frozenset(ClusterConfig.model_fields) | frozenset(GivenSecrets.model_fields) | _MADE


def check_group_vars(layer: Layer) -> None:
    """Check that a layer's group_vars set no variable that the inventory has from the stack.

    Raises:
        SiteLayerError: one does, or a file is not YAML.
    """
    for file in layer.files:
        if file.within("group_vars"):
            for name in sorted(OWNED & {name for name, _value in variables_in(file)}):
                raise SiteLayerError(
                    f"{name} is a variable that slurm-appliance sets",
                    where=str(file.source),
                    remedy="set it in the stack file if it is a setting (config explain lists them), or rename yours",
                )


def variables_in(file: LayerFile) -> Iterator[tuple[str, yaml.Node]]:
    """Names and values of the variables in a file; none of an encrypted one. Values are nodes: tags do not matter.

    Raises:
        SiteLayerError: the file is not YAML, or has no variables.
    """
    content = file.content
    if content.startswith(VAULT):
        return
    try:
        root = yaml.compose(content.decode(), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SiteLayerError(f"this is not YAML: {error}", where=str(file.source), remedy="correct it") from error
    if root is None:
        return
    if not isinstance(root, yaml.MappingNode):
        raise SiteLayerError("these are no variables", where=str(file.source), remedy="write NAME: VALUE lines")
    yield from ((str(key.value), value) for key, value in root.value)
