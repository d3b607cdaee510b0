"""What a stranger's page can reach: nothing of the machine, and nothing on the site that acts."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from checker import ISOLATED, PAGES, ROOT, all_fit, built_alone, check, command, told
from tandem.read import safe
from tandem.world import namespaces as sandbox
from tandem.world import packages, processes, seccomp
from tandem.world.processes import open_to_others

isolated = pytest.mark.skipif(not sandbox.available(), reason="no namespaces here")
PATHS = [path for path in sys.path if Path(path).resolve() not in {ROOT, ROOT / "tests"}]
HOLDING = """\
---
title: Programs that hold much memory together
description: What one may not hold, many may not either.
---

```python title="hold.py"
import mmap
import time

private, shared = b"x" * (SIZE << 20), mmap.mmap(-1, SIZE << 20)
shared.write(private)
time.sleep(TIME)
```

```console
$ python hold.py & python hold.py & python hold.py & wait
...
```
"""
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


def inside(probe: Callable[[], object], user: int | None = None) -> str:
    """What a function gives, as text, in a world of its own; of another user, if one is given."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            sys.path[:] = PATHS
            if user is not None:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
                open_to_others(True)  # as a program is that this user has started himself
            sandbox.prepare()
            for number in range(2):  # there is another walk after the first
                if (walk := sandbox.fork()) == 0 and number == 0:
                    os._exit(0)
                if walk == 0:
                    break
                os.waitpid(walk, 0)
            else:
                os._exit(0)
            said = str(probe())
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(pid, 0)
    return said


def has_user_namespaces(user: int) -> bool:
    """Whether the kernel gives a plain user a user namespace at all."""
    if (pid := os.fork()) == 0:
        try:
            os.setresuid(user, user, user)
            os.unshare(os.CLONE_NEWUSER)
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


@isolated
@pytest.mark.skipif(os.getuid() != 0, reason="all tests run as a plain user")
def test_a_plain_user_has_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two walks, one after the other, of somebody who is root nowhere."""
    if not has_user_namespaces(sandbox.NOBODY):
        pytest.skip("the kernel gives plain users no namespaces")
    for name in ("base_prefix", "prefix"):  # this Python may lie in root's home
        monkeypatch.setattr(sys, name, "/usr")
    monkeypatch.setitem(globals(), "PATHS", ["/usr"])

    def probe() -> list[object]:
        (sandbox.BASE / "file").write_text("mine")
        seen = [one.name for one in Path("/proc").glob("[0-9]*")]
        written = [one.name for one in sandbox.BASE.iterdir()]
        return [os.getpid(), os.getuid(), seen, Path("/home").exists(), written]

    expected = [1, sandbox.NOBODY, ["1"], False, ["file"]]
    assert inside(probe, sandbox.NOBODY) == str(expected)


@isolated
@pytest.mark.skipif(os.getuid() != 0, reason="all tests run as a plain user")
def test_a_plain_user_checks_hostile_pages(tmp_path: Path) -> None:
    """What only the kernel keeps in is kept in for him too, with the same words."""
    if not has_user_namespaces(sandbox.NOBODY):
        pytest.skip("the kernel gives plain users no namespaces")
    packages.load()  # made with the first check, by the checkout's owner
    data = tmp_path / "results.json"
    names = sorted(f"tests/pages/{name}" for name in ISOLATED)
    pages = [f"{name}/{file}.md" for name in names for file in ("good", "bad")]
    options = ["--no-cache", "--seconds", "3", "--jobs", "2", "--json", str(data)]
    as_plain_user = [sys.executable, ROOT / "tests" / "plain_user.py", tmp_path]
    done = subprocess.run(
        [*as_plain_user, *command(*options, *pages)],
        capture_output=True,
        text=True,
        env={**os.environ, "GITHUB_TOKEN": "secret"},
    )
    assert data.exists(), done.stdout + done.stderr
    results = json.loads(data.read_text())
    assert data.stat().st_uid == sandbox.NOBODY
    assert results["isolated"]
    assert [page for page in pages if results["pages"][page]["held"]] == pages[::2]
    for name in names:
        came = [one for one in told(done.stdout) if one.page == f"{name}/bad.md"]
        assert all_fit(told((ROOT / name / "report.txt").read_text()), came), came


def test_memory_is_summed(tmp_path: Path) -> None:
    """Alone, each of the programs may hold what it holds. Not in `pages/`, for what it takes."""
    little, much = tmp_path / "little.md", tmp_path / "much.md"
    little.write_text(HOLDING.replace("SIZE", "20").replace("TIME", "1"))
    much.write_text(HOLDING.replace("SIZE", "400").replace("TIME", "100"))
    found = check(little, much, "--examples", "--seconds", "20", folder=tmp_path).told
    assert [(one.page, one.head.partition(": ")[2]) for one in found] == [
        (str(much), "Flask: the programs of this page held more than 2 GiB of memory together")
    ]
    assert found[0].head.startswith(f"{much}:16:")


@isolated
def test_no_folder_of_the_machine_but_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a home, a checkout or a socket would be, there is only the way to this Python."""
    monkeypatch.setattr(sys, "path", PATHS)
    shown = {str(path) for path in sandbox._shown()}
    ways = {str(way) for path in shown for way in Path(path).parents}

    def others() -> list[str]:
        found = []
        for folder, folders, files in Path("/").walk():
            found += [str(folder / name) for name in folders + files]
            folders[:] = [name for name in folders if str(folder / name) in ways]
        return sorted(set(found) - shown - ways)

    own = {"/proc", "/tmp", "/var", "/reader", "/dev/shm", "/dev/fd", "/dev/stdin",
           "/dev/stdout", "/dev/stderr", "/dev/pts", "/dev/ptmx", "/dev/pts/ptmx"}  # fmt: skip
    assert set(inside(others).strip("[]'").split("', '")) <= own | {""}


