"""The store, as a mapping.

Idea: each operation is one call of the library, which takes the lock; nothing
is kept on this side but the mapping. ctypes releases the GIL during a call, so
a thread that waits holds up no other.
Limits: a change of a value that depends on what was read is two operations;
compare_and_set makes it safe.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import math
import time
import weakref
from collections.abc import ItemsView, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import TYPE_CHECKING, Any

from ._errors import CorruptStore, LockTimeout, NotAStore, NotReady, StoreFull, StoreInUse, VersionChanged
from ._library import (
    CREATE,
    DEFAULT_NAME,
    OPEN,
    OPEN_OR_CREATE,
    Library,
    TableCopy,
    ValueBuffer,
    load,
)
from ._snapshot import Snapshot
from ._text import Text, decode, encode, encode_key

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from typing_extensions import Self

#: How long the lock is waited for where nothing else is said, in seconds.
_LOCK_TIMEOUT = 5.0

#: How long a call waits before Python may look at its signals, in seconds.
_LONGEST_CALL = 0.1

#: More than the longest report of a recovery.
_REPORT_SIZE = 1024

#: What an unsigned int holds.
_UINT_MAX = 2**32 - 1


#: What gives mappings back, as long as they are there.
_callbacks: set[weakref.ref[_Mapping]] = set()


class _Mapping:
    """A mapped table. It is unmapped when nobody uses it any more: a call in
    another thread holds it while the store is closed.

    A signal handler may raise an exception between any two instructions of
    Python. So the library stores the address where the callback that unmaps
    has it already, and the callback is itself a call of the library.
    """

    def __init__(self, library: Library, flags: int, name: str, allow_owner: int | None) -> None:
        encoded, owner = _encode_name(name), _user(allow_owner)
        self.library = library
        self.address = ctypes.c_void_p()
        _forget_the_dead()
        # While the address is NULL, destroy does nothing. The callback is kept
        # elsewhere: that of a weak reference which goes with its object is lost.
        unmap = functools.partial(library.destroy, -1, self.address)
        _callbacks.add(weakref.ref(self, unmap))
        if owner is None:
            status = library.open_with(encoded, flags, self.address, None)
        else:
            status = library.open_of_owner(encoded, flags, owner, self.address, None)
        if status != 0:
            raise _object_error(library, name)


def _forget_the_dead() -> None:
    for callback in tuple(_callbacks):
        if callback() is None:
            _callbacks.discard(callback)


class Store(MutableMapping[str, str]):
    """A key-value store in shared memory.

    Made by open, create, or open_or_create; closed by close, or as a context
    manager. Keys and values are str, or bytes; reading gives str, in which
    bytes that are not UTF-8 are lone surrogates, as in os.environ. Iteration,
    keys, values, items and == look at one snapshot of the whole table.

    dict(store), pop, popitem, setdefault and update are several operations each,
    between which others may change the store; dict(store.snapshot()) is one.

    Every operation but version can raise LockTimeout and CorruptStore.
    """

    _mapping: _Mapping | None
    _name: str
    _allow_owner: int | None
    _lock_timeout: float

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError(
            "whether a store may be created must be said: Store.open(name) opens one, "
            "Store.create(name) creates one, Store.open_or_create(name) does what is needed"
        )

    @classmethod
    def _made(
        cls, flags: int, name: str, lock_timeout: float, allow_owner: int | None = None
    ) -> Self:
        store = cls.__new__(cls)
        store._mapping = _Mapping(load(), flags, name, allow_owner)
        store._name = name
        store._allow_owner = allow_owner
        store.lock_timeout = lock_timeout
        return store

    @classmethod
    def open(
        cls,
        name: str = DEFAULT_NAME,
        *,
        lock_timeout: float = _LOCK_TIMEOUT,
        allow_owner: int | None = None,
    ) -> Self:
        """Opens the store called name; FileNotFoundError where there is none.

        A store of another user, or one that others can use, is a PermissionError,
        unless its owner is allowed by user ID: whoever can write to a store can
        forge its pairs, and end the programs that use it.
        """
        return cls._made(OPEN, name, lock_timeout, allow_owner)

    @classmethod
    def create(cls, name: str = DEFAULT_NAME, *, lock_timeout: float = _LOCK_TIMEOUT) -> Self:
        """Creates an empty store called name; FileExistsError where there is one.

        The store stays when it is closed, and when this process ends, until
        its name is unlinked.
        """
        return cls._made(CREATE, name, lock_timeout)

    @classmethod
    def open_or_create(
        cls,
        name: str = DEFAULT_NAME,
        *,
        lock_timeout: float = _LOCK_TIMEOUT,
        allow_owner: int | None = None,
    ) -> Self:
        """Opens the store called name, or creates it where there is none."""
        return cls._made(OPEN_OR_CREATE, name, lock_timeout, allow_owner)

    def close(self) -> None:
        """Gives the mapping up. Afterwards only close may be called."""
        self._mapping = None

    def __enter__(self) -> Self:
        self._open_mapping()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The name that the store was opened by."""
        return self._name

    @property
    def closed(self) -> bool:
        """Whether close was called."""
        return self._mapping is None

    @property
    def lock_timeout(self) -> float:
        """How long each operation waits for the lock, in seconds."""
        return self._lock_timeout

    @lock_timeout.setter
    def lock_timeout(self, seconds: float) -> None:
        mapping = self._open_mapping()
        if mapping.library.lock_timeout(mapping.address, _milliseconds(seconds)) != 0:
            raise _table_error(mapping.library)
        self._lock_timeout = seconds

    @property
    def version(self) -> int:
        """The number of changes so far, modulo 2**32. Takes no lock."""
        mapping = self._open_mapping()
        version = ctypes.c_uint()
        if mapping.library.version(mapping.address, version) != 0:
            raise _table_error(mapping.library)
        return version.value

    def get_bytes(self, key: Text) -> bytes:
        """The value of key, as it is in the store; KeyError where there is none."""
        mapping = self._open_mapping()
        value = ValueBuffer()
        if mapping.library.get(mapping.address, encode_key(key), value) != 0:
            raise _table_error(mapping.library, key)
        return value.value

    def __getitem__(self, key: Text) -> str:
        return decode(self.get_bytes(key))

    def __setitem__(self, key: Text, value: Text) -> None:
        mapping = self._open_mapping()
        pair = encode_key(key), encode(value, "the value")
        if mapping.library.set(mapping.address, *pair) != 0:
            raise _table_error(mapping.library, key)

    def __delitem__(self, key: Text) -> None:
        mapping = self._open_mapping()
        if mapping.library.delete(mapping.address, encode_key(key)) != 0:
            raise _table_error(mapping.library, key)

    def compare_and_set(self, key: Text, value: Text, version: int) -> int:
        """As store[key] = value, provided that the store is still at version:
        so nothing has changed since it was read at that version. Returns the
        version with the change; VersionChanged where another came first."""
        mapping = self._open_mapping()
        pair = encode_key(key), encode(value, "the value")
        found = _version(version)
        if mapping.library.compare_and_set(mapping.address, *pair, found) == 0:
            return found.value
        if ctypes.get_errno() == errno.EAGAIN:
            raise VersionChanged(mapping.library.why(), version, found.value)
        raise _table_error(mapping.library, key)

    def clear(self) -> None:
        """Removes all keys, in one change. Sets right a corrupt store, too."""
        mapping = self._open_mapping()
        if mapping.library.clear(mapping.address) != 0:
            raise _table_error(mapping.library)

    def recover(self) -> str | None:
        """As the function recover, for the store's name."""
        return recover(self._name, allow_owner=self._allow_owner)

    def snapshot(self) -> Snapshot:
        """The whole table and its version, as they are at one moment."""
        return Snapshot._of(self._table())

    def wait_for_change(self, seen: int | None = None, timeout: float | None = None) -> int | None:
        """Waits until the version is no longer seen, which is the version now
        where it is not given. Returns the new one, or None where it is still
        seen after timeout seconds; without a timeout it waits for ever.

        A change made through the library ends the wait at once, one by a
        program that writes the table by itself within 50 ms. Ctrl+C ends it.
        """
        end = math.inf if timeout is None else time.monotonic() + timeout
        version = _version(self.version if seen is None else seen)
        while True:
            mapping = self._open_mapping()
            left = min(end - time.monotonic(), _LONGEST_CALL)
            wait = mapping.library.wait_for_change
            if wait(mapping.address, version, _milliseconds(left)) == 0:
                return version.value
            if ctypes.get_errno() != errno.ETIMEDOUT:
                raise _table_error(mapping.library)
            if time.monotonic() >= end:
                return None

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, (str, bytes)):
            return False
        try:
            self.get_bytes(key)
        except KeyError:
            return False
        return True

    def __len__(self) -> int:
        count: int = self._table().entry_count
        return count

    def __iter__(self) -> Iterator[str]:
        return iter(self.snapshot())

    def keys(self) -> KeysView[str]:
        """The keys of one snapshot."""
        return self.snapshot().keys()

    def values(self) -> ValuesView[str]:
        """The values of one snapshot."""
        return self.snapshot().values()

    def items(self) -> ItemsView[str, str]:
        """The pairs of one snapshot."""
        return self.snapshot().items()

    def __or__(self, other: Mapping[str, str]) -> dict[str, str]:
        if not isinstance(other, Mapping):
            return NotImplemented
        return {**self.snapshot(), **other}

    def __ror__(self, other: Mapping[str, str]) -> dict[str, str]:
        if not isinstance(other, Mapping):
            return NotImplemented
        return {**other, **self.snapshot()}

    def __ior__(self, other: Mapping[str, str] | Iterable[tuple[str, str]]) -> Self:
        self.update(other)
        return self

    def __reduce__(self) -> Any:
        raise TypeError("a store cannot be copied or pickled; open it by its name")

    def __repr__(self) -> str:
        # Without the lock: it must not fail, nor wait.
        state = "closed" if self.closed else f"at version {self.version}"
        return f"<shmkv.Store {self._name!r} {state}>"

    def _table(self) -> TableCopy:
        mapping = self._open_mapping()
        table = TableCopy()
        if mapping.library.snapshot(mapping.address, table) != 0:
            raise _table_error(mapping.library)
        return table

    def _open_mapping(self) -> _Mapping:
        mapping = self._mapping
        if mapping is None:
            raise ValueError(f"store {self._name!r} is closed")
        return mapping


