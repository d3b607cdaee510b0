"""The Python-Markdown extension that both builders load: boxes, notes, lists, pairs and terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from markdown import Extension, Markdown

from tandem_site.answers import Answers
from tandem_site.begin import Begin
from tandem_site.notes import Notes
from tandem_site.pairs import Pairs
from tandem_site.phrasebook import Phrasebook
from tandem_site.projects import FOLDER
from tandem_site.terms import Terms
from tandem_site.where import Source


class Site(Extension):
    """Takes the JSON of the check, and the folders of the pages and of two kinds of data."""

    def __init__(self, **options: Any) -> None:
        self.config = {
            "results": ["", "JSON of the check"],
            "docs": ["docs", "the pages"],
            "answered": ["scripts/data/answered", "questions that guides answer"],
            "phrasebook": ["scripts/data/phrasebook", "rows of the phrasebook"],
        }
        super().__init__(**options)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 # Python-Markdown's name
        source = Source(md, Path(self.getConfig("docs")))
        md.preprocessors.register(source, "tandem_source", 1000)
        answers = Answers(md, source, Path(self.getConfig("answered")))
        md.treeprocessors.register(answers, "tandem_answers", 7)
        # After words have become elements (20), before links become addresses (0).
        md.treeprocessors.register(Terms(md, source), "tandem_terms", 6)
        phrasebook = Phrasebook(md, source, Path(self.getConfig("phrasebook")))
        md.treeprocessors.register(phrasebook, "tandem_phrasebook", 5.5)  # explained by its rows
        md.treeprocessors.register(Pairs(md), "tandem_pairs", 5)
        notes = Notes(md, source, Path(self.getConfig("results")))
        md.treeprocessors.register(notes, "tandem_notes", 4)
        kept = Path(self.getConfig("results")).parent / FOLDER
        md.treeprocessors.register(Begin(md, source, kept), "tandem_begin", -5)


def makeExtension(**options: Any) -> Site:  # noqa: N802 # Python-Markdown looks for this name
    return Site(**options)
