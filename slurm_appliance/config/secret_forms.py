"""What the texts of secrets may be, so that every file and program that they come to can hold them. Pure."""

import base64
import binascii


def is_password(text: str) -> bool:
    """Whether a password comes through Ansible as it is: it must not look like a template, a list or a mapping."""
    template = any(mark in text for mark in ("{{", "{%", "{#"))
    return len(text) >= 8 and text.isprintable() and text == text.strip() and not template and text[0] not in "[{"


def is_slurm_password(text: str) -> bool:
    """The same for one that also stands in a file of Slurm's, whose quotes cannot be escaped."""
    quotes = '"' in text
    return is_password(text) and not (quotes and (" " in text or text[0] == text[-1] == '"'))


def is_munge_key(text: str) -> bool:
    """Whether it is base64 of as many bytes as munge takes."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return 32 <= len(key) <= 1024
