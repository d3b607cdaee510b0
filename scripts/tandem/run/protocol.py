"""What the main process, its runners and the walks in their worlds say to each other.

A message is a frame: the length of its JSON and of what follows it (a project's state) as two
numbers of eight bytes, then both. A walk is the process of a stranger's page: what comes from it is
read with a limit, checked field by field, and never unpickled. Jobs alone are pickled: they come
from the main process, which has read the page. Both ends are here.
"""

from __future__ import annotations

import json
import pickle
import socket
import struct
import time
from dataclasses import asdict, dataclass
from typing import Any, get_args

from tandem.outcome import Failure, Location, Outcome, Result, Status
from tandem.read.walkthrough import Walk

HEAD = struct.Struct(">QQ")
JSON_LIMIT = 1 << 26
STATE_LIMIT = 1 << 30


class Malformed(Exception):
    """What came is no message: a sentence about it."""


class Closed(Exception):
    """The other end is gone."""


@dataclass(frozen=True, slots=True)
class Job:
    """A walk to make; whether others start from its end, and whether that is kept for people."""

    walk: Walk
    is_start: bool
    is_kept: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a job: the result and, if there was one, the state at the end."""

    result: Result
    state: bytes | None


def send(link: socket.socket, data: Any, more: bytes | None = None) -> None:
    """Send one frame; raises Closed if nobody is there to take it."""
    text = json.dumps(data).encode()
    try:
        link.sendall(HEAD.pack(len(text), len(more) + 1 if more is not None else 0))
        link.sendall(text)
        if more is not None:
            link.sendall(more)
    except OSError:
        raise Closed from None


def receive(link: socket.socket, seconds: float | None = None) -> tuple[Any, bytes | None]:
    """The next frame; raises Closed at the end, Malformed, or TimeoutError after `seconds`."""
    deadline = None if seconds is None else time.monotonic() + seconds
    size, more = HEAD.unpack(_exactly(link, HEAD.size, deadline))
    if size > JSON_LIMIT or more > STATE_LIMIT:
        raise Malformed("it is too long")
    text = _exactly(link, size, deadline)
    rest = _exactly(link, more - 1, deadline) if more else None
    try:
        return json.loads(text), rest
    except (ValueError, RecursionError):
        raise Malformed("it is not JSON") from None


def _exactly(link: socket.socket, size: int, deadline: float | None) -> bytes:
    parts = []
    while size:
        if deadline is not None:
            link.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            part = link.recv(min(size, 1 << 20))
        except TimeoutError:
            raise
        except OSError:
            part = b""
        if not part:
            raise Closed
        parts.append(part)
        size -= len(part)
    if deadline is not None:
        link.settimeout(None)
    return b"".join(parts)


def send_job(link: socket.socket, job: Job) -> None:
    data = pickle.dumps(job)
    try:
        link.sendall(HEAD.pack(len(data), 0) + data)
    except OSError:
        raise Closed from None


def receive_job(link: socket.socket) -> Job:
    size, _ = HEAD.unpack(_exactly(link, HEAD.size, None))
    job: Job = pickle.loads(_exactly(link, size, None))
    return job


def send_answer(link: socket.socket, answer: Answer) -> None:
    send(link, asdict(answer.result), answer.state)


def receive_answer(link: socket.socket, job: Job, seconds: float | None = None) -> Answer:
    """The answer to a job; raises Malformed if it is none, or one to another job."""
    data, state = receive(link, seconds)
    try:
        result = result_of(data)
    except (TypeError, ValueError, KeyError) as error:
        raise Malformed(f"it is no result ({error})") from None
    page = job.walk.page
    if (result.page, result.framework) != (page.name, job.walk.framework):
        raise Malformed("it is about another page")
    if result.held and (not result.outcomes or result.count("not tried")):
        raise Malformed("it says that the page holds, and leaves steps out")
    last = page.text.count("\n") + 1
    lines = [outcome.line for outcome in result.outcomes]
    for failure in (one for outcome in result.outcomes for one in outcome.failures):
        lines.append(failure.location.line)
        if failure.location.path != page.name:
            raise Malformed("it blames another page")
    if not all(1 <= line <= last for line in lines):
        raise Malformed("it names a line that the page does not have")
    return Answer(result, state)


def result_of(data: Any) -> Result:
    """A result from plain data; raises ValueError, TypeError or KeyError if it is not one."""
    _only(data, {"page": str, "framework": str, "outcomes": list, "cached": bool, "ran": str,
                 "isolated": bool, "sha256": str})  # fmt: skip
    outcomes = tuple(_outcome(row) for row in data["outcomes"])
    return Result(
        data["page"], data["framework"], outcomes, ran=data["ran"], isolated=data["isolated"]
    )


def _outcome(row: Any) -> Outcome:
    _only(row, {"line": int, "kind": str, "label": str, "status": str, "milliseconds": float,
                "failures": list, "reason": str})  # fmt: skip
    if row["status"] not in get_args(Status):
        raise ValueError(f"`{row['status']}` is no status")
    failures = tuple(failure_of(one) for one in row["failures"])
    if (row["status"] == "failed") != bool(failures):
        raise ValueError("what failed has a failure, and nothing else has")
    if not 0 <= row["milliseconds"] < 1e9:  # nor is it NaN, which no comparison holds for
        raise ValueError("`milliseconds` is no time")
    return Outcome(**{**row, "milliseconds": float(row["milliseconds"]), "failures": failures})


def failure_of(row: Any) -> Failure:
    """A failure from plain data; raises ValueError, TypeError or KeyError if it is not one."""
    _only(row, {"location": dict, "what": str, "detail": str})
    _only(row["location"], {"path": str, "line": int})
    return Failure(Location(**row["location"]), row["what"], row["detail"])


def _only(data: Any, fields: dict[str, type]) -> None:
    """Raise TypeError unless `data` has these fields of these types, and no others."""
    if not isinstance(data, dict) or data.keys() != fields.keys():
        raise TypeError("it has other fields")
    for name, kind in fields.items():
        value = data[name]
        fits = isinstance(value, kind) or (kind is float and isinstance(value, int))
        if not fits or (isinstance(value, bool) and kind is not bool):
            raise TypeError(f"`{name}` is no {kind.__name__}")
