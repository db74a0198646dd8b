"""What stops the program."""


class FilesystemsError(Exception):
    """A file system cannot be mounted; the message says which and why."""
