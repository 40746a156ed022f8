"""Finding libshared_memory_kv."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import shmkv
from shmkv import _library

PROGRAM = "from shmkv import _library; print(_library.load().path)"


def run(package: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What PROGRAM prints, with the package at this place and no library named."""
    kept = {name: value for name, value in os.environ.items() if name == "PATH"}
    return subprocess.run(
        [sys.executable, "-P" if sys.version_info >= (3, 11) else "-B", "-c", PROGRAM],
        env={**kept, "PYTHONPATH": str(package), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def package_in(directory: Path) -> Path:
    """A copy of the package, away from any checkout."""
    source = Path(shmkv.__file__).parent
    shutil.copytree(source, directory / "shmkv", ignore=shutil.ignore_patterns("__pycache__"))
    return directory


def library_at(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_library.load().path, path)
    return path


def test_named_library_is_taken(tmp_path: Path) -> None:
    library = library_at(tmp_path / "named.so")
    done = run(package_in(tmp_path), SHMKV_LIBRARY=str(library))
    assert done.stdout == f"{library}\n", done.stderr


def test_named_library_that_is_missing_is_an_error(tmp_path: Path) -> None:
    package = package_in(tmp_path)
    library_at(package / "shmkv" / "libshared_memory_kv.so")
    done = run(package, SHMKV_LIBRARY="/nowhere/lib.so")
    assert "LibraryNotFound" in done.stderr
    assert "/nowhere/lib.so" in done.stderr


def test_library_beside_the_package_is_found(tmp_path: Path) -> None:
    package = package_in(tmp_path)
    library = library_at(package / "shmkv" / "libshared_memory_kv.so")
    assert run(package).stdout == f"{library}\n"


def test_library_of_the_checkout_is_found(tmp_path: Path) -> None:
    package = package_in(tmp_path / "bindings" / "python" / "src")
    manifest = tmp_path / "bindings" / "c" / "Cargo.toml"
    manifest.parent.mkdir()
    manifest.touch()
    debug = library_at(tmp_path / "target" / "debug" / "libshared_memory_kv.so")
    assert run(package).stdout == f"{debug}\n"
    release = library_at(tmp_path / "target" / "release" / "libshared_memory_kv.so")
    assert run(package).stdout == f"{release}\n"
    other = library_at(tmp_path / "other" / "debug" / "libshared_memory_kv.so")
    assert run(package, CARGO_TARGET_DIR=str(tmp_path / "other")).stdout == f"{other}\n"


def test_library_that_the_loader_knows_is_found(tmp_path: Path) -> None:
    library = library_at(tmp_path / "lib" / "libshared_memory_kv.so")
    done = run(package_in(tmp_path), LD_LIBRARY_PATH=str(library.parent))
    assert done.stdout == "libshared_memory_kv.so\n", done.stderr


def test_library_of_another_kind_is_an_error(tmp_path: Path) -> None:
    done = run(package_in(tmp_path), SHMKV_LIBRARY="libc.so.6")
    assert "an older library of this name" in done.stderr


def test_missing_library_says_how_to_build_it(tmp_path: Path) -> None:
    done = run(package_in(tmp_path))
    assert done.returncode == 1
    assert "cargo build --release -p shmkv-c" in done.stderr
    assert "SHMKV_LIBRARY" in done.stderr
