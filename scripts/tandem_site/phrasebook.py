"""The phrasebook: names of one framework, and what takes their place in the other.

Its rows are data, a file for each page of `docs/reference/phrasebook/`:

    title = "Requests and responses"

    [[part]]
    title = "The request"

    [[part.row]]
    flask = ["flask:request.args"]            # as scripts/tools/phrasebook_names.py explains
    django = ["django.http:HttpRequest.GET", { name = "...", show = "as people write it" }]
    note = "In Markdown, as far as code goes."
    nothing = "What to do instead"            # in a row that has names on one side alone
    deprecated = "What to do instead, too"    # for names that are on their way out; or true
    at = "guides/requests/request.md#read-the-query-string"
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor
from tandem.frameworks import LABELS
from tandem.read import front_matter

from tandem_site import answers, tables, where
from tandem_site.tables import Wrong
from tandem_site.where import Source

PLACE = "[[phrasebook]]"  # the paragraph that becomes the tables of its page, or the list of all
PAGES = "reference/phrasebook"
KEYS = {"flask", "django", "note", "nothing", "deprecated", "at"}
PATH = re.compile(r"(?P<mark>@?)(?P<module>[\w.]+):(?P<name>[\w.]+)(?P<call>\((?:\w+=)?\))?")
# What people call an object of a class, in front of its attributes.
SPOKEN = {
    "blinker.Signal": "signal",
    "celery.Task": "task",
    "django.conf.settings": "settings",
    "django.contrib.admin.AdminSite": "admin.site",
    "django.contrib.auth.models.User": "user",
    "django.contrib.auth.models.UserManager": "User.objects",
    "django.contrib.sessions.backends.base.SessionBase": "request.session",
    "django.core.cache.backends.base.BaseCache": "cache",
    "django.core.files.storage.Storage": "storage",
    "django.core.files.uploadedfile.InMemoryUploadedFile": "file",
    "django.core.files.uploadedfile.UploadedFile": "file",
    "django.core.paginator.Page": "page",
    "django.core.paginator.Paginator": "paginator",
    "django.db.models.Model": "note",
    "django.db.models.QuerySet": "Note.objects",
    "django.db.models.options.Options": "Meta",
    "django.dispatch.Signal": "signal",
    "django.forms.BoundField": "field",
    "django.forms.Form": "form",
    "django.http.HttpRequest": "request",
    "django.http.HttpResponse": "response",
    "django.http.QueryDict": "request.GET",
    "django.tasks.base.Task": "task",
    "django.template.library.Library": "register",
    "django.test.Client": "client",
    "django.test.SimpleTestCase": "self",
    "django.test.TestCase": "self",
    "django.test.TransactionTestCase": "self",
    "django.urls.ResolverMatch": "request.resolver_match",
    "flask.Blueprint": "bp",
    "flask.Config": "app.config",
    "flask.Flask": "app",
    "flask.Response": "response",
    "flask.json.provider.DefaultJSONProvider": "app.json",
    "flask.sessions.SecureCookieSession": "session",
    "flask.sessions.SessionMixin": "session",
    "flask.testing.FlaskClient": "client",
    "flask_caching.Cache": "cache",
    "flask_login.LoginManager": "login_manager",
    "flask_login.UserMixin": "user",
    "flask_mailman.Mail": "mail",
    "flask_sqlalchemy.SQLAlchemy": "db",
    "flask_sqlalchemy.pagination.Pagination": "page",
    "flask_wtf.CSRFProtect": "csrf",
    "flask_wtf.FlaskForm": "form",
    "jinja2.Environment": "app.jinja_env",
    "sqlalchemy.ColumnElement": "Note.title",
    "sqlalchemy.Result": "result",
    "sqlalchemy.Select": "select(Note)",
    "sqlalchemy.orm.Session": "db.session",
    "werkzeug.datastructures.FileStorage": "file",
    "werkzeug.datastructures.Headers": "response.headers",
    "werkzeug.datastructures.MultiDict": "request.args",
    "werkzeug.test.TestResponse": "response",
    "wtforms.Field": "field",
    "wtforms.Form": "form",
}


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it is looked up, as it is shown, and the module that it is imported from."""

    name: str
    show: str
    module: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Names of both sides, or of one and what to do instead; each text is Markdown's code only."""

    sides: dict[str, tuple[Name, ...]]
    note: str
    nothing: str
    deprecated: str | bool
    at: str


