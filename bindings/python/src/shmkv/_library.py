"""libshared_memory_kv: where it is, and what its functions take.

Idea: each function is declared once, as the header declares it; ctypes then
checks what it is given. `use_errno` makes ctypes keep errno for this thread;
without it the real one is lost before Python can look.
Source: shared_memory_kv.h, which says what each function does.
Limits: Linux with 64 bits, where time_t is 64 bits wide.
"""

from __future__ import annotations

import ctypes
import functools
import os
import re
from ctypes import POINTER, c_char, c_char_p, c_int, c_int64, c_size_t, c_uint, c_void_p, py_object
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._errors import LibraryNotFound
from ._text import KEY_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The name of a store where none is given.
DEFAULT_NAME = "/gitflow_kv_store"
#: The number of slots.
CAPACITY = 10
#: The bytes of the longest value.
VALUE_LIMIT = 255

#: What open_with does where there is no store, or one: the header's flags.
OPEN, OPEN_OR_CREATE, CREATE = 0, 1, 2

#: Room for a value and its NUL.
ValueBuffer = c_char * (VALUE_LIMIT + 1)

_FILE = "libshared_memory_kv.so"


class Pair(ctypes.Structure):
    """C's kv_pair_t."""

    _fields_ = [
        ("key", c_char * (KEY_LIMIT + 1)),
        ("value", ValueBuffer),
        ("timestamp", c_int64),
    ]


class TableCopy(ctypes.Structure):
    """C's shared_memory_kv_snapshot_t."""

    _fields_ = [
        ("kv_table", Pair * CAPACITY),
        ("version", c_uint),
        ("entry_count", c_uint),
    ]


#: What each function returns, and what it takes. A store is only passed on.
_PROTOTYPES: dict[str, tuple[Any, list[Any]]] = {
    "open_with": (c_int, [c_char_p, c_uint, POINTER(c_void_p), POINTER(c_int)]),
    "open_of_owner": (c_int, [c_char_p, c_uint, c_uint, POINTER(c_void_p), POINTER(c_int)]),
    "unlink_named": (c_int, [c_char_p]),
    "recover_named": (c_int, [c_char_p, c_char_p, c_size_t]),
    "recover_of_owner": (c_int, [c_char_p, c_uint, c_char_p, c_size_t]),
    # It takes two arguments. What a weak reference's callback is given follows.
    "destroy": (None, [c_int, c_void_p, py_object]),
    "set": (c_int, [c_void_p, c_char_p, c_char_p]),
    "get": (c_int, [c_void_p, c_char_p, c_char_p]),
    "delete": (c_int, [c_void_p, c_char_p]),
    "clear": (c_int, [c_void_p]),
    "snapshot": (c_int, [c_void_p, POINTER(TableCopy)]),
    "version": (c_int, [c_void_p, POINTER(c_uint)]),
    "compare_and_set": (c_int, [c_void_p, c_char_p, c_char_p, POINTER(c_uint)]),
    "wait_for_change": (c_int, [c_void_p, POINTER(c_uint), c_uint]),
    "lock_timeout": (c_int, [c_void_p, c_uint]),
    "last_error": (c_char_p, []),
}


class Library:
    """The functions of the library, without what their names begin with."""

    def __init__(self, path: str) -> None:
        #: What was loaded.
        self.path = path
        library = ctypes.CDLL(path, use_errno=True)
        for name, (result, arguments) in _PROTOTYPES.items():
            function = getattr(library, f"shared_memory_kv_{name}")
            function.restype = result
            function.argtypes = arguments
            setattr(self, name, function)

    # A function of the library. ctypes checks its arguments.
    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self.path} has no declared function {name}")

    def why(self) -> str:
        """What was wrong in the last function that failed in this thread."""
        sentence: bytes = self.last_error()
        # What a C program would call.
        return re.sub(r"shared_memory_kv_(\w+\(\))", r"Store.\1", sentence.decode("utf-8", "replace"))


@functools.cache
def load() -> Library:
    """The library, found once.

    What SHMKV_LIBRARY names is taken or is an error. Otherwise the first of:
    beside this package; in the checkout that this package lies in, as Cargo
    built it; wherever the system's loader finds it.
    """
    named = os.environ.get("SHMKV_LIBRARY")
    candidates = [named] if named else [*map(str, _nearby()), _FILE]
    tried = []
    for path in candidates:
        try:
            return Library(path)
        except OSError as error:
            tried.append(f"{path}: {error}")
        except AttributeError as error:
            tried.append(f"{path}: an older library of this name: {error}")
    raise LibraryNotFound(_how_to_get_it(tried))


def _nearby() -> Iterator[Path]:
    """The files that are there, beside this package and in its checkout."""
    package = Path(__file__).resolve().parent
    places = [package]
    for checkout in package.parents:
        if (checkout / "bindings" / "c" / "Cargo.toml").is_file():
            target = Path(os.environ.get("CARGO_TARGET_DIR") or "target")
            places += [checkout / target / "release", checkout / target / "debug"]
    return (place / _FILE for place in places if (place / _FILE).is_file())


def _how_to_get_it(tried: list[str]) -> str:
    return "\n  ".join(
        [
            f"{_FILE} could not be loaded. Build it; install it, or set SHMKV_LIBRARY to its path:",
            "cargo build --release -p shmkv-c",
            "sudo target/release/install-c",
            "Tried were:",
            *(f"  {line}" for line in tried),
        ]
    )
