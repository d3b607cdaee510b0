"""Pages and frameworks → walks: what each reader meets, in which order, and from where on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tandem.frameworks import KNOWN
from tandem.outcome import FRAMEWORKS, BadSetup, Failure, Framework, Location, spoken
from tandem.read import front_matter, pages, requires
from tandem.read.limited import TooLong, within
from tandem.read.pages import RUN, Block, Page

NOTHING = "nothing"
SIZE = 1 << 20  # bytes of a page
SECONDS = 5.0  # that reading a page may take


@dataclass(frozen=True, slots=True)
class Walk:
    """What a reader is given: the page, the framework, the blocks that are theirs, and where."""

    page: Page
    framework: Framework
    blocks: tuple[Block, ...]
    start: bytes | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Site:
    """Every page that a check needs, by path: those asked for and those they start from."""

    pages: dict[Path, Page]
    asked: tuple[Path, ...]
    parents: dict[Path, Path]
    problems: dict[Path, tuple[Failure, ...]]

    def ancestors(self, path: Path) -> list[Path]:
        """The pages that one starts from, the nearest first."""
        found: list[Path] = []
        while (parent := self.parents.get(path)) and parent not in found:
            found.append(parent)
            path = parent
        return found

    def dependants(self, paths: Iterable[Path]) -> list[Path]:
        """The pages that start from one of these, directly or by way of others."""
        roots = {path.resolve() for path in paths}
        return [
            path for path in self.asked if path not in roots and roots & {*self.ancestors(path)}
        ]

    def frameworks(self, path: Path) -> tuple[Framework, ...]:
        """Whose readers walk the page: both, unless it and its ancestors have no pair."""
        chain = [path, *self.ancestors(path)]
        if any(self.pages[one].has_pairs for one in chain):
            return FRAMEWORKS
        blocks = [block for one in chain for block in self.pages[one].blocks]
        titles = [block.title for block in blocks]
        commands = [line for one in blocks if one.kind == "console" for line in one.lines]
        shown = [one for one in KNOWN.values() if one.is_shown(titles, commands)]
        return (shown[0].KEY if shown else FRAMEWORKS[0],)

    def unmet(self, path: Path, framework: Framework) -> str | None:
        """Which version a reader lacks here for the page or for one that it starts from."""
        chain = [self.pages[one] for one in [path, *self.ancestors(path)]]
        return next(filter(None, (requires.unmet(page, framework) for page in chain)), None)

    def needed(self, framework: Framework | None) -> list[tuple[Path, Framework]]:
        """Every walk of the check, each after the one that it starts from."""
        order: dict[tuple[Path, Framework], None] = {}
        for path in [path for path in self.asked if not self.pages[path].needs_no_examples]:
            for one in self.frameworks(path):
                if framework in {None, one}:
                    for page in [*reversed(self.ancestors(path)), path]:
                        order.setdefault((page, one))
        return list(order)


def load(paths: Iterable[Path], root: Path) -> Site:
    """Read the pages and all that they start from; raises BadSetup for one that cannot be read."""
    asked = tuple(dict.fromkeys(path.resolve() for path in paths))
    found: dict[Path, Page] = {}
    parents: dict[Path, Path] = {}
    problems: dict[Path, tuple[Failure, ...]] = {}
    waiting = list(asked)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        page = found[path] = _read(path, root)
        problems[path] = page.problems
        if wrong := requires.problem(page):
            at = page.location(page.front_matter_line("requires"))
            problems[path] += (Failure(at, wrong),)
        value = page.meta.get("starts_from", NOTHING)
        if value == NOTHING or not isinstance(value, str):
            continue
        at = page.location(page.front_matter_line("starts_from"))
        parent = front_matter.page_named(value, path, root)
        if parent is None:
            problems[path] += (Failure(at, f"`starts_from: {value}` names no page"),)
        else:
            parents[path] = parent
            waiting.append(parent)
    site = Site(found, asked, parents, problems)
    for path, page in found.items():
        problems[path] = problems[path] or tuple(_page_problems(site, path, page))
        if path in site.ancestors(path):
            at = page.location(page.front_matter_line("starts_from"))
            circle = " → ".join(found[one].name for one in [path, *site.ancestors(path)])
            problems[path] += (Failure(at, f"`starts_from` goes in a circle: {circle}"),)
    return site


def blocks(page: Page, framework: Framework) -> tuple[Block, ...]:
    """The blocks that a reader of one framework follows, those marked not run among them."""
    return tuple(block for block in page.blocks if _followed(block, framework) is None)


def passed_over(page: Page, framework: Framework) -> list[tuple[Block, str]]:
    """Blocks of this reader in tabs that the checker does not follow, each with the reason."""
    found = [(block, _followed(block, framework)) for block in page.blocks]
    return [(block, reason) for block, reason in found if reason and block.kind != "illustration"]


def _followed(block: Block, framework: Framework) -> str | None:
    """None if the reader follows the block; "" if it is the other framework's; else why not."""
    for tab in block.tabs:
        if tab.label in pages.PAIR:
            if tab.label != spoken(framework):
                return ""
        elif tab.index > 0:
            return f"in the tab `{tab.label}`; the first tab is followed"
    return None


