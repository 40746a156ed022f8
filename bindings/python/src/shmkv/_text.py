"""Texts of Python, and bytes in the store.

Idea: as with file names and os.environ, text is UTF-8, and bytes that are not
become lone surrogates (PEP 383). So nothing that a C program has stored makes
reading fail, and what was read can be stored again, byte for byte.
"""

from __future__ import annotations

from typing import Union

from ._errors import InvalidKey

#: The bytes of the longest key.
KEY_LIMIT = 63

#: What keys and values may be given as.
Text = Union[str, bytes]


def encode(text: Text, what: str) -> bytes:
    """The bytes of a value or a name. A NUL would end it early in C."""
    encoded = _bytes_of(text, what)
    if b"\0" in encoded:
        raise ValueError(_nul_in(encoded, what))
    return encoded


def encode_key(key: Text) -> bytes:
    """The bytes of a key; InvalidKey where no store can have it."""
    encoded = _bytes_of(key, "the key")
    if not encoded:
        raise InvalidKey("the key is empty")
    if len(encoded) > KEY_LIMIT:
        raise InvalidKey(f"the key has {len(encoded)} bytes; at most {KEY_LIMIT} fit")
    if b"\0" in encoded:
        raise InvalidKey(_nul_in(encoded, "the key"))
    return encoded


def decode(encoded: bytes) -> str:
    """The text of bytes from the store."""
    return encoded.decode("utf-8", "surrogateescape")


def _bytes_of(text: Text, what: str) -> bytes:
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape")
    if isinstance(text, bytes):
        return text
    raise TypeError(f"{what} must be str or bytes, not {type(text).__name__}")


def _nul_in(encoded: bytes, what: str) -> str:
    at = encoded.index(b"\0")
    return f"{what} has a NUL at byte {at}; it would end there"
