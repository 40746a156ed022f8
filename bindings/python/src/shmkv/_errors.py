"""What can go wrong, beside what Python has a name for already.

A missing key is a KeyError, a value that does not fit a ValueError, and a store
that does not exist, exists already, or is another user's a FileNotFoundError,
a FileExistsError, or a PermissionError.
"""

from __future__ import annotations


class StoreError(Exception):
    """The base of all errors that this package defines."""


class InvalidKey(StoreError, KeyError, ValueError):
    """No store can have this key: it is empty, does not fit, or has a NUL. It is
    missing, as any KeyError says, and setting it fails, as a ValueError does."""

    # KeyError shows its argument as repr does.
    __str__ = Exception.__str__


class StoreFull(StoreError):
    """Every slot is taken. Delete a key first."""


class LockTimeout(StoreError, TimeoutError):
    """The lock was not free in time: another process holds it, or died while it
    did, and then Store.recover() frees it. The message says which, and who it is,
    as far as that is known. Nothing has changed, and retrying is safe."""


class StoreInUse(StoreError):
    """Nothing was recovered: the lock's owner lives, or may. The message says who
    it is, or who has the store open."""


class VersionChanged(StoreError):
    """Another change came first. Read again, and retry with the found version."""

    def __init__(self, message: str, expected: int, found: int) -> None:
        super().__init__(message, expected, found)
        self.message = message
        #: The version that the caller had seen.
        self.expected = expected
        #: The version that the store has.
        self.found = found

    def __str__(self) -> str:
        return self.message


class CorruptStore(StoreError):
    """The table holds what no whole operations leave. Store.recover() sets it right
    and keeps every pair that is whole; Store.clear() removes all."""


class NotAStore(StoreError):
    """What has this name is another program's."""


class NotReady(StoreError):
    """Another program is just creating the store. Retrying is safe."""


class LibraryNotFound(StoreError):
    """There is no libshared_memory_kv, or it is not ours. The message says
    where it was looked for, and how to build it."""
