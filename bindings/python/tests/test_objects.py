"""Creating, opening, closing, unlinking, and what is no store."""

from __future__ import annotations

import copy
import itertools
import os
import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import shmkv
from shmkv import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType


def file_of(name: str) -> Path:
    return Path("/dev/shm" + name)


def test_store_that_does_not_exist_is_not_found(name: str) -> None:
    with pytest.raises(FileNotFoundError, match="there is no segment") as caught:
        Store.open(name)
    assert caught.value.filename == name
    shmkv.unlink(name)


def test_store_that_exists_is_not_created(store: Store) -> None:
    with pytest.raises(FileExistsError, match="exists already"):
        Store.create(store.name)
    with Store.open_or_create(store.name) as same:
        same["key"] = "value"
    assert store["key"] == "value"


def test_store_stays_until_it_is_unlinked(name: str) -> None:
    with Store.open_or_create(name) as store:
        store["key"] = "value"
    with Store.open(name) as store:
        assert store["key"] == "value"
        shmkv.unlink(name)
        assert store["key"] == "value"
    with pytest.raises(FileNotFoundError):
        Store.open(name)


def test_default_name_is_that_of_c_programs() -> None:
    assert shmkv.DEFAULT_NAME == "/gitflow_kv_store"
    defaults = Store.open.__func__.__defaults__  # type: ignore[attr-defined]
    assert defaults == (shmkv.DEFAULT_NAME,)


@pytest.mark.parametrize("name", ["", "no-slash", "/a/b", "/" + "n" * 255, "/a\0b"])
def test_name_that_can_be_none_is_a_value_error(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Store.open(name)
    with pytest.raises(ValueError, match="name"):
        shmkv.unlink(name)


def test_name_of_another_type_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="the name must be str, not NoneType"):
        Store.open(None)  # type: ignore[arg-type]


def test_object_that_is_no_store_says_why(name: str) -> None:
    file = file_of(name)
    file.touch(0o600)
    with pytest.raises(shmkv.NotReady, match="holds 0 bytes"):
        Store.open(name)
    file.write_bytes(bytes(3320))
    with pytest.raises(shmkv.NotReady, match="never initialised"):
        Store.open(name)
    file.write_bytes(bytes(100))
    with pytest.raises(shmkv.NotAStore, match="holds 100 bytes; 3320 are needed"):
        Store.open(name)


def test_store_of_another_user_is_a_permission_error(store: Store) -> None:
    user = os.geteuid()
    file_of(store.name).chmod(0)
    try:
        if user == 0:  # nothing is refused to root
            try:
                os.seteuid(65534)
            except OSError:
                pytest.skip("this root cannot be another user")
        with pytest.raises(PermissionError, match="belongs to user|denied") as caught:
            Store.open(store.name)
    finally:
        os.seteuid(user)
    assert caught.value.filename == store.name


def test_store_that_others_can_use_is_opened_where_its_owner_is_allowed(store: Store) -> None:
    store["key"] = "value"
    file_of(store.name).chmod(0o666)
    me = os.geteuid()
    for use in (Store.open, Store.open_or_create, shmkv.recover):
        with pytest.raises(PermissionError, match="has mode 0666"):
            use(store.name)
        with pytest.raises(PermissionError, match="has mode 0666"):
            use(store.name, allow_owner=me + 1)
        with pytest.raises(ValueError, match="-1 is no user ID"):
            use(store.name, allow_owner=-1)
    with Store.open(store.name, allow_owner=me) as same:
        assert same["key"] == "value"
        assert same.recover() is None
    with Store.open_or_create(store.name, allow_owner=me) as same:
        assert same["key"] == "value"
    assert shmkv.recover(store.name, allow_owner=me) is None


