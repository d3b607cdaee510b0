"""Write the skeleton of an answer whose examples hold: new_answer.py sessions it-is-gone."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from pathlib import Path

from tandem.prose.text import ANSWERS

# Where a topic's name is looked for first: several folders may have a page of that name.
FIRST = ("guides", "learn", "start", "choose")
LONGEST = 100  # letters of a file's name
ROOT = Path(__file__).resolve().parents[1]
SKELETON = Path(__file__).with_name("new_answer.md")
USE = "answer: say what it is about: make answer TOPIC=sessions SLUG=list-in-session-is-gone"


def topics(docs: Path) -> dict[str, Path]:
    """The pages that an answer can be about, by their names: of two with one name, the guide."""

    def later(page: Path) -> tuple[int, Path]:
        folder = page.relative_to(docs).parts[0]
        return FIRST.index(folder) if folder in FIRST else len(FIRST), page

    pages = [path for path in docs.rglob("*/*.md") if path.relative_to(docs).parts[0] != ANSWERS]
    found = sorted(pages, key=later, reverse=True)
    return {(one.parent if one.stem == "index" else one).stem: one for one in found}


def main() -> int:
    """Returns 2 and says why when there is no such topic, or when the answer is there."""
    words = sys.argv[1:]
    form = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
    if len(words) != 2 or not all(form.fullmatch(one) and len(one) <= LONGEST for one in words):
        print(USE, file=sys.stderr)
        return 2
    topic, slug = words
    docs = ROOT / "docs"
    guides = topics(docs)
    if topic not in guides:
        near = get_close_matches(topic, guides, 1)
        hint = f": did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(guides))}"
        print(f"answer: no page is named {topic}{hint}", file=sys.stderr)
        return 2
    file = docs / ANSWERS / topic / f"{slug}.md"
    name = file.relative_to(ROOT).as_posix()
    if file.exists():
        print(f"answer: {name} is there already", file=sys.stderr)
        return 2
    text = SKELETON.read_text(encoding="utf-8").replace("UP/", "../../")
    text = text.replace("ABOUT", guides[topic].relative_to(docs).as_posix())
    file.parent.mkdir(parents=True, exist_ok=True)
    question = slug.replace("-", " ").capitalize()
    file.write_text(text.replace("QUESTION", question), encoding="utf-8")
    print(f"Wrote {name}, whose examples hold as they are. Now:")
    print("  1. see that they hold:")
    print(f"       .venv/bin/python scripts/check_examples.py --examples {name}")
    print("  2. put your own question and examples in, and write what each TODO asks for;")
    print("     this checks the answer at each save, and lists the TODOs that are left:")
    print(f"       make watch PAGE={name}")
    print("The lists of answers find it by themselves.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
