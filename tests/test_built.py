"""Whatever a page holds, the built site holds content only: hostile pages, built as they stand.

They go to the builder without the checker before it, so that what is proven here does not depend
on what the checker refuses.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import feedparser
import html5lib
import material
import pytest
from lxml import etree
from tandem_site import checks, inline, news, shape
from tandem_site.checks import files
from tandem_site.checks.built import Built
from tandem_site.markup import read

ROOT = Path(__file__).resolve().parents[1]
BASE = "https://tandem.example/docs/"
NEWS = "# What's new\n\n## 2026-11-25: News\n\nA word, [a page](index.md).\n\n"
HOSTILE = {
    "script": ("<script>document.title = 'OWNED'</script>", "`<script>` is nothing that a page"),
    "known": ("<script>document.documentElement.dataset.pairs = \"\"</script>", "`<script>` is no"),
    "equals": ('<p title=="x><script>document.title=`OWNED`</script>">text</p>', "`<script>`"),
    "handler": ("<img src=x alt=a onerror=alert(1)>", "no attribute `onerror`"),
    "slash": ("<img/onerror=alert(1)/src=x>", "no attribute `onerror`"),
    "backslash": (r'A dot <img src="\\evil.example/dot.png" alt="a">.', "not a file of this site"),
    "host": ('A dot <img src="//evil.example/dot.png" alt="a">.', "not a file of this site"),
    "link": ('<a href="java&#10;script:alert(1)">x</a>', "nothing that a page links to"),
    "scheme": ('<a href="javascript:alert(1)">x</a>', "nothing that a page links to"),
    "base": ('<base href="https://evil.example/">', "`<base>` is nothing"),
    "frame": ('<iframe srcdoc="&lt;script>1&lt;/script>"></iframe>', "`<iframe>` is nothing"),
    "form": ('<form action="https://evil.example/"><button>Go</button></form>', "`<form>`"),
    "style": ("<style>* { display: none }</style>", "`<style>` is nothing"),
    "attribute": ('<p style="position: fixed">over all</p>', "`style` aligns columns"),
    "foreign": ("<svg><style><img src=x onerror=alert(1)></style></svg>", "`<style>`"),
    "math": ("<math><mtext><table><mglyph><style><img src=x onerror=1>", "`<math>`"),
    "noscript": ('<noscript><p title="</noscript><img src=x onerror=1>"></noscript>', "`<noscript"),
    "remark": ("<!--><script>alert(1)</script>-->", "`<script>` is nothing"),
    "clobber": ('<a id="__config">{"base": "//evil.example"}</a>', "`id=__config` is the theme's"),
    "hidden": ('<p class="md-search__overlay">unseen</p>', "theme's class `md-search__overlay`"),
    "field": ('<input type="checkbox" id="x">', "no fields but those of tabs"),
    "end": ("<div>\n\n</div></div></article></div></div></main><p>outside</p>", "end tag too many"),
    "refresh": (
        '---\ntitle: x\ndescription: 0;url=https://evil.example/" http-equiv="refresh\n---\n',
        "a page does not say `http-equiv=refresh`",
    ),
    "part": (
        '---\ntitle: x\ndescription: 1" data-md-component="search-query\n---\n',
        "no attribute `data-md-component`",
    ),
    "dots": (
        "---\ntitle: x\ndescription: x\n...\n# <script>document.title = 'OWNED'</script>\n---\n",
        "`<script>`",
    ),
    "template": ("---\ntemplate: redirect.html\nlocation: https://evil.example/\n---\n", "times"),
}  # fmt: skip
HONEST = {
    "equiv": "Talk of http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\" here.",
    "table": "| a | b |\n|--|:-:|\n| 1 | 2 |",
    "tabs": '=== "Flask"\n\n    One.\n\n=== "Django"\n\n    Two.',
    "boxes": '??? solution "Solution"\n\n    Two[^1].\n\n[^1]: A note.\n\nTerm\n:   Meaning.',
}  # fmt: skip


def project(folder: Path, pages: dict[str, str], redirects: str = "", new: str = NEWS) -> Path:
    """A copy of what makes the site, with these pages alone."""
    for name in ("scripts", "overrides", "hosting"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "docs" / "assets", folder / "docs" / "assets")
    configuration = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[0]
    (folder / "mkdocs.yml").write_text(configuration)
    (folder / "hosting" / "redirects.map").write_text(redirects)
    # A page in folders has breadcrumbs, and a section in the navigation.
    pages = {"index": "# Home\n", "whats-new": new, "guides/data/deep": "# Deep\n", **pages}
    for name, text in pages.items():
        head = "" if text.startswith("---") else "---\ntitle: A page\ndescription: One.\n---\n\n"
        (folder / "docs" / f"{name}.md").parent.mkdir(parents=True, exist_ok=True)
        (folder / "docs" / f"{name}.md").write_text(f"{head}{text}\n")
    return folder


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "scripts/build.py", "--unchecked"],
        cwd=folder,
        env={**os.environ, "SITE_URL": BASE},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site with every hostile page; the build refused to publish it."""
    texts = {name: text for name, (text, _) in HOSTILE.items()}
    folder = project(tmp_path_factory.mktemp("hostile"), texts | HONEST)
    done = build(folder)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.endswith("build: the site is not fit to be published\n")
    assert "/index.html: `<script>` is nothing that a page brings (and on" in done.stderr
    return folder / "site"


