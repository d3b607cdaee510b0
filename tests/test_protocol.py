"""What comes from a page's world is a message of the right form about that page, or nothing."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tandem.outcome import Failure, Location, Outcome, Result
from tandem.read import pages
from tandem.read.walkthrough import Walk
from tandem.run import protocol
from tandem.run.protocol import Answer, Closed, Job, Malformed

PAGE = pages.parse("# A" + 9 * "\n", Path("/docs/a.md"), "docs/a.md")
JOB = Job(Walk(PAGE, "flask", (), b"state", 20.0), is_start=True, is_kept=False)
FAILURE = Failure(Location("docs/a.md", 3), "it is wrong", "- a\n+ b")
RESULT = Result(
    "docs/a.md",
    "flask",
    (Outcome(3, "http", "`GET /`", "failed", 1.5, (FAILURE,)), Outcome(9, "http", "", "not tried")),
)


def over(say: Callable[[socket.socket], None]) -> socket.socket:
    """The end of a pair where what `say` sends arrives; the other end is closed behind it."""
    ours, theirs = socket.socketpair()

    def speak() -> None:
        with theirs:
            say(theirs)

    threading.Thread(target=speak, daemon=True).start()
    return ours


def test_a_job_arrives_as_it_was_sent() -> None:
    assert protocol.receive_job(over(lambda link: protocol.send_job(link, JOB))) == JOB


@pytest.mark.parametrize("state", [None, b"", b"x" * 3_000_000])
def test_an_answer_arrives_as_it_was_sent(state: bytes | None) -> None:
    link = over(lambda link: protocol.send_answer(link, Answer(RESULT, state)))
    assert protocol.receive_answer(link, JOB) == Answer(RESULT, state)


def plain() -> dict[str, Any]:
    ours, theirs = socket.socketpair()
    protocol.send_answer(theirs, Answer(RESULT, None))
    found: dict[str, Any] = protocol.receive(ours)[0]
    return found


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("page"),
        lambda data: data.update(more=1),
        lambda data: data.update(page="docs/b.md"),
        lambda data: data.update(framework="django"),
        lambda data: data.update(outcomes={}),
        lambda data: data["outcomes"][0].update(status="fine"),
        lambda data: data["outcomes"][0].update(status="passed"),
        lambda data: data["outcomes"][0].update(line="3"),
        lambda data: data["outcomes"][0].update(failures=[]),
        lambda data: data["outcomes"][0]["failures"][0].update(what=None),
        lambda data: data["outcomes"][0]["failures"][0]["location"].update(line=None),
        lambda data: data["outcomes"][0]["failures"][0]["location"].update(path="docs/b.md"),
        lambda data: data["outcomes"][0]["failures"][0]["location"].update(line=11),
        lambda data: data["outcomes"][0].update(line=True),
        lambda data: data["outcomes"][0].update(line=-5),
        lambda data: data["outcomes"][0].update(milliseconds=10**400),
        lambda data: data["outcomes"][0].update(milliseconds=float("nan")),
        lambda data: data["outcomes"][0].update(milliseconds=float("inf")),
        lambda data: data.update(outcomes=[]),
        lambda data: data.update(outcomes=data["outcomes"][1:]),
    ],
)
def test_an_answer_of_another_form_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    data = plain()
    change(data)
    with pytest.raises(Malformed):
        protocol.receive_answer(over(lambda link: protocol.send(link, data)), JOB)


@pytest.mark.parametrize(
    "frame",
    [
        protocol.HEAD.pack(4, 0) + b"nope",
        protocol.HEAD.pack(1 << 60, 0),
        protocol.HEAD.pack(2, 1 << 60) + b"{}",
        protocol.HEAD.pack(100_000, 0) + b"[" * 100_000,
        protocol.HEAD.pack(2, 0) + b"[]",
    ],
    ids=["no JSON", "too long", "state too long", "nested", "no object"],
)
def test_a_frame_that_is_none_is_refused(frame: bytes) -> None:
    with pytest.raises(Malformed):
        protocol.receive_answer(over(lambda link: link.sendall(frame)), JOB)


def test_the_end_of_the_other_side() -> None:
    for part in (b"", b"\0" * 3, protocol.HEAD.pack(10, 0) + b"{}"):
        with pytest.raises(Closed):
            protocol.receive_answer(over(lambda link, part=part: link.sendall(part)), JOB)


def test_silence_ends() -> None:
    ours, theirs = socket.socketpair()
    with pytest.raises(TimeoutError):
        protocol.receive_answer(ours, JOB, 0.01)
    theirs.close()


def test_answers_are_no_pickles() -> None:
    data = plain()
    assert json.loads(json.dumps(data)) == data
