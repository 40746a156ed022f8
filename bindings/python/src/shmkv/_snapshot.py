"""Copies of the table, all of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._text import Text, decode, encode_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ._library import TableCopy


@dataclass(frozen=True)
class Entry:
    """One pair."""

    #: The slot it lies in, from 0.
    slot: int
    #: The key, as it is in the store.
    key_bytes: bytes
    #: The value, as it is in the store.
    value_bytes: bytes
    #: When it was last set, in seconds since 1970.
    timestamp: int

    @property
    def key(self) -> str:
        """The key as text."""
        return decode(self.key_bytes)

    @property
    def value(self) -> str:
        """The value as text."""
        return decode(self.value_bytes)


class Snapshot(Mapping[str, str]):
    """The whole table and its version, as they were at one moment."""

    def __init__(self, version: int, entries: tuple[Entry, ...]) -> None:
        self._version = version
        self._entries = entries

    @classmethod
    def _of(cls, table: TableCopy) -> Snapshot:
        entries = (
            Entry(slot, key, pair.value, pair.timestamp)
            for slot, pair in enumerate(table.kv_table)
            if (key := pair.key)
        )
        return cls(table.version, tuple(entries))

    @property
    def version(self) -> int:
        """The version that the table had."""
        return self._version

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The pairs, by slot."""
        return self._entries

    def entry(self, key: Text) -> Entry:
        """The entry with this key; KeyError where there is none."""
        wanted = encode_key(key)
        for entry in self._entries:
            if entry.key_bytes == wanted:
                return entry
        raise KeyError(key)

    def __getitem__(self, key: Text) -> str:
        return self.entry(key).value

    def to_dict(self) -> dict[str, Any]:
        """The version and the entries as dicts and lists, for json.dumps: what
        `lab-4 list --json` and the server's /status call them, too."""
        entries = [
            {
                "slot": entry.slot,
                "key": entry.key,
                "value": entry.value,
                "timestamp": entry.timestamp,
            }
            for entry in self._entries
        ]
        return {"version": self._version, "entry_count": len(entries), "entries": entries}

    def __contains__(self, key: object) -> bool:
        return isinstance(key, (str, bytes)) and super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        return (entry.key for entry in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<shmkv.Snapshot at version {self._version}: {dict(self)!r}>"
