"""Texts of Python, and bytes in the store.

Idea: as with file names and os.environ, text is UTF-8, and bytes that are not
become lone surrogates (PEP 383). So nothing that a C program has stored makes
reading fail, and what was read can be stored again, byte for byte.
"""

from __future__ import annotations

from typing import Union

#: What keys and values may be given as.
Text = Union[str, bytes]


def encode(text: Text, what: str) -> bytes:
    """The bytes of a key or value. A NUL would end it early in C."""
    if isinstance(text, str):
        encoded = text.encode("utf-8", "surrogateescape")
    elif isinstance(text, bytes):
        encoded = text
    else:
        raise TypeError(f"{what} must be str or bytes, not {type(text).__name__}")
    at = encoded.find(b"\0")
    if at >= 0:
        raise ValueError(f"{what} has a NUL at byte {at}; it would end there")
    return encoded


def decode(encoded: bytes) -> str:
    """The text of bytes from the store."""
    return encoded.decode("utf-8", "surrogateescape")
