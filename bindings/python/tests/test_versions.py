"""Versions, snapshots, compare-and-set."""

from __future__ import annotations

import json
import time

import pytest

import shmkv
from shmkv import Store


def test_every_change_counts(store: Store) -> None:
    assert store.version == 0
    store["a"] = "1"
    store["a"] = "1"
    del store["a"]
    assert store.version == 3
    with pytest.raises(KeyError):
        del store["a"]
    assert store.version == 3


def test_snapshot_is_of_one_moment(store: Store) -> None:
    store.update(a="1", b="2")
    snapshot = store.snapshot()
    store.clear()
    assert snapshot.version == 2
    assert snapshot == {"a": "1", "b": "2"}
    assert len(snapshot) == 2
    assert snapshot["b"] == "2"
    entry = snapshot.entry("b")
    assert (entry.slot, entry.key, entry.value) == (1, "b", "2")
    assert entry.key_bytes == b"b"
    assert abs(entry.timestamp - time.time()) < 60
    with pytest.raises(KeyError):
        snapshot["c"]
    with pytest.raises(TypeError):
        snapshot["c"] = "3"  # type: ignore[index]


def test_snapshot_can_be_written_as_json(store: Store) -> None:
    store.update(a="1", b="\udcff")
    snapshot = store.snapshot()
    first, second = snapshot.entries
    assert json.loads(json.dumps(snapshot.to_dict())) == {
        "version": 2,
        "entry_count": 2,
        "entries": [
            {"slot": 0, "key": "a", "value": "1", "timestamp": first.timestamp},
            {"slot": 1, "key": "b", "value": "\udcff", "timestamp": second.timestamp},
        ],
    }
    assert json.loads(json.dumps(dict(snapshot))) == {"a": "1", "b": "\udcff"}


def test_compare_and_set_at_the_version_changes(store: Store) -> None:
    assert store.compare_and_set("a", "1", 0) == 1
    assert store.compare_and_set("a", b"2", 1) == 2
    assert store["a"] == "2"


def test_compare_and_set_at_another_version_says_which(store: Store) -> None:
    store["a"] = "1"
    with pytest.raises(shmkv.VersionChanged, match="version 0 was expected") as caught:
        store.compare_and_set("a", "2", 0)
    assert (caught.value.expected, caught.value.found) == (0, 1)
    assert store["a"] == "1"


def test_compare_and_set_refuses_as_set_does(store: Store) -> None:
    with pytest.raises(ValueError, match="the key is empty"):
        store.compare_and_set("", "value", 0)
    for version in (-1, 2**32):
        with pytest.raises(ValueError, match="is no version"):
            store.compare_and_set("key", "value", version)
    store.update({str(number): "" for number in range(shmkv.CAPACITY)})
    with pytest.raises(shmkv.StoreFull):
        store.compare_and_set("one more", "value", store.version)


def test_wait_without_a_change_returns_none(store: Store) -> None:
    start = time.monotonic()
    assert store.wait_for_change(timeout=0.15) is None
    assert time.monotonic() - start >= 0.15
    assert store.wait_for_change(timeout=0) is None
    assert store.wait_for_change(timeout=-1) is None


def test_wait_for_a_version_that_is_gone_returns_at_once(store: Store) -> None:
    store["a"] = "1"
    assert store.wait_for_change(0) == 1
    assert store.wait_for_change(seen=7, timeout=60) == 1
