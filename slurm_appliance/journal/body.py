"""Reads the body of a request, with limits to its compressed and uncompressed size."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

#: Number of bytes that are read or decompressed at once.
_PIECE = 64 * 1024
#: zlib's wbits for gzip format.
_GZIP = 16 + zlib.MAX_WBITS


class BodyError(Exception):
    """Raised for a rejected body.

    Attributes:
        status: the HTTP status.
    """

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def read_body(file: BinaryIO, length: str | None, *, packed: bool, limit: int) -> bytes:
    """A body, decompressed.

    Args:
        file: its source.
        length: the request's Content-Length.
        packed: whether it is compressed by gzip.
        limit: maximum size in bytes, compressed and decompressed.

    Raises:
        BodyError: it is too large, shorter than its length, or damaged.
    """
    pieces = _pieces(file, _checked(length, limit))
    return b"".join(_unpacked(pieces, limit) if packed else pieces)


def _checked(length: str | None, limit: int) -> int:
    text = length or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 20):
        raise BodyError(400, "Content-Length is not a number")
    if int(text) > limit:
        raise BodyError(413, f"the body has {text} bytes; at most {limit} are accepted")
    return int(text)


def _pieces(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length:
        piece = file.read(min(length, _PIECE))
        if not piece:
            raise BodyError(400, "the body is shorter than Content-Length says")
        length -= len(piece)
        yield piece


def _unpacked(pieces: Iterator[bytes], limit: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    size = 0
    for piece in pieces:
        rest = piece
        while rest and not unpacker.eof:
            try:
                plain = unpacker.decompress(rest, _PIECE)
            except zlib.error as error:
                raise BodyError(400, f"the body is not gzip data: {error}") from error
            size += len(plain)
            if size > limit:
                raise BodyError(413, f"the body has more than {limit} bytes when unpacked")
            yield plain
            rest = unpacker.unconsumed_tail
        if rest or unpacker.unused_data:
            raise BodyError(400, "data follow the gzip body")
    if not unpacker.eof:
        raise BodyError(400, "the gzip body is truncated")
