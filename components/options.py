"""Resource options: which changes of a resource are ignored, how it is replaced, what outlives it.

Pure functions. Options make the difference between an update that nobody notices and lost data, and Pulumi ignores a
wrong spelling without a word, so that they are all in one place and each is held by a test.
"""

from collections.abc import Sequence

import pulumi

#: Nova needs minutes for a server, bare metal an hour; rebuilding writes a whole root disk anew.
_SERVER_TIMEOUTS = pulumi.CustomTimeouts(create="60m", update="120m", delete="60m")
#: The provider has no timeout for updates of these, and warns at every run of one that is set.
_PORT_TIMEOUTS = pulumi.CustomTimeouts(create="20m", delete="20m")
_VOLUME_TIMEOUTS = pulumi.CustomTimeouts(create="30m", delete="30m")

#: Where a server's image is: at the top for one that boots from it, in its first disk for one that boots from a volume.
IMAGE = "imageId"
#: In the engine's spelling: the SDK translates names at the top, but no paths, and a wrong path is silently of no use.
BOOT_VOLUME_IMAGE = "blockDevices[0].uuid"


def image_paths(*, volume_backed: bool, was_volume_backed: bool | None) -> list[str]:
    """What to ignore of a server so that a changed image leaves it alone.

    Args:
        volume_backed: whether the configuration has it boot from a volume.
        was_volume_backed: whether the running server does; None where there is none. The engine refuses a path into a
            list that is in the configuration or in the state only, and such a server is replaced in any case.
    """
    if volume_backed and was_volume_backed is not False:
        return [IMAGE, BOOT_VOLUME_IMAGE]
    return [IMAGE]


def server_options(
    parent: pulumi.Resource,
    *,
    ignored: Sequence[str] = (),
    depends_on: Sequence[pulumi.Resource] = (),
) -> pulumi.ResourceOptions:
    """A server. Its ports are its own, so that the old one has to go before a new one can have them."""
    return pulumi.ResourceOptions(
        parent=parent,
        ignore_changes=list(ignored),
        delete_before_replace=True,
        custom_timeouts=_SERVER_TIMEOUTS,
        depends_on=list(depends_on),
    )


def port_options(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """A port. Nova binds it to a host and drivers give it DHCP options, which administrators see as changes."""
    return pulumi.ResourceOptions(
        parent=parent,
        ignore_changes=["binding", "extraDhcpOptions"],
        delete_before_replace=True,
        custom_timeouts=_PORT_TIMEOUTS,
    )


def kept_volume_options(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """A volume that outlives the cluster: nothing deletes it by mistake, and leaving it out lets it be."""
    return pulumi.ResourceOptions(parent=parent, protect=True, retain_on_delete=True, custom_timeouts=_VOLUME_TIMEOUTS)


def volume_options(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """A volume that goes with its node."""
    return pulumi.ResourceOptions(parent=parent, delete_before_replace=True, custom_timeouts=_VOLUME_TIMEOUTS)


def attachment_options(parent: pulumi.Resource, server: pulumi.Resource) -> pulumi.ResourceOptions:
    """A volume's attachment. It goes with its server: nothing is pulled from under a mounted file system before."""
    return pulumi.ResourceOptions(
        parent=parent, deleted_with=server, delete_before_replace=True, custom_timeouts=_VOLUME_TIMEOUTS
    )


def child_options(parent: pulumi.Resource, *, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
    """Anything else. Nothing is handed down from the component's own options: aliases among them would leak."""
    return pulumi.ResourceOptions(parent=parent, delete_before_replace=True, depends_on=list(depends_on))


def replaced_at_the_end(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """Something whose successor has to be in use before it may go."""
    return pulumi.ResourceOptions(parent=parent, delete_before_replace=False)


def command_options(
    parent: pulumi.Resource,
    *,
    depends_on: Sequence[pulumi.Resource] = (),
    secret: bool = False,
    ignored: Sequence[str] = (),
) -> pulumi.ResourceOptions:
    """A command. What it prints may be a secret as a whole."""
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=list(depends_on),
        additional_secret_outputs=["stdout", "stderr"] if secret else None,
        ignore_changes=list(ignored),
        custom_timeouts=pulumi.CustomTimeouts(create="6h", update="6h"),
    )
