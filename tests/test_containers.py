"""The files for containers that the pages show: a linter reads them as Docker would."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
HADOLINT = Path(sys.executable).parent / "hadolint"
FENCE = re.compile(
    r'^( *)```(dockerfile|yaml) title="(Dockerfile|compose\.yaml)"\n(.*?)^\1```$', re.S | re.M
)


def files(name: str) -> dict[str, str]:
    """Each file of that name that a page shows, with what it adds, by page and number."""
    found: dict[str, str] = {}
    for page in sorted((ROOT / "docs").rglob("*.md")):
        where = page.relative_to(ROOT).as_posix()
        shown: list[str] = []
        added = 0
        for fence in FENCE.finditer(page.read_text(encoding="utf-8")):
            text = textwrap.dedent(fence[4])
            if fence[3] != name:
                continue
            if text.startswith("# ...\n"):  # the sides follow each other, as their first parts do
                shown[added] += text.removeprefix("# ...\n")
                added += 1
            else:
                shown.append(text)
        found |= {f"{where}-{number}": text for number, text in enumerate(shown)}
    return found


@pytest.mark.parametrize("name", files("Dockerfile"))
def test_a_dockerfile_has_no_fault(name: str) -> None:
    if not HADOLINT.exists():
        pytest.skip("hadolint is locked for Linux only")
    # DL3013 asks for exact versions; one page leaves them to the reader and says so.
    done = subprocess.run(
        [HADOLINT, "--ignore", "DL3013", "-"],
        input=files("Dockerfile")[name],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", files("compose.yaml"))
def test_a_compose_file_names_what_it_uses(name: str) -> None:
    compose = yaml.safe_load(files("compose.yaml")[name])
    services = compose["services"]
    for service in services.values():
        assert "image" in service or "build" in service
        assert set(service.get("depends_on", {})) <= set(services)
        mounted = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert mounted <= set(compose["volumes"])
    assert services["migrate"]["environment"] == services["web"]["environment"]
    assert "ports" not in services["database"]
