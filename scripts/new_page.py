"""Write the skeleton of a page whose examples hold: new_page.py guides/data/soft-delete."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SKELETON = Path(__file__).with_name("new_page.md")


def main() -> int:
    """Returns 2 and says why when there is no such place for a page."""
    slug = sys.argv[1].removesuffix(".md").removeprefix("docs/") if len(sys.argv) == 2 else ""
    if not re.fullmatch(r"[a-z0-9-]+(?:/[a-z0-9-]+)+", slug):
        print("page: say where: make page SLUG=guides/data/soft-delete", file=sys.stderr)
        return 2
    file = ROOT / "docs" / f"{slug}.md"
    if file.exists():
        print(f"page: docs/{slug}.md is there already", file=sys.stderr)
        return 2
    title = slug.rpartition("/")[2].replace("-", " ").capitalize()
    text = SKELETON.read_text(encoding="utf-8").replace("TITLE", title)
    up = "../" * slug.count("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text.replace("START/", f"{up}start/"), encoding="utf-8")
    check = ".venv/bin/python scripts/check_examples.py --examples"
    print(f"Wrote docs/{slug}.md, whose examples hold as they are. Now:")
    print("  1. see that they hold:")
    print(f"       {check} docs/{slug}.md")
    print("  2. put your own examples into the blocks, and write what each TODO asks for;")
    print("     this checks the page at each save, and lists the TODOs that are left:")
    print(f"       make watch PAGE=docs/{slug}.md")
    print("  3. name it under nav in mkdocs.yml:")
    print(f"       - {title}: {slug}.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
