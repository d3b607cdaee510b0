"""One style sheet for the site: the theme's two without the rules that no page uses, and ours.

A rule is left out when its selector names a class, an id or a value of an attribute that stands on
no page and in no script, or when it belongs to a part of the theme that is never shown (`NEVER`).
Colours and icons that nothing asks for any more go with the rules that did. Our own sheet is kept
whole, without its remarks. A test sees to it that no page looks different.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tandem_site.markup import Tree

SHEETS = "//head/link[@rel='stylesheet']"
# A string, or an address with one, may hold what else would end a rule.
TEXT = r"""(?:[^{}"';]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
OPEN = re.compile(rf"({TEXT}*)([{{}};])")
REMARK = re.compile(r"""/\*.*?\*/|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""", re.DOTALL)
SPACE = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|\s*([{};,])\s*|\s+""")
FUNCTION = re.compile(r":[\w-]+\([^()]*\)")  # without one inside: `:not(.a)`, `:nth-child(2)`
NAME = re.compile(r"[.#](-?[A-Za-z_][\w-]*)|\[([\w-]+)(?:=[\"']?([^\"'\]]*)[\"']?)?\]")
PART = re.compile(r"\[([\w-]+)[~|^$*]=[^\]]*\]")  # of a value, such as `[src$="#only-light"]`
WORD = re.compile(r"[\w-]+")
UPPER = re.compile(r"([A-Z])")
VARIABLE = re.compile(r"var\((--[\w-]+)")
# Parts of the theme that the site has not, whose names stand in the theme's script.
NEVER = re.compile(
    r"[.#]md-(?:annotation|author|banner|consent|feedback|meta|post|progress|select|source|status|"
    r"tag|tooltip2?|version|code__content|search__suggest)(?![a-z-])|mermaid|"
    r"tabbed-control|tabbed-button"
)
# Kinds of boxes, such as `note`, are words that stand in scripts for other things.
BOX = re.compile(r"\.admonition|(?<![\w-])details\.|\.md-typeset .*>summary")
TAB = re.compile(r"tabbed-(?:set|labels|block).*?:nth-child\((\d+)\)")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it stands: what it is for, and its declarations or, in an at-rule, other rules."""

    head: str
    body: str = ""
    inner: list[Rule] = field(default_factory=list)

    def text(self) -> str:
        if self.head.startswith(";"):  # a statement: `@charset "UTF-8"`
            return f"{self.head[1:]};"
        return f"{self.head}{{{self.body}{''.join(one.text() for one in self.inner)}}}"


@dataclass(frozen=True, slots=True)
class Used:
    """What stands on the pages: names, and the values of attributes; `words` are in scripts.

    No set of tabs has more than `tabs` of them.
    """

    names: frozenset[str]
    values: dict[str, frozenset[str]]
    words: frozenset[str]
    tabs: int

    def fits(self, selector: str) -> bool:
        """Whether something on a page may be what a selector asks for."""
        if NEVER.search(selector) or any(int(n) > self.tabs for n in TAB.findall(selector)):
            return False
        if "\\" in selector:  # a name that is written in another way
            return True
        plain = PART.sub(r"[\1]", _outside(selector))
        words: frozenset[str] = frozenset() if BOX.search(plain) else self.words
        for name, attribute, value in NAME.findall(plain):
            if name and name not in self.names and name not in words:
                return False
            if attribute and attribute not in self.values and attribute not in self.words:
                return False
            if value and attribute not in self.words and value not in self.values[attribute]:
                return False
        return True


def unite(site: Path, trees: dict[str, Tree]) -> None:
    """Write the sheet into `site`, put it into the pages, and remove those that it is made of."""
    every = (tree.xpath(SHEETS) for tree in trees.values())
    links: list[Tree] = next((found for found in every if found), [])
    if not links:
        return
    files = [site / "assets" / one.get("href").partition("assets/")[2] for one in links]
    *theirs, ours = [file.read_text(encoding="utf-8") for file in files]
    scripts = [file.read_text("utf-8") for file in (site / "assets").rglob("*.js")]
    scripts += {text for tree in trees.values() for text in tree.xpath("//script/text()")}
    rules = list(_kept(list(parse("".join(theirs))), used(list(trees.values()), scripts)))
    text = "".join(one.text() for one in _asked(rules, ours)) + lean(ours)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    sheet = site / "assets" / "stylesheets" / f"site.{digest}.min.css"
    sheet.write_text(text, encoding="utf-8")
    for tree in trees.values():
        if not (sheets := tree.xpath(SHEETS)):  # a page without a head, which is refused later
            continue
        one, *others = sheets
        for other in others:
            other.drop_tree()
        start = one.get("href").rpartition("assets/")[0]
        one.set("href", f"{start}assets/stylesheets/{sheet.name}")
    for file in files:
        file.unlink()
        file.with_name(f"{file.name}.map").unlink(missing_ok=True)


def used(trees: list[Tree], scripts: list[str]) -> Used:
    """What stands on these pages and in these scripts."""
    names: set[str] = set()
    values: dict[str, set[str]] = {}
    for tree in trees:
        for element in tree.iter():
            for name, value in element.attrib.items():
                values.setdefault(name, set()).add(value)
    names.update(word for name in ("class", "id") for one in values[name] for word in one.split())
    words = {word for text in scripts for word in WORD.findall(text)}
    # `element.dataset.mdState = …` is the attribute `data-md-state`.
    words |= {"data" + UPPER.sub(r"-\1", f"-{one}").lower() for one in words if "-" not in one}
    frozen = {name: frozenset(found) for name, found in values.items()}
    tabs = max((int(one.partition(":")[2]) for one in values.get("data-tabs", ())), default=0)
    return Used(frozenset(names), frozen, frozenset(words), tabs)


def parse(text: str) -> Iterator[Rule]:
    """The rules of a sheet without nested ones, as the theme's are."""
    text = REMARK.sub(lambda found: found[1] or "", text)
    stack: list[tuple[str, list[Rule]]] = []
    at = 0
    while found := OPEN.match(text, at):
        at = found.end()
        part, end = found[1].strip(), found[2]
        if end == "{" and part.startswith("@") and not part.startswith("@font-face"):
            stack.append((part, []))
        elif end == "{":
            close = _end(text, at)
            rule = Rule(part, text[at:close].strip().removesuffix(";"))
            at = close + 1
            if stack:
                stack[-1][1].append(rule)
            else:
                yield rule
        elif end == "}":
            head, inner = stack.pop()
            rule = Rule(head, inner=inner)
            if stack:
                stack[-1][1].append(rule)
            else:
                yield rule
        elif part:
            yield Rule(f";{part}")


def _end(text: str, at: int) -> int:
    """Where the declarations that begin here end."""
    while found := OPEN.match(text, at):
        if found[2] == "}":
            return found.end() - 1
        at = found.end()
    raise ValueError("a rule of the theme's style sheet has no end")


def _kept(rules: list[Rule], used: Used) -> Iterator[Rule]:
    for rule in rules:
        if rule.head.startswith("@keyframes") or rule.head.startswith(";"):
            yield rule
        elif rule.head.startswith("@") and rule.inner:
            if inner := list(_kept(rule.inner, used)):
                yield Rule(rule.head, inner=inner)
        elif fits := [one for one in _selectors(rule.head) if used.fits(one)]:
            yield Rule(",".join(fits), rule.body)


def _selectors(head: str) -> list[str]:
    """A list of selectors, cut at the commas that stand outside of brackets."""
    found, depth = [""], 0
    for letter in head:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


def _outside(selector: str) -> str:
    """A selector without its functions: what they name need not be there, or is one of several."""
    while (less := FUNCTION.sub("", selector)) != selector:
        selector = less
    return selector


def _asked(rules: list[Rule], ours: str) -> list[Rule]:
    """Without the variables and animations that no rule asks for, ours neither."""
    while True:
        text = "".join(one.text() for one in rules) + ours
        asked = set(VARIABLE.findall(text))
        moving = set(WORD.findall(" ".join(re.findall(r"animation(?:-name)?:([^;}]*)", text))))
        left = list(_without(rules, asked, moving))
        if left == rules:
            return rules
        rules = left


def _without(rules: list[Rule], asked: set[str], moving: set[str]) -> Iterator[Rule]:
    for rule in rules:
        if rule.head.startswith("@keyframes") and rule.head.split()[1] not in moving:
            continue
        if rule.inner:
            if inner := list(_without(rule.inner, asked, moving)):
                yield Rule(rule.head, inner=inner)
            continue
        parts = [one for one in _declarations(rule.body) if _is_asked(one, asked)]
        if parts or not rule.body:
            yield Rule(rule.head, ";".join(parts))


def _declarations(body: str) -> list[str]:
    return re.findall(rf"{TEXT.replace('{}', '')}+", body)


def _is_asked(declaration: str, asked: set[str]) -> bool:
    name = declaration.partition(":")[0].strip()
    return not name.startswith("--") or name in asked


def lean(text: str) -> str:
    """A sheet without remarks and without the space that says nothing."""
    text = REMARK.sub(lambda found: found[1] or "", text)
    return SPACE.sub(lambda found: found[1] or found[2] or " ", text).strip()
