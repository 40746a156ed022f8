"""A key-value store in shared memory, as a mapping.

    import shmkv

    with shmkv.Store.open() as store:
        store["city"] = "New York"

The store is the same for programs in C, Rust and Python that use its name. This
package calls libshared_memory_kv, which it brings along, through ctypes.
"""

from ._errors import (
    CorruptStore,
    InvalidKey,
    LibraryNotFound,
    LockTimeout,
    NotAStore,
    NotReady,
    StoreError,
    StoreFull,
    StoreInUse,
    VersionChanged,
)
from ._library import CAPACITY, DEFAULT_NAME, VALUE_LIMIT
from ._snapshot import Entry, Snapshot
from ._store import Store, recover, unlink
from ._text import KEY_LIMIT

__version__ = "0.1.0"

__all__ = [
    "CAPACITY",
    "DEFAULT_NAME",
    "KEY_LIMIT",
    "VALUE_LIMIT",
    "CorruptStore",
    "Entry",
    "InvalidKey",
    "LibraryNotFound",
    "LockTimeout",
    "NotAStore",
    "NotReady",
    "Snapshot",
    "Store",
    "StoreError",
    "StoreFull",
    "StoreInUse",
    "VersionChanged",
    "recover",
    "unlink",
]

# They are shown, and imported, from here.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