def found(site: Path, name: str) -> list[str]:
    path = f"{name}/index.html"
    page = Built(path, read(site / path), site, BASE)
    return [what for check in checks.PAGE for what in check(page)]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_is_refused(hostile: Path, name: str) -> None:
    assert any(HOSTILE[name][1] in what for what in found(hostile, name)), found(hostile, name)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_page_is_not(hostile: Path, name: str) -> None:
    assert found(hostile, name) == []


def test_a_title_cannot_bring_a_script(tmp_path: Path) -> None:
    """It stands in the head, and in the navigation of every page."""
    title = "---\ntitle: x</title><script>alert(1)</script>\n---\n"
    done = build(project(tmp_path, {"title": title}))
    assert done.returncode == 1
    assert "`<script>` that begins `alert(1)` is not on the list of scripts" in done.stderr


def test_a_second_body_brings_nothing(tmp_path: Path) -> None:
    """What is written is the tree that was judged: what the reading dropped is not there."""
    folder = project(tmp_path, {"body": "<body onload=alert(1)>text</body>"})
    assert build(folder).returncode == 0
    assert "onload" not in (folder / "site" / "body" / "index.html").read_text()


@pytest.mark.parametrize("name", [*HOSTILE, *HONEST])
def test_a_browser_runs_no_script_of_a_page(hostile: Path, name: str) -> None:
    """Read as a browser reads it (html5lib), each script that the policy lets run is known."""
    text = (hostile / name / "index.html").read_text()
    tree = html5lib.parse(text, treebuilder="lxml", namespaceHTMLElements=False)
    policies = tree.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert len(policies) == 1
    hashes = re.findall(r"'sha256-[^']+'", policies[0])
    scripts = {one.text or "" for one in tree.iter("script") if one.get("src") is None}
    known = {text for text in scripts if inline.is_known(text)}
    assert len(set(hashes)) == len(hashes) == len(known)
    assert "unsafe-inline" not in policies[0].replace("style-src-attr 'unsafe-inline'", "")


def test_pages_are_cut_into_tags_as_browsers_do() -> None:
    """libxml2 reads HTML by the rules of HTML 5 since this version; lxml brings its own."""
    assert etree.LIBXML_VERSION >= (2, 14)


def test_each_known_script_is_still_there(site: Path) -> None:
    """The list holds what stands in pages, and nothing that the theme no longer brings."""
    trees = [read(site / name) for name in ("index.html", "404.html")]
    seen = {inline.digest(one.text or "") for tree in trees for one in tree.iter("script")}
    assert inline.known().keys() <= seen


def test_a_place_that_the_theme_has_no_more_is_missed(site: Path) -> None:
    tree = read(site / "404.html")
    for one in tree.xpath("//div[@data-md-component='search']"):
        one.drop_tree()
    said = list(shape.change({"404.html": tree}))
    assert any(what.startswith("404.html: the theme has no place for a name") for what in said)


def test_a_partial_that_the_theme_has_changed_is_named(tmp_path: Path) -> None:
    (tmp_path / "partials").mkdir()
    theirs = Path(material.__file__).parent / "templates" / "partials"
    for name in ("palette.html", "path.html"):
        shutil.copy(theirs / name, tmp_path / "partials")
    assert list(shape.copies(tmp_path)) == []
    (tmp_path / "partials" / "palette.html").write_text("<form></form>")
    (said,) = shape.copies(tmp_path)
    assert said.startswith("overrides/partials/palette.html is made from the theme's file")


def test_the_feed_holds_what_the_page_shows(tmp_path: Path) -> None:
    fence = "```html\n<script>alert(1)</script>\n```\n\n    <img src=x onerror=alert(1)>\n"
    folder = project(tmp_path, {}, "/old/place/ /whats-new/;\n# /no/ /no/;\n", NEWS + fence)
    done = build(folder)
    assert done.returncode == 0, done.stderr
    parsed = feedparser.parse((folder / "site" / "feed.xml").read_bytes(), sanitize_html=False)
    assert not parsed.bozo and parsed.version == "atom10"
    (entry,) = parsed.entries
    assert (entry.title, entry.updated[:10], parsed.feed.updated[:10]) == (
        "News", "2026-11-25", "2026-11-25",
    )  # fmt: skip
    assert entry.id == entry.link == f"{BASE}whats-new/#2026-11-25-news"
    content = entry.content[0].value
    assert f'<a href="{BASE}">a page</a>' in content
    assert "alert(1)" in content and "<script" not in content and "<img" not in content
    stub = folder / "site" / "old" / "place" / "index.html"
    assert f'content="0; url={BASE}whats-new/"' in stub.read_text()
    assert "Content-Security-Policy" in stub.read_text()
    assert not (folder / "site" / "no").exists()


