"""What the tests share: names that no other test uses, and stores of them."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import shmkv

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count()


@pytest.fixture
def name() -> Iterator[str]:
    """A name of its own, unlinked after the test."""
    name = f"/shmkv-test-python-{os.getpid()}-{next(_numbers)}"
    yield name
    shmkv.unlink(name)


@pytest.fixture
def store(name: str) -> Iterator[shmkv.Store]:
    """An empty store."""
    with shmkv.Store.create(name) as store:
        yield store


class Script:
    """A Python program that runs beside the test; killed if it outlives it."""

    def __init__(self, text: str, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", text, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def line(self) -> str:
        """Its next line."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def finish(self) -> tuple[int, str, str]:
        """Its status, and what else it printed, when it has ended."""
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, out, err


@pytest.fixture
def script() -> Iterator[type[Script]]:
    """Starts programs, and ends those that are left."""
    started: list[Script] = []

    class Started(Script):
        def __init__(self, text: str, *arguments: str) -> None:
            super().__init__(text, *arguments)
            started.append(self)

    yield Started
    for each in started:
        each.process.kill()
        each.process.communicate()
