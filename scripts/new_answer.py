"""Write the skeleton of an answer whose examples hold: new_answer.py sessions it-is-gone."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from pathlib import Path

from tandem.prose.text import ANSWERS

ROOT = Path(__file__).resolve().parents[1]
SKELETON = Path(__file__).with_name("new_answer.md")
USE = "answer: say what it is about: make answer TOPIC=sessions SLUG=list-in-session-is-gone"


def main() -> int:
    """Returns 2 and says why when there is no such topic, or when the answer is there."""
    words = sys.argv[1:]
    if len(words) != 2 or not all(re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)*", one) for one in words):
        print(USE, file=sys.stderr)
        return 2
    topic, slug = words
    docs = ROOT / "docs"
    pages = [path for path in docs.rglob("*/*.md") if ANSWERS not in path.parts]
    guides = {(one.parent if one.stem == "index" else one).stem: one for one in pages}
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