@dataclass(frozen=True, slots=True)
class Group:
    """A page: the end of its address, its title, and its parts with their titles."""

    slug: str
    title: str
    parts: tuple[tuple[str, tuple[Row, ...]], ...]

    @property
    def rows(self) -> Iterator[Row]:
        return (row for _, rows in self.parts for row in rows)


def known(folder: Path) -> list[Group]:
    """All groups, by the names of their files; raises Wrong."""
    return [_group(file, file.stat().st_mtime_ns) for file in sorted(folder.glob("*.toml"))]


@lru_cache(maxsize=64)
def _group(file: Path, changed: int) -> Group:
    data = tables.read(file)
    parts = [
        (
            tables.text(part, "title", file.name),
            tuple(_row(one, file.name) for one in tables.rows(part, "row", file.name)),
        )
        for part in tables.rows(data, "part", file.name)
    ]
    return Group(file.stem, tables.text(data, "title", file.name), tuple(parts))


def _row(data: dict[str, Any], file: str) -> Row:
    sides = {
        side: tuple(_name(one, file) for one in _listed(data, side, file))
        for side in ("flask", "django")
    }
    if unknown := set(data) - KEYS:
        raise Wrong(f"{file}: unknown key {min(unknown)}")
    if not any(sides.values()):
        raise Wrong(f"{file}: a row without a name")
    if all(sides.values()) == ("nothing" in data):
        first = next(one.name for names in sides.values() for one in names)
        raise Wrong(f"{file}: {first}: say `nothing` where one side has no name, and only there")
    deprecated = data.get("deprecated", False)
    return Row(sides, data.get("note", ""), data.get("nothing", ""), deprecated, data.get("at", ""))


def _listed(data: dict[str, Any], side: str, file: str) -> list[Any]:
    """The names of a side; a text alone would be read letter by letter."""
    names = data.get(side, [])
    if not isinstance(names, list):
        raise Wrong(f"{file}: put the names in brackets: {side} = [...]")
    return names


def _name(data: str | dict[str, str], file: str) -> Name:
    if isinstance(data, dict):
        return Name(*(tables.text(data, key, file) for key in ("name", "show")))
    if not data.strip():
        raise Wrong(f"{file}: a name without a letter")
    return Name(data, *spoken(data))


def spoken(name: str) -> tuple[str, str]:
    """How people write a name, and the module to import it from if that is how they get it."""
    match = PATH.fullmatch(name)
    if not match:
        return name, ""
    end = (match["call"] or "").replace("=", "=...")
    whole = f"{match['module']}.{match['name']}"
    for owner in (whole.rpartition(".")[0], whole.rpartition(".")[0].rpartition(".")[0]):
        if owner in SPOKEN:
            return f"{match['mark']}{SPOKEN[owner]}{whole.removeprefix(owner)}{end}", ""
    return f"{match['mark']}{match['name']}{end}", match["module"]


def places(group: Group) -> Iterator[tuple[Row, str]]:
    """The rows of a page, each with the id that it has there: of its first name."""
    seen: set[str] = set()
    for row in group.rows:
        first = next(one for names in row.sides.values() for one in names)
        words = re.sub(r"[^a-z0-9_]+", "-", first.show.lower()).strip("-_") or "name"
        place = next(one for n in range(1, 999) if (one := f"{words}-{n}" if n > 1 else words)
                     not in seen)  # fmt: skip
        seen.add(place)
        yield row, place


