"""The container's nginx, started and asked: headers, compression, and what it refuses."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import brotli
import pytest
from checker import ROOT
from tandem.world import programs

HOSTING = ROOT / "hosting"
NGINX = shutil.which("nginx", path=":".join(programs.folders()))
SCRIPT = "assets/javascripts/bundle.0123abcd.min.js"
FILES = {
    "index.html": "<h1>Home</h1>\n" * 100,
    "404.html": "<h1>Nothing here</h1>\n" * 100,
    "guides/data/models/index.html": "<h1>Models</h1>\n" * 100,
    "guides/index.md": "# Models\n" * 100,
    "assets/tandem.css": "p { color: red }\n" * 100,
    "assets/pair.png": "not really a picture\n" * 100,
    SCRIPT: "let a = 1;\n" * 100,
    ".secret": "do not serve\n",
    "news/feed.xml": "<feed/>\n" * 100,
    "assets/drawing.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n" * 100,
}


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The image's nginx with the image's configuration, on a port of this machine."""
    if NGINX is None:
        pytest.skip("no nginx for this platform")
    folder = tmp_path_factory.mktemp("hosting")
    for name, text in FILES.items():
        path = folder / "built" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    command = [sys.executable, ROOT / "scripts" / "dist.py", folder / "built", folder / "srv"]
    subprocess.run(command, check=True)
    for name in ("site", "gzip", "br"):
        (folder / "srv" / name / "link.txt").unlink(missing_ok=True)
        (folder / "srv" / name / "link.txt").symlink_to("/etc/hosts")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    text = (HOSTING / "nginx.conf").read_text()
    text = re.sub("/(tmp|srv)/", lambda match: f"{folder}/{match[1]}/", text)
    (folder / "tmp").mkdir()
    if os.getuid() == 0:  # or its worker is nobody, whom the test's folder is closed to
        text = f"user root;\n{text}"
    text = text.replace("listen 8080", f"listen 127.0.0.1:{number}")
    text = text.replace("/dev/stdout", f"{folder}/access.log")
    types = next(Path(NGINX).parents[1].rglob("mime.types"), None)
    (folder / "mime.types").write_text(types.read_text() if types else MIME)
    (folder / "nginx.conf").write_text(text)
    (folder / "redirects.map").write_text("/orm/ /guides/data/models/;\n")
    options = ["-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    subprocess.run([NGINX, *options, "-t"], check=True, capture_output=True)
    process = subprocess.Popen([NGINX, *options])
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", number)) == 0:
                break
        time.sleep(0.05)
    yield number
    process.terminate()
    process.wait(10)


MIME = """types {
    text/html html; text/css css; text/xml xml; application/javascript js; image/png png;
    text/plain txt; application/json json; image/svg+xml svg;
}
"""


def ask(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    """A request whose path goes over the wire as it is written here."""
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    link.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        link.putheader(name.replace("_", "-"), value)
    link.endheaders()
    reply = link.getresponse()
    found = {name.lower(): value for name, value in reply.getheaders()}
    answer = Answer(reply.status, found, reply.read())
    link.close()
    return answer


@pytest.mark.parametrize("encoding", ["", "identity", "br;q=0", "br; q=0.0, identity"])
def test_plain(port: int, encoding: str) -> None:
    answer = ask(port, "/", **({"Accept_Encoding": encoding} if encoding else {}))
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "content-encoding" not in answer.headers
    assert answer.body.decode() == FILES["index.html"]


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/guides/data/models/", "guides/data/models/index.html", "text/html; charset=utf-8"),
        ("/guides/index.md", "guides/index.md", "text/markdown; charset=utf-8"),
        ("/assets/tandem.css", "assets/tandem.css", "text/css; charset=utf-8"),
        (f"/{SCRIPT}", SCRIPT, "application/javascript; charset=utf-8"),
    ],
)  # fmt: skip
def test_compressed(port: int, path: str, name: str, kind: str) -> None:
    zipped = ask(port, path, Accept_Encoding="gzip")
    small = ask(port, path, Accept_Encoding="gzip, deflate, br, zstd")
    assert (zipped.headers["content-encoding"], small.headers["content-encoding"]) == ("gzip", "br")
    assert gzip.decompress(zipped.body) == brotli.decompress(small.body) == FILES[name].encode()
    for answer in (zipped, small):
        assert answer.headers["content-type"] == kind
        assert "Accept-Encoding" in answer.headers["vary"]
        assert len(answer.body) < len(FILES[name]) / 5


def test_a_picture_is_not_compressed_again(port: int) -> None:
    answer = ask(port, "/assets/pair.png", Accept_Encoding="gzip, br")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/png")
    assert "content-encoding" not in answer.headers
    assert answer.body.decode() == FILES["assets/pair.png"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/assets/tandem.css", 200), ("/nowhere/", 404), ("/orm/", 301)],
)
def test_headers(port: int, path: str, status: int) -> None:
    answer = ask(port, path)
    headers = answer.headers
    assert answer.status == status
    assert headers["content-security-policy"] == "frame-ancestors 'none'"
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["server"] == "nginx"
    assert "strict-transport-security" not in headers


def test_only_over_tls_is_tls_demanded(port: int) -> None:
    answer = ask(port, "/", X_Forwarded_Proto="https")
    assert answer.headers["strict-transport-security"] == "max-age=63072000"