def test_corrupt_store_says_so_and_is_recovered_or_cleared(store: Store) -> None:
    store["a"] = "1"
    with file_of(store.name).open("r+b") as file:
        file.seek(3316)
        file.write(b"\x07")
    with pytest.raises(shmkv.CorruptStore, match="entry_count is 7"):
        store.snapshot()
    with pytest.raises(shmkv.CorruptStore):
        store["b"] = "2"
    told = store.recover()
    assert told is not None
    assert told.endswith("entry_count was 7 and is 1")
    assert dict(store) == {"a": "1"}
    with file_of(store.name).open("r+b") as file:
        file.seek(3316)
        file.write(b"\x07")
    store.clear()
    store["b"] = "2"
    assert dict(store) == {"b": "2"}


def test_nothing_to_recover_is_not_found(name: str) -> None:
    with pytest.raises(FileNotFoundError, match="there is no segment"):
        shmkv.recover(name)


def test_closed_store_is_a_value_error(name: str) -> None:
    with Store.create(name) as store:
        assert not store.closed
    assert store.closed
    store.close()
    for use in (
        lambda: store["key"],
        lambda: store.update(key="value"),
        lambda: store.version,
        lambda: len(store),
        lambda: "key" in store,
        lambda: store.wait_for_change(timeout=0),
        lambda: store.__enter__(),
    ):
        with pytest.raises(ValueError, match="is closed"):
            use()


def test_store_shows_its_name_and_version(store: Store) -> None:
    store["key"] = "value"
    assert repr(store) == f"<shmkv.Store {store.name!r} at version 1>"
    assert repr(store.snapshot()) == "<shmkv.Snapshot at version 1: {'key': 'value'}>"
    store.close()
    assert repr(store) == f"<shmkv.Store {store.name!r} closed>"


def test_store_is_neither_copied_nor_pickled(store: Store) -> None:
    with pytest.raises(TypeError, match="open it by its name"):
        pickle.dumps(store)
    for a_copy in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="open it by its name"):
            a_copy(store)


@pytest.mark.parametrize("arguments", [(), ("/some-name",), (None, "/some-name", 5.0)])
def test_constructor_names_the_methods_that_make_a_store(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r"Store\.open\(name\).* Store\.open_or_create\(name\)"):
        Store(*arguments)


def held() -> tuple[int, int]:
    """How many descriptors and mappings this process has."""
    maps = Path("/proc/self/maps").read_text()
    return len(os.listdir("/proc/self/fd")), maps.count("/dev/shm/")


def test_mappings_are_given_back_and_no_descriptor_is_kept(name: str) -> None:
    before = held()
    for _ in range(20):
        with Store.open_or_create(name):
            assert held() == (before[0], before[1] + 1)
        Store.open(name)  # dropped without close
        with pytest.raises(FileExistsError):
            Store.create(name)
    assert held() == before


class Interrupt(Exception):
    """What a signal handler raises."""


def interrupted(act: Callable[[], object], moment: int) -> bool:
    """Does act, with an exception at the moment-th of the moments at which a
    signal handler may raise one: before each instruction of the package's code.
    Whether there are that many."""
    left = moment
    package = str(Path(shmkv.__file__).parent)

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(package):
            return None
        frame.f_trace_opcodes = True
        if event in ("call", "opcode"):
            left -= 1
            if left == 0:
                raise Interrupt
        return trace

    others = sys.gettrace()
    sys.settrace(trace)
    try:
        act()
    except Interrupt:
        pass
    finally:
        sys.settrace(others)
    return left <= 0


def opened_and_closed(name: str) -> None:
    store = Store.open(name)
    store.close()


def used_as_a_context(name: str) -> None:
    with Store.open_or_create(name):
        pass


# Schedule: a signal handler raises at each moment of an open and a close. Forbidden:
# a mapping or a descriptor that is left.
@pytest.mark.parametrize("act", [opened_and_closed, used_as_a_context, Store.open])
def test_exception_at_any_moment_leaves_nothing(act: Callable[[str], object], name: str) -> None:
    Store.create(name).close()
    before = held()
    for moment in itertools.count(1):
        if not interrupted(lambda: act(name), moment):
            break
        assert held() == before, f"at moment {moment}"
    assert moment > 50
