"""Brings libshared_memory_kv into the wheel.

Idea: the library is the one that SHMKV_LIBRARY names, or Cargo builds it from the
checkout that this file lies in. A wheel without it would install, and fail later;
so without both there is no wheel, but a sentence.
Source: hatchling's documentation on custom build hooks.
Limits: the wheel is for machines like this one. An editable installation looks
for the library in the checkout each time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FILE = "libshared_memory_kv.so"


class LibraryHook(BuildHookInterface[Any]):
    """Adds the library, and the platform's tag, to a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is made."""
        if version == "editable":
            return
        named = os.environ.get("SHMKV_LIBRARY")
        library = Path(named).resolve() if named else self._built()
        if not library.is_file():
            self.app.abort(f"shmkv: SHMKV_LIBRARY is {named}, and there is no such file")
        build_data["force_include"][str(library)] = f"shmkv/{_FILE}"
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"

    def _built(self) -> Path:
        workspace = Path(self.root).parents[1]
        if not (workspace / "bindings" / "c" / "Cargo.toml").is_file():
            self.app.abort(
                f"shmkv: {_FILE} is built from a checkout of the project, and {self.root} is not "
                "in one. Install from bindings/python of a checkout, or set SHMKV_LIBRARY to the "
                "path of a library that is built already."
            )
        self.app.display_info("shmkv: Cargo builds the library")
        try:
            done = subprocess.run(
                ["cargo", "build", "--release", "--package", "shmkv-c", "--lib"]
                + ["--message-format", "json-render-diagnostics"],
                cwd=workspace,
                stdout=subprocess.PIPE,
                check=False,
            )
        except OSError as error:
            self.app.abort(
                f"shmkv: cargo cannot be run: {error}. Install Rust, or set SHMKV_LIBRARY to the "
                f"path of a {_FILE} that is built already."
            )
        if done.returncode != 0:
            self.app.abort(f"shmkv: cargo ended with status {done.returncode}; see what it said")
        messages = map(json.loads, done.stdout.splitlines())
        files = [file for message in messages for file in message.get("filenames", ())]
        return next(Path(file) for file in reversed(files) if file.endswith(_FILE))