def test_cache(port: int) -> None:
    kept = "public, max-age=31536000, immutable"
    for encoding in ("identity", "gzip", "br"):
        script = ask(port, f"/{SCRIPT}", Accept_Encoding=encoding)
        assert script.headers["cache-control"] == kept
    page = ask(port, "/")
    assert page.headers["cache-control"] == "no-cache"
    again = ask(port, "/", If_None_Match=page.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert ask(port, "/bundle.0123abcd.min.js").headers.get("cache-control") != kept


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
@pytest.mark.parametrize(
    "path",
    ["/nowhere/", "/assets/", "/assets/javascripts/", "/.secret", "/.git/config", "/link.txt",
     "/guides/", "/404.html", "/assets/tandem.css/x"],
)  # fmt: skip
def test_not_found(port: int, path: str, encoding: str) -> None:
    """The page for it, in whatever encoding; no list of a folder, no hidden file, no link."""
    answer = ask(port, path, Accept_Encoding=encoding)
    unpack = {"gzip": gzip.decompress, "br": brotli.decompress}.get(
        answer.headers.get("content-encoding", ""), bytes
    )
    assert answer.status == 404
    assert b"Nothing here" in unpack(answer.body)
    assert b"Index of" not in unpack(answer.body)


@pytest.mark.parametrize(
    "path",
    ["/../nginx.conf", "/..%2fnginx.conf", "/%2e%2e/%2e%2e/etc/hosts",
     "/assets/..%2f..%2fnginx.conf",
     "/assets/../../nginx.conf", "/..%5cnginx.conf", "/%2e%2e%2f%2e%2e%2fetc/hosts", "//etc/hosts",
     "/assets../nginx.conf", "/%00", "/assets/%252e%252e/%252e%252e/nginx.conf"],
)  # fmt: skip
def test_no_way_out(port: int, path: str) -> None:
    answer = ask(port, path)
    assert answer.status in {400, 404}
    assert b"worker_processes" not in answer.body and b"localhost" not in answer.body


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
@pytest.mark.parametrize("path", ["/", "/assets/tandem.css"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE"])
def test_only_reading(port: int, method: str, path: str, encoding: str) -> None:
    """The server's own page says no, in plain HTML."""
    answer = ask(port, path, method, Accept_Encoding=encoding)
    assert answer.status == 405
    assert "content-encoding" not in answer.headers
    assert b"405 Not Allowed" in answer.body


@pytest.mark.parametrize("encoding", ["identity", "gzip", "br"])
@pytest.mark.parametrize("part", ["bytes=0-9", "bytes=99999-"])
def test_a_file_is_sent_whole(port: int, encoding: str, part: str) -> None:
    """So that no answer says 416, whose page would carry the encoding of the file."""
    whole = ask(port, "/assets/tandem.css", Accept_Encoding=encoding)
    answer = ask(port, "/assets/tandem.css", Accept_Encoding=encoding, Range=part)
    assert (answer.status, answer.body) == (200, whole.body)
    assert answer.headers.get("content-encoding") == whole.headers.get("content-encoding")


@pytest.mark.parametrize("path", ["/assets/drawing.svg", "/news/feed.xml"])
def test_a_drawing_runs_nothing(port: int, path: str) -> None:
    answer = ask(port, path, Accept_Encoding="br")
    assert (answer.status, answer.headers["content-encoding"]) == (200, "br")
    rules = answer.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in rules and "frame-ancestors 'none'" in rules
    assert not any(rule.startswith("script-src") for rule in rules)


def test_a_moved_address(port: int) -> None:
    answer = ask(port, "/orm/?framework=django")
    assert (answer.status, answer.headers["location"]) == (
        301,
        "/guides/data/models/?framework=django",
    )
    folder = ask(port, "/guides/data/models")
    assert (folder.status, folder.headers["location"]) == (301, "/guides/data/models/")


def test_the_image_has_what_was_tested(tmp_path: Path) -> None:
    """What the Containerfile copies is there, and goes where the configuration looks for it."""
    lines = (HOSTING / "Containerfile").read_text().splitlines()
    said = [line.split() for line in lines if line[:1].isupper()]
    (configuration,) = [json.loads(line[11:]) for line in lines if line.startswith("ENTRYPOINT")]
    copied = {}
    for _, *names, target in (words for words in said if words[0] == "COPY"):
        for name in names:
            copied[f"{target.rstrip('/')}/{Path(name).name}" if "." in name else target] = name
    text = (ROOT / copied.pop(configuration[-1])).read_text()
    included = re.findall(r"^\s*include (\S+\.map);", text, re.MULTILINE)
    assert [copied.pop(f"/etc/nginx/{name}") for name in included] == ["hosting/redirects.map"]
    (root,) = re.findall(r"^\s*root (\S+)/\$folder;", text, re.MULTILINE)
    assert copied == {root: "dist"}
    folders = set(re.findall(r"\b(site|gzip|br);", text))
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "index.html").touch()
    command = [sys.executable, ROOT / "scripts" / "dist.py", tmp_path / "built", tmp_path / "dist"]
    subprocess.run(command, check=True)
    assert {one.name for one in (tmp_path / "dist").iterdir()} == folders
    (port,) = re.findall(r"^\s*listen (\d+);", text, re.MULTILINE)
    assert ["EXPOSE", port] in said
    assert any(words[0] == "HEALTHCHECK" and f":{port}/" in words[-1] for words in said)
    assert ["USER", "nginx"] in said
