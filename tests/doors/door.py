"""The Python door into a store: `door.py follow NAME` prints each pair that is
set, `door.py set NAME KEY VALUE` sets one."""

import sys

import shmkv


def follow(store):
    """Runs until it is interrupted."""
    before = {}
    while True:
        now = store.snapshot()
        for key, value in now.items():
            if before.get(key) != value:
                print(f"{key} = {value}", flush=True)
        before = dict(now)
        store.wait_for_change(seen=now.version)


def main(action="", name="", *pair):
    if (action, len(pair)) not in {("follow", 0), ("set", 2)}:
        sys.exit("usage: door.py follow NAME | door.py set NAME KEY VALUE")
    with shmkv.Store.open(name) as store:
        if action == "follow":
            follow(store)
        key, value = pair
        store[key] = value


main(*sys.argv[1:])
