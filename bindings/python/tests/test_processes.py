"""Several processes and threads on one store."""

from __future__ import annotations

import itertools
import os
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

import shmkv
from shmkv import Store

if TYPE_CHECKING:
    from conftest import Script

#: Longer than any test takes, on any machine.
LONG = 60

WRITER = """
import sys, shmkv
with shmkv.Store.open(sys.argv[1]) as store:
    store["from"] = "another process"
"""

# Takes the lock, says so, and keeps it until it is killed.
OWNER = """
import sys, ctypes, os
from shmkv import _library
library = ctypes.CDLL(_library.load().path)
library.shared_memory_kv_open_named.restype = ctypes.c_void_p
store = ctypes.c_void_p(library.shared_memory_kv_open_named(sys.argv[1].encode(), None))
assert library.shared_memory_kv_lock(store, 60000) == 0
print("locked", flush=True)
sys.stdin.read()
"""

WAITER = """
import sys, shmkv
with shmkv.Store.open(sys.argv[1]) as store:
    try:
        print("waiting", flush=True)
        store.wait_for_change()
    except KeyboardInterrupt:
        print("interrupted", flush=True)
"""


def test_change_by_another_process_ends_a_wait(store: Store, script: type[Script]) -> None:
    writer = script(WRITER, store.name)
    assert store.wait_for_change(0, timeout=LONG) == 1
    assert store["from"] == "another process"
    assert writer.finish() == (0, "", "")


def test_lock_of_a_dead_owner_is_a_lock_timeout(store: Store, script: type[Script]) -> None:
    owner = script(OWNER, store.name)
    assert owner.line() == "locked"
    owner.process.kill()
    owner.process.wait()

    store.lock_timeout = 0.02
    assert store.lock_timeout == 0.02
    with pytest.raises(shmkv.LockTimeout, match="not free within 20 ms"):
        store["key"] = "value"
    with pytest.raises(TimeoutError):
        store["key"]
    with pytest.raises(shmkv.LockTimeout):
        "key" in store  # noqa: B015
    with pytest.raises(shmkv.LockTimeout), Store.open(store.name, lock_timeout=0.001) as same:
        len(same)
    assert store.version == 0
    assert repr(store) == f"<shmkv.Store {store.name!r} at version 0>"


def test_store_of_a_dead_owner_is_recovered(store: Store, script: type[Script]) -> None:
    store["key"] = "value"
    owner = script(OWNER, store.name)
    assert owner.line() == "locked"
    living = rf"process {owner.process.pid} \(.*\) holds it, and lives"
    with pytest.raises(shmkv.StoreInUse, match=living):
        store.recover()
    owner.process.kill()
    owner.process.wait()

    dead = rf"process {owner.process.pid} \(.*\) died while it held it; .*Store\.recover\(\)"
    with pytest.raises(shmkv.LockTimeout, match=dead):
        store["key"]
    told = store.recover()
    assert told is not None
    assert told.startswith(f"process {owner.process.pid} (")
    assert told.endswith("the store is usable again, at version 2")
    assert store["key"] == "value"
    assert store.recover() is None
    assert shmkv.recover(store.name) is None


# Schedule: a process that replaces a long value is killed at a random moment.
# Forbidden: that the pair is gone, or mixed, after a recovery.
def test_writer_that_is_killed_loses_nothing(store: Store) -> None:
    chance = random.Random(10)
    store["key"] = "0" * 250
    recovered = 0
    for _ in range(200):
        child = os.fork()
        if child == 0:
            try:
                for number in itertools.count():
                    store["key"] = str(number % 10) * 250
            finally:
                os._exit(1)
        time.sleep(chance.uniform(0, 0.002))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        recovered += store.recover() is not None
        assert store["key"] == store["key"][0] * 250
    print(f"{recovered} of 200 died with the lock")


def test_lock_timeout_may_be_any_number_of_seconds(store: Store) -> None:
    for seconds in (0, 0.5, 1e12, float("inf")):
        store.lock_timeout = seconds
        store["key"] = "value"
        assert store.lock_timeout == seconds
    with pytest.raises(ValueError, match="NaN"):
        store.lock_timeout = float("nan")


def test_wait_ends_with_ctrl_c(store: Store, script: type[Script]) -> None:
    waiter = script(WAITER, store.name)
    assert waiter.line() == "waiting"
    waiter.process.send_signal(signal.SIGINT)
    assert waiter.line() == "interrupted"
    assert waiter.finish() == (0, "", "")


def test_other_threads_run_while_one_waits(store: Store) -> None:
    found: list[int | None] = []
    waiter = threading.Thread(target=lambda: found.append(store.wait_for_change(0, LONG)))
    waiter.start()
    store["key"] = "value"
    waiter.join(LONG)
    assert found == [1]


def test_store_is_closed_under_a_thread_that_waits(store: Store) -> None:
    errors: list[str] = []
    entered = threading.Event()

    def wait() -> None:
        entered.set()
        try:
            store.wait_for_change(0, LONG)
        except ValueError as error:
            errors.append(str(error))

    waiter = threading.Thread(target=wait)
    waiter.start()
    entered.wait(LONG)
    store.close()
    waiter.join(LONG)
    assert errors == [f"store {store.name!r} is closed"]


def test_threads_share_a_store(store: Store) -> None:
    def work(thread: int) -> None:
        for number in range(100):
            store[str(thread)] = str(number)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert store.version == 400
    assert dict(store.items()).keys() == {"0", "1", "2", "3"}
    assert set(store.values()) == {"99"}


def test_child_keeps_the_store_that_it_inherits(store: Store) -> None:
    child = os.fork()
    if child == 0:
        store["from"] = "the child"
        store.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert store["from"] == "the child"