@isolated
@pytest.mark.parametrize("path", ["/etc/shadow", "/run", "/sys", "/dev/mem", ROOT / "docs"])
def test_not_there(path: Path | str) -> None:
    assert inside(Path(path).exists) == "False"


@isolated
def test_only_own_processes() -> None:
    assert inside(lambda: [one.name for one in Path("/proc").glob("[0-9]*")]) == "['1']"


def refused(call: Callable[[], object]) -> Callable[[], str]:
    """A probe that tells by which error a call fails."""

    def probe() -> str:
        try:
            call()
        except OSError as error:
            return errno.errorcode.get(error.errno or 0, "?")
        return "went through"

    return probe


@isolated
@pytest.mark.parametrize(
    ("family", "kind"),
    [(40, socket.SOCK_STREAM), (17, socket.SOCK_RAW), (38, socket.SOCK_SEQPACKET),
     (31, socket.SOCK_RAW), (29, socket.SOCK_RAW)],
    ids=["vsock", "packet", "alg", "bluetooth", "can"],
)  # fmt: skip
def test_no_odd_sockets(family: int, kind: int) -> None:
    assert inside(refused(lambda: socket.socket(family, kind))) == "EAFNOSUPPORT"


@isolated
@pytest.mark.parametrize("name", ["unshare", "mount", "ptrace", "pidfd_getfd", "keyctl", "bpf",
                                  "io_uring_setup", "userfaultfd", "memfd_create"])  # fmt: skip
def test_no_calls_of_the_kernel_that_no_page_needs(name: str) -> None:
    column = 0 if os.uname().machine == "x86_64" else 1
    number = seccomp.REFUSED[name][column]

    def call() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(number, 0, 0, 0, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), "refused")

    assert inside(refused(call)) == "EPERM"


@isolated
def test_no_namespaces_by_clone() -> None:
    number = seccomp.CLONE[0 if os.uname().machine == "x86_64" else 1]

    def call() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syscall(number, os.CLONE_NEWUSER | 17, 0, 0, 0, 0) < 0:
            raise OSError(ctypes.get_errno(), "refused")

    assert inside(refused(call)) == "EPERM"


@isolated
def test_a_keyring_of_its_own() -> None:
    """What the kernel shows of the keyrings that a process has: empty ones, and no key.

    That of a user's sessions, where there is one, links the user's own, which is empty.
    """
    keys = inside(lambda: Path("/proc/keys").read_text()).splitlines()
    known = re.compile(r".* keyring +(?:\S+: empty|_uid_ses\.\d+: 1) *")
    assert [row for row in keys if not known.fullmatch(row)] == []


@isolated
def test_only_loopback() -> None:
    assert inside(lambda: [name for _, name in socket.if_nameindex()]) == "['lo']"
    assert "unreachable" in inside(lambda: socket.create_connection(("192.0.2.1", 80), 1))


@isolated
def test_no_powers() -> None:
    status = inside(lambda: Path("/proc/self/status").read_text())
    assert set(re.findall(r"Cap\w+:\s+(\w+)", status)) == {"0" * 16}
    assert "NoNewPrivs:\t1" in status
    assert "Uid:\t0" not in status


@isolated
def test_what_is_read_only_stays_so() -> None:
    """Not by a mount, and not by one in yet another namespace."""

    def remount(worlds: int) -> int:
        if worlds:
            os.unshare(worlds)
        libc = ctypes.CDLL(None, use_errno=True)
        libc.mount(b"none", b"/usr", None, ctypes.c_ulong(32 | 4096), None)
        return ctypes.get_errno()

    assert inside(lambda: remount(0)) == "1"  # EPERM
    again = inside(lambda: remount(os.CLONE_NEWUSER | os.CLONE_NEWNS))
    assert again == "1" or "Operation not permitted" in again or "No space" in again
    assert "Read-only" in inside(Path("/tmp/x").touch)


@isolated
def test_one_folder_to_write_in() -> None:
    assert inside(lambda: (sandbox.BASE / "x").write_text("x")) == "1"
    assert not sandbox.BASE.exists()


def test_a_process_without_a_name_is_told_if_no_other_is() -> None:
    """A fork bomb leaves some behind that are about to be gone."""
    assert processes.names({7: "", 8: "bash", 9: "sleep 1", 10: "bash"}) == ["bash", "sleep 1"]
    assert processes.names({7: ""}) == ["process 7"]
    assert processes.names({}) == []
    assert processes.command(2**22 + 1) == ""