def unlink(name: str = DEFAULT_NAME) -> None:
    """Removes the name of a store. Those who have it open keep it. It is no
    error where there is none."""
    library = load()
    if library.unlink_named(_encode_name(name)) != 0:
        raise _object_error(library, name)


def recover(name: str = DEFAULT_NAME, *, allow_owner: int | None = None) -> str | None:
    """Frees the lock of the store called name if a dead process holds it, puts
    right what that process left by half, and says what was found and done; None
    where there was nothing to do. Nothing is lost that was complete. It is safe
    at any time; StoreInUse where the lock's owner lives, or may.

    A C program that locks by itself does not tell who it is. Its store is
    recovered only when nobody has it open: close yours first.
    """
    library, encoded, owner = load(), _encode_name(name), _user(allow_owner)
    report = ctypes.create_string_buffer(_REPORT_SIZE)
    if owner is None:
        status = library.recover_named(encoded, report, _REPORT_SIZE)
    else:
        status = library.recover_of_owner(encoded, owner, report, _REPORT_SIZE)
    if status != 0:
        raise _object_error(library, name)
    return report.value.decode() or None


def _encode_name(name: str) -> bytes:
    if not isinstance(name, str):
        raise TypeError(f"the name must be str, not {type(name).__name__}")
    return encode(name, "the name")


