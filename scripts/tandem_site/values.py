"""Values that answers of a page give as `$NAME`, as variables of a shell.

The page shows where a value stands; commands of a few words take it out of the answer that came.
"""

from __future__ import annotations

import re
import shlex

from tandem.blocks.http import REQUEST, STATUS

NAME = re.compile(r"\$([A-Z][A-Z0-9_]*)")
FENCE = re.compile(r"[ >]*(?:`{3,}|~{3,}) *(?:\{ *\.)?http\b")


def captured(page: str) -> frozenset[str]:
    """The names that answers on a page give: each `$NAME` in a response of an `http` fence."""
    found: set[str] = set()
    inside = answer = False
    for line in page.split("\n"):
        bare = line.strip()
        if not inside:
            inside, answer = bool(FENCE.match(line)), False
        elif bare and not (bare.strip("`") and bare.strip("~")):
            inside = False
        elif STATUS.match(bare) or REQUEST.match(bare):
            answer = bool(STATUS.match(bare))
        elif answer:
            found.update(NAME.findall(line))
    return frozenset(found)


def quote(word: str, names: frozenset[str]) -> str:
    """A word for the shell, in which the names that answers gave are variables."""
    parts = []
    place = 0
    for match in NAME.finditer(word):
        if match[1] in names:
            parts += [word[place : match.start()], match[0]]
            place = match.end()
    parts.append(word[place:])
    quoted = [
        f'"{part}"' if number % 2 else shlex.quote(part)
        for number, part in enumerate(parts)
        if part or len(parts) == 1
    ]
    return "".join(quoted)


def extract(answer: str, name: str) -> str:
    """The commands that take the value of `$NAME` out of the shell's `$answer`."""
    whole, group = _pattern(answer, name)
    find = f"grep -o {shlex.quote(whole)} | head -n 1 | sed {shlex.quote(f's/{group}/\\1/')}"
    return f"$(printf '%s\\n' \"$answer\" | {find})"


def _pattern(answer: str, name: str) -> tuple[str, str]:
    """A basic regular expression for what stands around a name, and one that groups its value."""
    head, _, _ = answer.partition("\n\n")
    place = re.compile(rf"\${name}(?![A-Z0-9_])")
    lines = answer.split("\n")
    number = next((n for n, line in enumerate(lines) if place.search(line)), 0)
    line = lines[number].strip()
    if pair := re.search(rf'("[^"]*")\s*:\s*"?\${name}(?![A-Z0-9_])"?', line):
        start = f'{_literal(pair[1])}[[:space:]]*:[[:space:]]*"*'
        value = '[^",}]*'
        return start + value, rf"{start}\({value}\)"
    if number < head.count("\n") + 1:  # servers spell the names of headers as they like
        line = re.sub(r"(?:^|(?<=-))([A-Za-z])(?=[\w-]*:)", r"\0\1", line)
    else:
        words = [word for word in line.split() if place.search(word)]
        line = words[0] if words and len(words[0]) > len(name) + 5 else line
    whole = group = ""
    parts = re.split(r"(\$[A-Z][A-Z0-9_]*|\.\.\.)", line)
    for number, part in enumerate(parts):
        if number % 2 == 0:
            whole, group = whole + _literal(part), group + _literal(part)
            continue
        after = parts[number + 1][:1].strip()
        value = ".*" if part == "..." else f"[^{after}[:space:]]*" if after else "[^[:space:]]*"
        whole += value
        group += rf"\({value}\)" if place.fullmatch(part) else value
    return whole, group


def _literal(text: str) -> str:
    """Text in a basic regular expression, blanks loosely; a letter behind NUL in either case."""
    text = re.sub(r"[\\.*\[\]^$/]", r"\\\g<0>", text)
    text = re.sub(r"\s+", "[[:space:]]*", text)
    return re.sub("\0(.)", lambda match: f"[{match[1].upper()}{match[1].lower()}]", text)