def test_each_piece_of_news_is_in_the_feed(site: Path) -> None:
    """One entry a heading, the newest first, each with an address on the page."""
    text = (ROOT / "docs" / "whats-new.md").read_text()
    headings = re.findall(r"^## (\d{4}-\d\d-\d\d): (.+)$", text, re.MULTILINE)
    assert headings == sorted(headings, key=lambda one: one[0], reverse=True)
    parsed = feedparser.parse((site / "feed.xml").read_bytes())
    assert [(one.updated[:10], one.title) for one in parsed.entries] == headings
    assert len({one.id for one in parsed.entries}) == len(headings)
    anchors = read(site / "whats-new" / "index.html").xpath("//h2/@id")
    assert {one.link.partition("#")[2] for one in parsed.entries} <= set(anchors)
    assert not any(".md" in one.content[0].value for one in parsed.entries)


def test_markup_in_the_feed_is_refused(tmp_path: Path) -> None:
    entry = news.Entry("2026-11-25", "x", "x", "<p onclick=x>a<script>1</script></p>")
    (tmp_path / "feed.xml").write_bytes(news.feed([entry], BASE))
    assert [what for check in checks.SITE for what in check(tmp_path, BASE)] == [
        "feed.xml: `onclick=x` may not be in an entry",
        "feed.xml: `<script>` is nothing that an entry brings",
    ]


@pytest.mark.parametrize(
    "row",
    ["/../../x/ /a/;", "/x/ /../a/;", "/x/ //evil.example/;", "/x/ https://evil.example/;",
     "/x/ /a/; include /etc/passwd;", "/%2e%2e/ /a/;", r"/\x/ /a/;", "/x /a/;"],
)  # fmt: skip
def test_a_moved_address_stays_on_the_site(row: str) -> None:
    with pytest.raises(ValueError, match=r"redirects\.map:2: a row is `/old/address/ /new/"):
        news.moved(f"# Moved\n{row}\n")


def test_a_moved_address_leads_from_nowhere_to_a_page(tmp_path: Path) -> None:
    folder = project(tmp_path, {}, "/whats-new/ /whats-new/;\n")
    assert "there is a page at /whats-new/, which has not moved" in build(folder).stderr
    (folder / "hosting" / "redirects.map").write_text("/old/ /gone/;\n")
    assert "there is no page at /gone/, where /old/ leads" in build(folder).stderr


def test_no_module_beside_the_pages_is_imported(tmp_path: Path) -> None:
    folder = project(tmp_path, {})
    for name in ("jinja2", "markdown", "mkdocs"):
        (folder / f"{name}.py").write_text("import pathlib\npathlib.Path('ran').touch()\n")
    done = build(folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (folder / "ran").exists()


SCRIPTED = '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><path d="M0 0"/></svg>'


def test_only_pages_and_pictures_are_published(tmp_path: Path) -> None:
    folder = project(tmp_path, {})
    docs = folder / "docs"
    (docs / "machine.md").symlink_to("/etc/hostname")
    (docs / "endless.png").symlink_to("/dev/zero")
    (docs / "circle").symlink_to("..")
    os.mkfifo(docs / "pipe.md")
    for name in ("page.markdown", "raw.html", "evil.js", "notes.txt", ".hidden", "x.MD"):
        (docs / name).write_text("# Page\n")
    (docs / "scripted.svg").write_text(SCRIPTED)
    (docs / "foreign.svg").write_text(SCRIPTED.replace('onload="alert(1)"', 'href="//x"'))
    (docs / "entity.svg").write_text('<!DOCTYPE svg [<!ENTITY a "b">]>' + SCRIPTED)
    (docs / "html.svg").write_text("<html><script>1</script></html>")
    done = build(folder)
    assert done.returncode == 1
    assert not (folder / "site").exists()
    named = re.findall(r"^build: docs/(\S+):", done.stderr, re.MULTILINE)
    assert sorted(named) == sorted(
        ["machine.md", "endless.png", "circle", "pipe.md", "page.markdown", "raw.html", "evil.js",
         "notes.txt", ".hidden", "x.MD", "scripted.svg", "foreign.svg", "entity.svg", "html.svg"]
    )  # fmt: skip


def test_an_answer_says_what_it_is_about(tmp_path: Path) -> None:
    head = "---\ntitle: How?\ndescription: One.\nabout: guides/data/deep.md\n---\n\n"
    folder = project(tmp_path, {"answers/deep/how": f"{head}# How?\n"})
    assert build(folder).returncode == 0
    built = folder / "site" / "answers" / "deep" / "how" / "index.html"
    (path,) = read(built).find_class("md-path")
    *_, about = path.iter("a")
    assert about.text_content().strip() == "A page"
    assert about.get("href") == "../../../guides/data/deep/"


def test_what_is_there_today_may_be_published() -> None:
    assert list(files.sources(ROOT / "docs")) == []


def test_the_list_of_scripts_is_data() -> None:
    listed = json.loads((ROOT / "scripts" / "tandem_site" / "inline.json").read_text())
    assert all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in listed)
    assert not inline.is_known("alert(1)")
    assert not inline.is_known('__md_scope=new URL(".",location);alert(1)')
