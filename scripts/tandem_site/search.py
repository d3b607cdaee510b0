"""The search index, trimmed: of each section its first words, and each other word of a page once.

It is made of the built pages and takes the place of the theme's, as `search/index.json`, which
`docs/assets/search.js` reads at the first query, and `search/answers.json`, which it reads after
that, so that the first query costs the same however many answers there are. It finds words, not
phrases, so no word has to stand there twice.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from html import escape, unescape
from math import log
from pathlib import Path
from typing import Any

from tandem_site.markup import Tree
from tandem_site.phrasebook import PAGES
from tandem_site.sections import cut

# Before a block stands the name of its file, or who answers.
CODE = re.compile(r"(?:Flask and Django answers|[\w./-]+)?\s*<pre[^>]*>(.*?)</pre>", re.DOTALL)
WORD = re.compile(r"@?\w(?:\w|[.\-](?=\w))*")
TELLING = re.compile(r"[._@]|[a-z][A-Z]|.{5}")  # a name in code that somebody may look for
KEPT = ("tags", "said", "boost")  # of what the head of a page says
SYNONYMS = Path(__file__).resolve().parents[1] / "data" / "alike.txt"
# Sections that say nothing of their own: links, whose titles are found on their pages, and what a
# page repeats of itself.
AGAIN = re.compile(r"#(?:go-on|recap|exercise)$")
PAIR = "FlaskDjango"  # the labels of a pair of tabs, as the theme reads them
TEASER = 160  # characters of a section that are kept as they stand, to be shown
ABOUT = 12  # words that a page holds more often than others do: what it is about
COMMON = 8  # pages with the same name in their code: it tells none of them from the others
DULL = 0.3  # of the pages with the same word in their prose: neither does that
MANY = 10  # pages, so that a share of them says something
STOP = re.findall(
    r"\w+",
    "a an and are as at be been but by can could do does doing for from get gets give has have how"
    " i if in into is it its me my of on or should so that the their them then there these they"
    " this to use used using want was way we what when where which who why will with you your",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A page: its address below the site, its article as it was built, the head of its source."""

    path: str
    article: Tree
    meta: dict[str, Any]

    def docs(self) -> list[dict[str, Any]]:
        """Its sections that say something of their own, each with what is said of the page."""
        tags, search = self.meta.get("tags"), self.meta.get("search") or {}
        said = {"said": str(self.meta["description"])} if self.meta.get("description") else {}
        more = {"tags": [str(tag) for tag in tags]} if tags else {}
        more |= said | ({"boost": search["boost"]} if "boost" in search else {})
        return [
            {
                "location": self.path + one.place,
                "title": escape("".join(one.title), quote=False),
                "text": "".join(one.text),
                **more,
            }
            for one in cut(self.article)
            if not AGAIN.search(one.place)
        ]


def write(site: Path, entries: list[Entry]) -> None:
    """Make our index of these pages in the place of the theme's; leave another builder's alone.

    Without answers there is no `answers.json`.
    """
    theirs = site / "search" / "search_index.json"
    if not theirs.is_file():
        return
    theirs.unlink()
    answers = [entry for entry in entries if "about" in entry.meta]
    guides = [entry for entry in entries if "about" not in entry.meta]
    for name, some in (("index.json", guides), ("answers.json", answers)):
        if found := _index(some):
            data = {"stop": STOP, "docs": found}
            data |= {"alike": _alike()} if some is guides else {}
            text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
            theirs.with_name(name).write_text(text, encoding="utf-8")


def _alike() -> list[list[str]]:
    """The groups of words that readers use for each other."""
    lines = SYNONYMS.read_text(encoding="utf-8").splitlines()
    return [line.split() for line in lines if line and not line.startswith("#")]


