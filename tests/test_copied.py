"""What a request's button copies does what the page shows, in both frameworks.

A page's panels are rendered, a project of each framework is started as a reader starts it, and the
copied commands are typed one after the other into one shell, as a reader would.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import markdown
import pytest
from lxml import html
from tandem_site.curl import Sender, commands, jar_of
from tandem_site.panels import exchange, options
from tandem_site.values import captured

BIN = Path(sys.executable).parent
FILES = Path(__file__).with_name("copied")  # a project of each framework, and the page


@dataclass(frozen=True, slots=True)
class Server:
    port: int
    folder: Path


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(params=["flask", "django"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """A project started by the framework's own command, and the folder where a reader types."""
    port = _free()
    if request.param == "flask":
        shutil.copy(FILES / "app.py", tmp_path)
        command = [BIN / "flask", "run", "--port", str(port)]
    else:
        shutil.copy(FILES / "manage.py", tmp_path)
        command = [BIN / "python", "manage.py", "runserver", "--noreload", str(port)]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
    deadline = time.monotonic() + 60
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None and time.monotonic() < deadline, (
            tmp_path / "log"
        ).read_text()
        time.sleep(0.05)
    (tmp_path / "typing").mkdir()
    yield Server(port, tmp_path / "typing")
    process.terminate()
    process.wait(10)


def render(text: str) -> str:
    fence = {"name": "http", "class": "exchange", "format": exchange, "validator": options}
    settings = {"pymdownx.superfences": {"custom_fences": [fence]}}
    extensions = ["tandem_site.extension", *settings]
    return markdown.markdown(text, extensions=extensions, extension_configs=settings)


def panels(text: str) -> list[tuple[str, str]]:
    """What each request's button copies, and the answer that the page shows below it."""
    tree = html.fromstring(render(text))
    requests = tree.find_class("request")
    answers = [one.find(".//pre").text_content() for one in tree.find_class("response")]
    return list(zip([one.get("data-copy") for one in requests], answers, strict=True))


def test_copied_commands_do_what_the_page_shows(server: Server) -> None:
    shown = panels((FILES / "page.md").read_text())
    edge = "\x1e"
    script = f"printf '{edge}'\n".join(
        copied.replace("127.0.0.1:5000", f"127.0.0.1:{server.port}") + "\n" for copied, _ in shown
    )
    done = subprocess.run(
        ["sh", "-u"], input=script, cwd=server.folder, capture_output=True, text=True,
        env={**os.environ, "HOME": "/nobody"}, timeout=120,
    )  # fmt: skip
    got = done.stdout.split(edge)
    assert len(got) == len(shown), done.stderr
    for answer, (copied, want) in zip(got, shown, strict=True):
        _same(answer.replace("\r\n", "\n"), want, copied)


def _same(answer: str, want: str, copied: str) -> None:
    head, _, body = answer.partition("\n\n")
    shown_head, _, shown = want.rstrip("\n").partition("\n\n")
    first, *lines = shown_head.split("\n")
    # Servers spell reasons as they like, and Django says which HTTP it speaks.
    assert head.split(" ")[1] == first.split(" ")[1], (copied, answer)
    for line in lines:
        assert re.search(f"(?mi)^{_loose(line)}$", head), (copied, answer)
    if shown.startswith("{"):
        assert re.fullmatch(_loose(_sorted(shown)), _sorted(body))
    elif shown:
        assert re.fullmatch(_loose(shown), body.rstrip("\n")), (copied, answer)


def _sorted(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)


def _loose(text: str) -> str:
    """A pattern for what a page shows: `...` and names stand for anything."""
    return re.sub(r'"?\\\$[A-Z]+"?|\\\.\\\.\\\.', ".*", re.escape(text))


def test_a_shell_can_read_what_every_panel_copies(site: Path) -> None:
    copied = [
        one.get("data-copy")
        for file in sorted(site.rglob("*.html"))
        for one in html.fromstring(file.read_bytes()).find_class("request")
    ]
    server = re.compile(r"http://(127\.0\.0\.1:5000|localhost:\d+)/?")
    assert copied and all("curl -" in one and server.search(one) for one in copied)
    done = subprocess.run(
        ["sh", "-n"], input="\n".join(copied), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_visitor_has_a_jar_and_a_form_is_named() -> None:
    fence = (
        '```http title="Grace\'s browser" form="/in/"\nPOST /in/ HTTP/1.1\n\nHTTP/1.1 200 OK\n```'
    )
    tree = html.fromstring(render(fence))
    assert [one.text for one in tree.find_class("sender")] == ["Grace's browser"]
    (form,) = tree.find_class("exchange-form")
    assert form.text_content() == "Sent with the hidden fields of the form at /in/"
    assert "graces-browser.jar" in tree.find_class("request")[0].get("data-copy")


def test_a_fence_with_another_option_is_no_exchange() -> None:
    fence = '```http tilte="Grace"\nGET / HTTP/1.1\n\nHTTP/1.1 200 OK\n```'
    assert "exchange" not in render(fence)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ('HTTP/1.1 200 OK\n\n{"a": {"key": "$KEY"}}', '{"a":{"key":"v-1"},"b":{"key":"v-2"}}'),
        ("HTTP/1.1 200 OK\nX-Reset: /r/$UID/$KEY/", "x-reset: /r/17/v-1/"),
        ('HTTP/1.1 200 OK\n\n<p>\n  <a href="/r/...?$UID.$KEY">', ' <a href="/r/a/?17.v-1">go</a>'),
    ],
    ids=["json", "header", "html"],
)
def test_a_value_is_taken_from_where_the_page_shows_it(answer: str, body: str) -> None:
    lines = commands("GET / HTTP/1.1", answer).split("\n")
    script = "\n".join([f"answer={shlex.quote(body)}", *lines[2:], 'printf %s "$KEY"'])
    done = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=True)
    assert done.stdout == "v-1"


def test_only_what_answers_give_is_a_variable() -> None:
    page = "```console\n$ echo $HOME\n```\n\n```http\nGET /$PATH HTTP/1.1\n\n"
    page += "HTTP/1.1 200 OK\n\n$KEY\n```\n"
    assert captured(page) == {"KEY"}
    line = commands("GET /$PATH/$KEY/ HTTP/1.1", names=captured(page))
    assert line.endswith("'http://127.0.0.1:5000/$PATH/'\"$KEY\"/")
    assert jar_of("") == Sender().jar


def test_a_host_with_a_port_of_this_machine_is_where_a_request_goes() -> None:
    """A server of the page is there; any other host is a name that the usual server is told."""
    line = commands("GET /a/ HTTP/1.1\nHost: localhost:8001", sender=Sender(form="/b/"))
    assert "http://localhost:8001/a/" in line and "http://localhost:8001/b/" in line
    assert "Host" not in line and "5000" not in line
    line = commands("GET /a/ HTTP/1.1\nHost: notes.example:8001")
    assert line.endswith("-H 'Host: notes.example:8001' http://127.0.0.1:5000/a/")


def test_a_request_that_shows_its_cookies_keeps_what_the_answer_sets() -> None:
    line = commands("GET / HTTP/1.1\nCookie: csrftoken=a")
    assert line == "curl -i -c jar -H 'Cookie: csrftoken=a' http://127.0.0.1:5000/"
