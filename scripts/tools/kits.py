"""Draw what each framework brings: a small core beside parts to add, and a kit that is complete.

    .venv/bin/python scripts/tools/kits.py

Writes docs/assets/pictures/kits.svg and kits-dark.svg. The words are large enough to be read where
the drawing is 288 pixels wide, which is what a phone of 320 pixels leaves for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "docs" / "assets" / "pictures"
WIDTH, HEIGHT = 540, 284
SIDE = 258  # width of a framework's half
TOP = 44  # below its name
GAP = 8
FONT = 21
CORE = ("addresses", "pages")
PARTS = ("database", "forms", "log-in", "admin")
TITLE = (
    "Flask brings addresses and pages; Django brings a database, forms, log-in and admin as well"
)


@dataclass(frozen=True, slots=True)
class Colours:
    """Of one scheme: text around the boxes, text in a filled box, the two frameworks."""

    text: str
    inside: str
    flask: str
    django: str


SCHEMES = {
    "kits": Colours("#1c2227", "#ffffff", "#0b6ba8", "#0c6b45"),
    "kits-dark": Colours("#e2e4e9", "#11181f", "#6cb8f0", "#56c596"),
}


def main() -> None:
    """Write both drawings."""
    for name, colours in SCHEMES.items():
        file = TARGET / f"{name}.svg"
        file.write_text("\n".join(_drawing(colours)) + "\n", encoding="utf-8")
        print(f"{file.name}: {file.stat().st_size} bytes")


def _drawing(colours: Colours) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"'
        f' height="{HEIGHT}" role="img" aria-labelledby="title" text-anchor="middle"'
        f' font-family="system-ui, sans-serif" font-size="{FONT}">'
    )
    yield f'  <title id="title">{TITLE}</title>'
    core, rows = 60, 60
    yield from _name(2, "Flask", colours.flask)
    yield _box(2, TOP, SIDE, core + 2 * GAP, f'fill="none" stroke="{colours.flask}"')
    yield from _row(2, TOP + GAP, core, CORE, colours.inside, f'fill="{colours.flask}"')
    middle, plus = 2 + SIDE // 2, TOP + core + 2 * GAP + 14
    yield (
        f'  <path d="M{middle - 8} {plus}H{middle + 8}M{middle} {plus - 8}V{plus + 8}"'
        f' stroke="{colours.text}" stroke-width="3"/>'
    )
    dashed = f'fill="none" stroke="{colours.flask}" stroke-width="2" stroke-dasharray="7 5"'
    for number, pair in enumerate((PARTS[:2], PARTS[2:])):
        y = plus + 14 + number * (rows + GAP)
        yield from _row(2, y, rows, pair, colours.text, dashed)
    left = WIDTH - SIDE - 2
    height = plus + 14 + 2 * rows + GAP - TOP
    tall = (height - 4 * GAP) // 3
    yield from _name(left, "Django", colours.django)
    yield _box(left, TOP, SIDE, height, f'fill="none" stroke="{colours.django}"')
    for number, pair in enumerate((CORE, PARTS[:2], PARTS[2:])):
        y = TOP + GAP + number * (tall + GAP)
        yield from _row(left, y, tall, pair, colours.inside, f'fill="{colours.django}"')
    yield "</svg>"


def _name(x: int, word: str, colour: str) -> Iterator[str]:
    yield (
        f'  <text x="{x + SIDE // 2}" y="28" fill="{colour}" font-weight="700"'
        f' font-size="{FONT + 4}">{word}</text>'
    )


def _row(x: int, y: int, height: int, words: tuple[str, ...], ink: str, look: str) -> Iterator[str]:
    """Boxes beside each other, with a word in each."""
    width = (SIDE - (len(words) + 1) * GAP) // len(words)
    for number, word in enumerate(words):
        left = x + GAP + number * (width + GAP)
        yield _box(left, y, width, height, look)
        yield (
            f'  <text x="{left + width // 2}" y="{y + height // 2 + FONT // 3}" fill="{ink}">'
            f"{word}</text>"
        )


def _box(x: int, y: int, width: int, height: int, look: str) -> str:
    thick = "" if "stroke-width" in look or "stroke=" not in look else ' stroke-width="2"'
    return f'  <rect x="{x}" y="{y}" width="{width}" height="{height}" rx="8" {look}{thick}/>'


if __name__ == "__main__":
    main()