class Phrasebook(Treeprocessor):
    """Puts the tables of a group into its page, and the list of all rows into the first page.

    It runs before headings get their ids and links become addresses. In the search stand the
    names, not what is said of them.
    """

    def __init__(self, md: Markdown, source: Source, data: Path) -> None:
        super().__init__(md)
        self.source = source
        self.data = data

    def run(self, root: Element) -> None:
        found = [one for one in root.iter("p") if (one.text or "").strip() == PLACE]
        page = self.source.page
        if not found or page is None:
            return
        groups = known(self.data)
        if page.stem == "index":
            self.all(found[0], page, groups)
            return
        group = next((one for one in groups if one.slug == page.stem), None)
        if group is None:
            raise Wrong(f"{page.name}: there is no {page.stem}.toml")
        self.tables(found[0], page, group)

    def _begin(self, place: Element, count: int) -> None:
        place.tag, place.text = "div", None
        place.set("class", "filtered phrases")
        place.set("data-of", "rows")
        SubElement(place, "p", {"data-search-exclude": ""}).text = f"{count} rows:"

    def tables(self, place: Element, page: Path, group: Group) -> None:
        ids = iter(places(group))
        self._begin(place, len([*group.rows]))
        for title, rows in group.parts:
            section = SubElement(place, "section")
            SubElement(section, "h2").text = title
            table = SubElement(section, "table")
            head = SubElement(SubElement(table, "thead", {"data-search-exclude": ""}), "tr")
            for label in (*LABELS, "What to know"):
                SubElement(head, "th").text = label
            body = SubElement(table, "tbody")
            for row in rows:
                self.row(SubElement(body, "tr", {"id": next(ids)[1]}), page, row)

    def row(self, line: Element, page: Path, row: Row) -> None:
        for names in row.sides.values():
            cell = SubElement(line, "td")
            if not names:
                cell.set("data-search-exclude", "")
                said(cell, row.nothing)
            for number, one in enumerate(names):
                if number:
                    SubElement(cell, "br")
                SubElement(cell, "code").text = one.show
                if one.module and (not number or names[number - 1].module != one.module):
                    cell[-1].tail = " "
                    SubElement(cell, "small").text = one.module
        cell = SubElement(line, "td", {"data-search-exclude": ""})
        if row.deprecated:
            SubElement(cell, "strong").text = "Deprecated"
            cell[-1].tail = ": " if isinstance(row.deprecated, str) else ". "
            said(cell, row.deprecated if isinstance(row.deprecated, str) else "")
        said(cell, row.note)
        if row.at:
            if row.note or row.deprecated:
                SubElement(cell, "br")
            link = SubElement(cell, "a", {"href": where.link(page, row.at, self.source.docs)})
            said(link, label(self.source.docs, row.at.partition("#")[0]))

    def all(self, place: Element, page: Path, groups: list[Group]) -> None:
        """Every row as a link to where it stands, light enough for one page."""
        place.set("data-search-exclude", "")
        self._begin(place, sum(len([*group.rows]) for group in groups))
        for group in in_order(groups, self.source.docs):
            section = SubElement(place, "section")
            heading = SubElement(section, "h3")
            SubElement(heading, "a", {"href": f"{group.slug}.md"}).text = group.title
            rows = SubElement(section, "ul")
            for row, at in places(group):
                link = SubElement(SubElement(rows, "li"), "a", {"href": f"{group.slug}.md#{at}"})
                link.text = summary(row)


def summary(row: Row) -> str:
    """A row in a line."""
    sides = [", ".join(one.show for one in names) for names in row.sides.values()]
    return " ↔ ".join(side or "nothing" for side in sides)


def in_order(groups: list[Group], docs: Path) -> list[Group]:
    """The groups as the navigation has them, then the others."""
    order = [one.page for one in answers.topics(docs.parent / "mkdocs.yml")]
    page_of = {group.slug: f"{PAGES}/{group.slug}.md" for group in groups}
    listed = [one for one in groups if page_of[one.slug] in order]
    listed.sort(key=lambda one: order.index(page_of[one.slug]))
    return [*listed, *(one for one in groups if one not in listed)]


def label(docs: Path, path: str) -> str:
    """What a link to a page says: its words in the navigation, or an answer's question."""
    labels = {one.page: one.label for one in answers.topics(docs.parent / "mkdocs.yml")}
    return labels.get(path) or title(docs / path)


def title(file: Path) -> str:
    """A page's title; for one that is not there its name, so that the builder tells of the link."""
    return _title(file, file.stat().st_mtime_ns) if file.is_file() else file.name


@lru_cache(maxsize=1024)
def _title(file: Path, changed: int) -> str:
    return str(front_matter.read(file.read_text(encoding="utf-8")).values["title"])


def said(place: Element, text: str) -> None:
    """Add a text to an element: what stands between backticks as code."""
    last = place[-1] if len(place) else None
    for number, part in enumerate(text.split("`")):
        if number % 2:
            last = SubElement(place, "code")
            last.text = part
        elif last is None:
            place.text = (place.text or "") + part
        else:
            last.tail = (last.tail or "") + part
