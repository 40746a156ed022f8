"""A key-value store in shared memory, as a mapping.

    import shmkv

    with shmkv.Store.open() as store:
        store["city"] = "New York"

The store is the same for programs in C, Rust and Python that use its name. This
package has no compiled parts: it calls libshared_memory_kv through ctypes.
"""

from ._errors import (
    CorruptStore,
    LibraryNotFound,
    LockTimeout,
    NotAStore,
    NotReady,
    StoreError,
    StoreFull,
    VersionChanged,
)
from ._library import CAPACITY, DEFAULT_NAME, KEY_LIMIT, VALUE_LIMIT
from ._snapshot import Entry, Snapshot
from ._store import Store, unlink

__all__ = [
    "CAPACITY",
    "DEFAULT_NAME",
    "KEY_LIMIT",
    "VALUE_LIMIT",
    "CorruptStore",
    "Entry",
    "LibraryNotFound",
    "LockTimeout",
    "NotAStore",
    "NotReady",
    "Snapshot",
    "Store",
    "StoreError",
    "StoreFull",
    "VersionChanged",
    "unlink",
]

# They are shown, and imported, from here.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