def _index(entries: list[Entry]) -> list[dict[str, Any]]:
    """What is kept of the sections of these pages, in their order."""
    pages = [docs for docs in (entry.docs() for entry in entries) if docs]
    common = Counter(name for docs in pages for name in set(WORD.findall(_code(docs))))
    counts = _counts(pages)
    spread = Counter(word for count in counts for word in count)
    dull = {word for word, times in spread.items() if times > DULL * max(len(pages), MANY)}
    others = {name for docs in pages if not _last(docs) for name in _ends(docs)}
    found = []
    for page, words in zip(pages, _about(counts, spread), strict=True):
        if _last(page):
            found += [_only(doc, others) for doc in page]
            continue
        first, *rest = _page(page, common, dull)
        found += [{**first, "about": " ".join(words)}, *rest]
    return found


def _last(docs: list[dict[str, Any]]) -> bool:
    """Whether it is a page of the phrasebook: found by its title, and by names of its own."""
    path = docs[0]["location"]
    return bool(path.startswith(f"{PAGES}/") and path != f"{PAGES}/")


def _ends(docs: list[dict[str, Any]]) -> set[str]:
    """The words of a page: of a name with dots its last part, and none in the plural."""
    text = "\n".join(_plain(f"{doc['title']} {doc['text']}") for doc in docs)
    return {_end(word) for word in WORD.findall(text)}


def _end(name: str) -> str:
    return name.lower().rpartition(".")[2].rstrip("s")


def _only(doc: dict[str, Any], others: set[str]) -> dict[str, Any]:
    """A section of a page that lists names: its title, and the names that no other page says."""
    names = dict.fromkeys(WORD.findall(_plain(doc["text"])))
    words = [name for name in names if _end(name) not in others]
    entry = {"location": doc["location"], "title": _plain(doc["title"]), "text": ""}
    entry |= {"words": " ".join(words), "code": "", "about": ""}
    return entry | {key: doc[key] for key in KEPT if key in doc}


def _code(docs: list[dict[str, Any]]) -> str:
    return "\n".join(_plain(part) for doc in docs for part in CODE.findall(doc["text"]))


def _counts(pages: list[list[dict[str, Any]]]) -> list[Counter[str]]:
    """How often each page has each word in its prose."""
    prose = [" ".join(CODE.sub(" ", doc["text"]) for doc in docs) for docs in pages]
    return [Counter(WORD.findall(_plain(text).lower())) for text in prose]


def _about(counts: list[Counter[str]], spread: Counter[str]) -> list[list[str]]:
    """Of each page the words that tell it from the others: often here, in few places elsewhere."""

    def weight(word: str, times: int) -> float:
        return times / (times + 6) * log((1 + len(counts)) / spread[word])

    return [
        sorted((w for w in count if count[w] > 2), key=lambda w: -weight(w, count[w]))[:ABOUT]
        for count in counts
    ]


def _page(docs: list[dict[str, Any]], common: Counter[str], dull: set[str]) -> list[dict[str, Any]]:
    seen = set(STOP) | dull
    found = []
    for doc in docs:
        text = _plain(CODE.sub(" ", doc["text"]))
        shown = text if len(text) <= TEASER else text[:TEASER].rpartition(" ")[0]
        seen.update(WORD.findall(shown.lower()))
        words = _new(WORD.findall(text[len(shown) :]), seen)
        names = [name for name in WORD.findall(_code([doc])) if TELLING.search(name)]
        names = [name for name in _new(names, seen) if common[name] < COMMON]
        entry = {"location": doc["location"], "title": _plain(doc["title"]), "text": shown}
        entry |= {"words": " ".join(words), "code": " ".join(names)}
        if doc is docs[0]:
            entry |= {key: doc[key] for key in KEPT if key in doc}
        found.append(entry)
    return found


def _new(words: list[str], seen: set[str]) -> list[str]:
    """The words that were not seen before, each once, in order; they are seen then."""
    found = [word for word in dict.fromkeys(words) if word.lower() not in seen]
    seen.update(word.lower() for word in found)
    return found


def _plain(html: str) -> str:
    text = unescape(re.sub(r"<[^>]+>", " ", html)).replace(PAIR, " ")
    return re.sub(r"\s+", " ", text).strip()
