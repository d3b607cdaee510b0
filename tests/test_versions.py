"""The table of supported versions: its page, its data, and the versions that the pages run on."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "scripts" / "tools" / "refresh_versions.py"
DATA = ROOT / "scripts" / "data" / "versions.toml"


def test_the_page_says_what_the_data_say() -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("framework", ["Flask", "Django"])
def test_the_locked_version_is_listed(framework: str) -> None:
    releases = tomllib.loads(DATA.read_text(encoding="utf-8"))["release"]
    listed = {one["version"].split(",")[0] for one in releases if one["framework"] == framework}
    assert ".".join(version(framework).split(".")[:2]) in listed
