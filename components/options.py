"""Resource options: which changes are ignored, how resources are replaced, what is kept on deletion.

Pure functions. A wrong option turns an unnoticed update into lost data, and Pulumi silently ignores misspelled options,
so all of them are in this file and each has a test.
"""

from collections.abc import Sequence

import pulumi

#: Nova needs minutes for a server, an hour for bare metal; a rebuild rewrites the whole root disk.
_SERVER_TIMEOUTS = pulumi.CustomTimeouts(create="60m", update="120m", delete="60m")
#: The provider has no update timeout for these, and warns in every run if one is set.
_PORT_TIMEOUTS = pulumi.CustomTimeouts(create="20m", delete="20m")
VOLUME_TIMEOUTS = pulumi.CustomTimeouts(create="30m", delete="30m")
SHARE_TIMEOUTS = pulumi.CustomTimeouts(create="30m", update="30m", delete="30m")

#: Where a server's image is set: at the top level or, for a server that boots from a volume, in its first disk.
IMAGE = "imageId"
#: In the engine's spelling: the SDK translates top-level names but not paths, and ignores wrong paths silently.
BOOT_VOLUME_IMAGE = "blockDevices[0].uuid"


def image_paths(*, volume_backed: bool, was_volume_backed: bool | None) -> list[str]:
    """The server inputs to ignore so that a changed image does not affect the server.

    Args:
        volume_backed: whether it is configured to boot from a volume.
        was_volume_backed: whether the running server boots from a volume; None without a server. The engine refuses a
            path into a list that exists only in the configuration or in the state; such a server is replaced anyway.
    """
    if volume_backed and was_volume_backed is not False:
        return [IMAGE, BOOT_VOLUME_IMAGE]
    return [IMAGE]


def server_options(
    parent: pulumi.Resource,
    *,
    ignored: Sequence[str] = (),
    depends_on: Sequence[pulumi.Resource] = (),
    hooks: pulumi.ResourceHookBinding | None = None,
) -> pulumi.ResourceOptions:
    """A server. It is deleted before its replacement is created, because both use the same ports."""
    return pulumi.ResourceOptions(
        parent=parent,
        ignore_changes=list(ignored),
        delete_before_replace=True,
        custom_timeouts=_SERVER_TIMEOUTS,
        depends_on=list(depends_on),
        hooks=hooks,
    )


def port_options(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """A port. Nova binds it to a host and drivers add DHCP options, which administrators see as changes."""
    return pulumi.ResourceOptions(
        parent=parent,
        ignore_changes=["binding", "extraDhcpOptions"],
        delete_before_replace=True,
        custom_timeouts=_PORT_TIMEOUTS,
    )


def kept_options(
    parent: pulumi.Resource,
    *,
    timeouts: pulumi.CustomTimeouts = VOLUME_TIMEOUTS,
    depends_on: Sequence[pulumi.Resource] = (),
    hooks: pulumi.ResourceHookBinding | None = None,
) -> pulumi.ResourceOptions:
    """What holds data and is kept: it is protected from deletion, and removing it from the configuration keeps it.

    A volume depends on what is of no use without it, and without which it is of no use: whoever keeps protected
    resources keeps that, too.
    """
    return pulumi.ResourceOptions(
        parent=parent,
        protect=True,
        retain_on_delete=True,
        custom_timeouts=timeouts,
        depends_on=list(depends_on),
        hooks=hooks,
    )


def access_options(parent: pulumi.Resource, share: pulumi.Resource) -> pulumi.ResourceOptions:
    """An access rule of a share. A share has no two rules for one client: the former one goes first."""
    return pulumi.ResourceOptions(
        parent=parent, deleted_with=share, delete_before_replace=True, custom_timeouts=_PORT_TIMEOUTS
    )


def volume_options(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """A volume that is deleted with its node."""
    return pulumi.ResourceOptions(parent=parent, delete_before_replace=True, custom_timeouts=VOLUME_TIMEOUTS)


def attachment_options(parent: pulumi.Resource, server: pulumi.Resource) -> pulumi.ResourceOptions:
    """A volume attachment. It is deleted with its server, so no mounted file system loses its volume."""
    return pulumi.ResourceOptions(
        parent=parent, deleted_with=server, delete_before_replace=True, custom_timeouts=VOLUME_TIMEOUTS
    )


def child_options(parent: pulumi.Resource, *, depends_on: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
    """Any other child. Inherits nothing from the component's own options: aliases among them would leak."""
    return pulumi.ResourceOptions(parent=parent, delete_before_replace=True, depends_on=list(depends_on))


def replaced_at_the_end(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """A resource whose replacement is created and put to use before the old one is deleted."""
    return pulumi.ResourceOptions(parent=parent, delete_before_replace=False)


def command_options(
    parent: pulumi.Resource,
    *,
    depends_on: Sequence[pulumi.Resource] = (),
    secret: bool = False,
    ignored: Sequence[str] = (),
) -> pulumi.ResourceOptions:
    """A command. Its whole output may be secret."""
    return pulumi.ResourceOptions(
        parent=parent,
        depends_on=list(depends_on),
        additional_secret_outputs=["stdout", "stderr"] if secret else None,
        ignore_changes=list(ignored),
        custom_timeouts=pulumi.CustomTimeouts(create="6h", update="6h"),
    )
