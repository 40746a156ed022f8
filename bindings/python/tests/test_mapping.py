"""The store as a mapping."""

from __future__ import annotations

import pytest

import shmkv
from shmkv import Store


def test_value_that_was_set_is_there(store: Store) -> None:
    store["city"] = "New York"
    assert store["city"] == "New York"
    assert store.get("city") == "New York"
    assert "city" in store
    assert len(store) == 1


def test_missing_key_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError, match="nobody"):
        store["nobody"]
    with pytest.raises(KeyError):
        del store["nobody"]
    assert store.get("nobody") is None
    assert store.get("nobody", "default") == "default"
    assert "nobody" not in store


def test_deleted_key_is_gone(store: Store) -> None:
    store["a"] = "1"
    del store["a"]
    assert "a" not in store
    assert len(store) == 0
    assert not store


def test_iteration_is_by_slot(store: Store) -> None:
    store.update(a="1", b="2", c="3")
    del store["b"]
    store["d"] = "4"
    assert list(store) == ["a", "d", "c"]
    assert list(store.keys()) == ["a", "d", "c"]
    assert list(store.values()) == ["1", "4", "3"]
    assert list(store.items()) == [("a", "1"), ("d", "4"), ("c", "3")]


def test_iteration_goes_over_a_snapshot(store: Store) -> None:
    store.update(a="1", b="2")
    for key in store:
        del store[key]
    assert len(store) == 0


def test_store_equals_a_mapping_with_its_pairs(store: Store) -> None:
    store.update(a="1", b="2")
    assert store == {"b": "2", "a": "1"}
    assert store != {"a": "1"}
    assert dict(store) == {"a": "1", "b": "2"}


def test_mixed_in_methods_work(store: Store) -> None:
    assert store.setdefault("a", "1") == "1"
    assert store.setdefault("a", "2") == "1"
    assert store.pop("a") == "1"
    assert store.pop("a", "none") == "none"
    store["b"] = "2"
    assert store.popitem() == ("b", "2")
    with pytest.raises(KeyError):
        store.popitem()


def test_clear_is_one_change(store: Store) -> None:
    store.update(a="1", b="2")
    store.clear()
    assert store.version == 3
    assert len(store) == 0


def test_other_types_are_type_errors(store: Store) -> None:
    with pytest.raises(TypeError, match="the key must be str or bytes, not int"):
        store[7] = "seven"  # type: ignore[index]
    with pytest.raises(TypeError, match="the value must be str or bytes, not float"):
        store["pi"] = 3.14  # type: ignore[assignment]
    with pytest.raises(TypeError):
        store[None]  # type: ignore[index]
    assert 7 not in store  # type: ignore[comparison-overlap]
    assert 7 not in store.snapshot()  # type: ignore[comparison-overlap]
    assert store.version == 0


def test_union_takes_pairs_over_or_makes_a_dict(store: Store) -> None:
    store["a"] = "1"
    same = store
    store |= {"b": "2"}
    store |= [("c", "3")]
    assert store is same
    assert store.snapshot() == {"a": "1", "b": "2", "c": "3"}
    assert store | {"a": "new"} == {"a": "new", "b": "2", "c": "3"}
    assert {"a": "old", "d": "4"} | store == {"a": "1", "b": "2", "c": "3", "d": "4"}
    assert type(store | {}) is dict
    with pytest.raises(TypeError):
        store | 7  # type: ignore[operator]


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "the key is empty"),
        (b"", "the key is empty"),
        ("k" * 64, "the key has 64 bytes; at most 63 fit"),
        ("é" * 32, "the key has 64 bytes; at most 63 fit"),
        ("a\0b", "the key has a NUL at byte 1; it would end there"),
    ],
)
def test_key_that_can_be_none_is_missing_and_cannot_be_set(
    store: Store, key: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        store[key] = "value"
    with pytest.raises(ValueError, match=why):
        store.compare_and_set(key, "value", 0)
    for mapping in (store, store.snapshot()):
        assert key not in mapping
        assert key not in mapping.keys()
        assert mapping.get(key) is None
        assert mapping.get(key, "default") == "default"
        with pytest.raises(KeyError, match=why):
            mapping[key]
    with pytest.raises(KeyError, match=why):
        store.get_bytes(key)
    with pytest.raises(KeyError, match=why):
        del store[key]
    assert store.pop(key, "default") == "default"
    with pytest.raises(shmkv.InvalidKey) as caught:
        store.setdefault(key, "value")
    assert str(caught.value) == why
    assert store.version == 0


@pytest.mark.parametrize("value", ["v" * 256, "é" * 128, "a\0b"])
def test_value_that_does_not_fit_is_a_value_error(store: Store, value: str) -> None:
    with pytest.raises(ValueError, match="the value"):
        store["key"] = value
    assert store.version == 0


def test_longest_texts_fit(store: Store) -> None:
    key, value = "é" * 31 + "k", "é" * 127 + "v"
    store[key] = value
    assert store[key] == value
    assert len(key.encode()) == shmkv.KEY_LIMIT
    assert len(value.encode()) == shmkv.VALUE_LIMIT


def test_value_may_be_empty(store: Store) -> None:
    store["key"] = ""
    assert store["key"] == ""
    assert len(store) == 1


def test_full_store_says_so(store: Store) -> None:
    for number in range(shmkv.CAPACITY):
        store[str(number)] = "value"
    with pytest.raises(shmkv.StoreFull, match="all 10 slots are taken"):
        store["one more"] = "value"
    store["3"] = "changed in place"
    assert store["3"] == "changed in place"


class TestBytes:
    """Values that C programs write are bytes, and need not be UTF-8."""

    def test_bytes_are_kept(self, store: Store) -> None:
        store[b"key"] = b"cut: \xc3"
        assert store.get_bytes("key") == b"cut: \xc3"
        assert store[b"key"] == "cut: \udcc3"
        assert b"key" in store  # type: ignore[comparison-overlap]

    def test_bytes_that_are_no_text_spoil_no_listing(self, store: Store) -> None:
        store["good"] = "text"
        store[b"\xff"] = b"\xfe"
        assert dict(store) == {"good": "text", "\udcff": "\udcfe"}
        assert "text" in store.values()
        assert [entry.value_bytes for entry in store.snapshot().entries] == [b"text", b"\xfe"]

    def test_what_was_read_can_be_stored_again(self, store: Store) -> None:
        store["a"] = bytes(range(1, 256))
        store["b"] = store["a"]
        assert store.get_bytes("b") == bytes(range(1, 256))
