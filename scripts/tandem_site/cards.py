"""A picture for each page, shown where its link is shared (Open Graph): title and section.

Drawn with Pillow and the font that comes with it: no network, no font of the machine.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIZE = (1200, 630)  # px, the ratio that link previews show whole
INK, PAPER = "#ffffff", "#263238"
FLASK, DJANGO = "#6cb8f0", "#56c596"
MARGIN = 80


def draw(file: Path, title: str, section: str) -> None:
    """Write a PNG of a page's title, in at most four lines, below the site's name."""
    picture = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, SIZE[0] // 2, 16), FLASK)
    pen.rectangle((SIZE[0] // 2, 0, SIZE[0], 16), DJANGO)
    name = f"Tandem · {section}" if section else "Tandem"
    pen.text((MARGIN, MARGIN), name, INK, ImageFont.load_default(36))
    size = 76 if len(title) <= 60 else 60
    lines = textwrap.wrap(title, 26 if size == 76 else 34)[:4]
    pen.multiline_text(
        (MARGIN, 170), "\n".join(lines), INK, ImageFont.load_default(size), spacing=18
    )
    pen.text((MARGIN, 520), "Flask", FLASK, ImageFont.load_default(44))
    pen.text((MARGIN + 160, 520), "Django", DJANGO, ImageFont.load_default(44))
    file.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(32).save(file, optimize=True)