def _user(user: int | None) -> int | None:
    """For the library. ctypes would take another number modulo 2**32."""
    if user is not None and not 0 <= user <= _UINT_MAX:
        raise ValueError(f"{user} is no user ID; user IDs are 0 to {_UINT_MAX}")
    return user


def _milliseconds(seconds: float) -> int:
    """For the library: not less than seconds, and what an unsigned int holds."""
    return math.ceil(min(max(seconds * 1000, 0), _UINT_MAX))


def _version(version: int) -> ctypes.c_uint:
    """For the library. ctypes would take another number modulo 2**32."""
    if not 0 <= version <= _UINT_MAX:
        raise ValueError(f"{version} is no version; versions are 0 to {_UINT_MAX}")
    return ctypes.c_uint(version)


def _object_error(library: Library, name: str) -> Exception:
    """Why a store could not be opened, created or unlinked."""
    number, why = ctypes.get_errno(), library.why()
    if number in (errno.EINVAL, errno.ENAMETOOLONG):
        return ValueError(why)
    if number == errno.EAGAIN:
        return NotReady(why)
    if number == errno.EBUSY:
        return StoreInUse(why)
    if number == errno.EBADMSG:
        return NotAStore(why)
    # OSError itself chooses FileExistsError and its like.
    return OSError(number, why, name)


def _table_error(library: Library, key: Text | None = None) -> Exception:
    """Why an operation on an open store failed."""
    number, why = ctypes.get_errno(), library.why()
    if number == errno.ENOENT:
        return KeyError(key)
    if number in (errno.EINVAL, errno.ENAMETOOLONG):
        return ValueError(why)
    if number == errno.ENOSPC:
        return StoreFull(why)
    if number == errno.ETIMEDOUT:
        return LockTimeout(why)
    if number == errno.EBADMSG:
        return CorruptStore(why)
    return OSError(number, why)
