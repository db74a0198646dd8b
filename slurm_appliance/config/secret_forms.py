"""What the texts of secrets may be, so that every file and program that they come to can hold them. Pure."""

import base64
import binascii
import re

#: bcrypt, which is all that Prometheus takes, hashes so many bytes of a password and ignores the others.
MOST_OF_BCRYPT = 72


def is_password(text: str) -> bool:
    """Whether a text is a password: characters that can be seen, none of which is lost where it is copied."""
    return len(text) >= 8 and text.isprintable() and text == text.strip()


def is_slurm_password(text: str) -> bool:
    """The same for one that also stands in a file of Slurm's, whose quotes cannot be escaped."""
    quotes = '"' in text
    return is_password(text) and not (quotes and (" " in text or text[0] == text[-1] == '"'))


def is_monitoring_password(text: str) -> bool:
    """The same for one that Prometheus keeps a hash of."""
    return is_password(text) and len(text.encode()) <= MOST_OF_BCRYPT


def is_mirror_password(text: str) -> bool:
    """The same for one that also stands in files of apt and dnf, which have no quotes."""
    return is_password(text) and is_mirror_word(text)


def is_mirror_word(text: str) -> bool:
    """Whether apt reads a text as one word, and dnf without a variable in it."""
    return text.isprintable() and " " not in text and not re.search(r"\$[A-Za-z_{]", text)


def is_proxy_word(text: str) -> bool:
    """Whether a proxy can get it as a part of a login; in addresses it is percent-encoded."""
    return text.isprintable() and text == text.strip()


def is_proxy_user(text: str) -> bool:
    """The same for the part before the colon."""
    return is_proxy_word(text) and ":" not in text


def is_ceph_key(text: str) -> bool:
    """Whether it is a key as Ceph writes it."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return 16 <= len(key) <= 256


def is_munge_key(text: str) -> bool:
    """Whether it is base64 of as many bytes as munge takes."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return 32 <= len(key) <= 1024