def test_a_system_without_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """It falls back, and says so in one line."""
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not sandbox.available()


def test_pages_that_hang_their_reader_end(tmp_path: Path) -> None:
    """A page that makes its own shell wait loses that, and no other page anything."""
    page = tmp_path / "page.md"
    line = "rm ../run/state-0; mkfifo ../run/state-0"
    page.write_text(f"# Page\n\n```console\n$ {line}\n$ echo one\n```\n")
    run = check(page, PAGES / "both-wrong" / "good.md", "--seconds", "0.5", folder=tmp_path)
    assert run.status == 1
    assert [one.head.partition(": ")[2] for one in run.told if one.page == str(page)] == [
        f"Flask: `$ {line}` did not finish in 0.5 seconds"
    ]


def test_pages_that_cannot_be_rendered_cost_no_other(tmp_path: Path) -> None:
    """Python-Markdown recurses where lists nest, and is steep on brackets that nobody closes."""
    head = "---\ntitle: A page\ndescription: A page.\nexamples: none\n---\n\n# A page\n\n"
    texts = {"brackets.md": "[" * 60_000, "lists.md": "- " * 10_000 + "a", "plain.md": "A word."}
    for name, text in texts.items():
        (tmp_path / name).write_text(head + text + "\n")
    run = check(*(tmp_path / name for name in texts), folder=tmp_path)
    assert run.status == 1
    assert {Path(one.page).name: one.head.rpartition(".md:1: ")[2] for one in run.told} == {
        "brackets.md": "the page was not rendered in 10 seconds: is a line of it very long?",
        "lists.md": "the page is nested too deeply to be rendered",
    }


@pytest.mark.parametrize(
    "html",
    [
        '<a href="page.md#x">', '<a href="https://flask.palletsprojects.com/">', "<p>a &lt; b</p>",
        '<a href="mailto:x@example.org">', '<img src="../assets/pair.png" alt="x" width="600">',
        "<!-- measured: 2 cores -->",
        "<p>می\u200cخواهم &amp; &copy; &#8230;</p>", "<p>\U0001f469\u200d\U0001f4bb</p>",
        '<td style="text-align: left;">', '<a href="?framework=django">', '<div class="grid">',
    ],
)  # fmt: skip
def test_content(html: str) -> None:
    assert safe.problems(html) == []


@pytest.mark.parametrize(
    "html",
    [
        '<a href="JavaScript:x">', '<a href="java\nscript:x">', '<a href="data:text/html,x">',
        '<a href="\x01javascript:x">', '<a href="vbscript:x">', '<img src="//host/x.png">',
        '<img src="data:image/svg+xml,x">', "<svg onload=x>", '<form action="/x">',
        "<!-- x -- y -->", "<!--x-->", "<!-- > -->",
        '<p style="color: red">', "<p onclick=x>", "<base href=/>", '<meta http-equiv="refresh">',
        "<?php x ?>", "<![CDATA[x]]>", "<!DOCTYPE x>", "a < b", "<link rel=stylesheet>",
        '<p title=="x><b>">x</p>', "<p title='<b>'>x</p>", '<img src="\\\\host/x.png" alt="x">',
        '<p id="__config">x</p>', '<p class="md-overlay">x</p>', "<p>x</p></div></main>",
        "<p>turned \u202eround</p>", "<p>tagged \U000e0041</p>",
        "<p>turned &#x202e;round</p>", "<p>turned &#8238;round</p>", "<p>zero&ZeroWidthSpace;</p>",
        '<p title="turned \u202eround">x</p>', "<p>word\u2060joiner</p>", "<p>filler\u3164</p>",
        "<p>soft\u00adhyphen</p>", "<p>zero\u200bwidth</p>", "<p>x</br>y</p>",
        '<p class="exchange-chrome">x</p>', '<p class="a verified">x</p>', '<p class="begin">x</p>',
        '<a class="headerlink" href="#x">', '<p id="searchindex">x</p>', '<p id="body">x</p>',
        '<a href="x" target="_blank">', "<button>", '<object data="x">', "<template>",
    ],
)  # fmt: skip
def test_no_content(html: str) -> None:
    assert safe.problems(html)


def test_the_site_shows_hostile_text_as_text(tmp_path: Path) -> None:
    page = f'''# Page

Say `{HOSTILE}` here.

```html title="{HOSTILE.replace(" ", "_")}.html"
{HOSTILE}
```

```http
POST /{HOSTILE.replace(" ", "")} HTTP/1.1
X-Header: {HOSTILE}
Content-Type: text/html

{HOSTILE}

HTTP/1.1 200 OK
X-Header: {HOSTILE}

{HOSTILE}
```

```console
$ echo "{HOSTILE}"
{HOSTILE}
```
'''
    html = built_alone(tmp_path, page)
    article = html[html.index("<article") : html.index("</article>")]
    assert article.count("alert") >= 10
    assert "<script>alert" not in article
    assert "<img" not in article