def typed(site: Site, path: Path, framework: Framework) -> Iterator[tuple[Page, int, str]]:
    """Every command that leads to the end of a page, from its first ancestor on.

    With each the page and the line of the block that has it; without the prompt.
    """
    for page in (site.pages[one] for one in [*reversed(site.ancestors(path)), path]):
        for block in blocks(page, framework):
            if block.kind == "console":
                for line in block.lines:
                    if line.startswith("$ "):
                        yield page, block.line, line[2:]


def digest(site: Site, path: Path, framework: Framework, environment: str) -> str:
    """The name of a walk's result: it changes with all that the result depends on."""
    texts = [site.pages[one].name + site.pages[one].text for one in [path, *site.ancestors(path)]]
    whole = "\0".join([environment, framework, *texts])
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()


def _read(path: Path, root: Path) -> Page:
    """A page, or what cannot be read as a page with that problem; raises BadSetup if none is."""
    name = path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
    text, what = "", ""
    try:
        data = path.read_bytes() if path.is_file() else b""
        if len(data) > SIZE:
            what = f"the page has {len(data)} bytes; {SIZE} is the most that is read"
        else:
            text = data.decode("utf-8")
            with within(SECONDS):
                return pages.parse(text, path, name)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        failure = Failure(Location(name, line), f"the page is not UTF-8 (byte {error.start})")
        return pages.broken(path, name, failure)
    except OSError as error:
        raise BadSetup(f"`{name}` cannot be read: {error.strerror}") from None
    except TooLong:
        what = f"the page was not read in {SECONDS:g} seconds"
    except Exception as error:  # a stranger's text, which must stop no other page
        what = f"the page cannot be read ({type(error).__name__}: {str(error)[:100]})"
    return pages.broken(path, name, Failure(Location(name, 1), what))


def _page_problems(site: Site, path: Path, page: Page) -> Iterable[Failure]:
    """What a page lacks as a whole: a check for each of its readers."""
    does = [block for block in page.blocks if block.kind != "illustration" or block.not_run]
    if page.needs_no_examples:
        for block in does or ():
            what = "the front matter says `examples: none`, but this block is an example"
            yield Failure(page.location(block.line), what)
        if page.tabs and not does:
            yield Failure(page.location(page.tabs[0][0].line), "this page has tabs and no example")
        return
    for framework in site.frameworks(path):
        mine = blocks(page, framework)
        if any(block.kind in RUN and not block.not_run for block in mine):
            continue
        line = next((tab.line for group in page.tabs for tab in group), 1)
        who = f"a reader of {spoken(framework)}" if page.has_pairs else "a reader"
        what = (
            f"nothing that {who} does here is checked: add an `http`, `console` or `pycon` block"
            " (a page of prose says `examples: none` in its front matter)"
        )
        yield Failure(page.location(line), what)
        return
