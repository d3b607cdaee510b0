"""What the site makes of each page, found out apart: a page that ends that costs no other page.

Python-Markdown recurses where a text nests and is steep on a few texts, and a loop inside `re`
answers no signal. So pages are rendered in a process that the kernel ends when one has had its
time; the next page gets another process.
"""

from __future__ import annotations

import os
import resource
import signal
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import NoReturn

from tandem.outcome import Failure
from tandem.read.pages import Page
from tandem.run import protocol
from tandem.world import limits
from tandem.world.processes import die_with_parent

SECONDS = 10  # of a processor that one page may take; the longest of the site's needs half of one


def problems(pages: Iterable[Page]) -> Iterator[tuple[Page, tuple[Failure, ...]]]:
    """Each page with what is wrong with it as the site shows it; in the order that was given."""
    left = list(pages)
    while left:
        ours, theirs = socket.socketpair()
        if (pid := os.fork()) == 0:
            _render(theirs, left)
        theirs.close()
        try:
            while left:
                data, _ = protocol.receive(ours)
                yield left.pop(0), tuple(protocol.failure_of(row) for row in data)
        except protocol.Closed:
            pass
        finally:
            ours.close()  # which ends the process if it has pages left
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if left:
            page = left.pop(0)
            yield page, (Failure(page.location(1), _told(status)),)


def _told(status: int) -> str:
    if status == -signal.SIGXCPU:
        return f"the page was not rendered in {SECONDS} seconds: is a line of it very long?"
    return f"the process that rendered this page ended with status {status}"


def _render(link: socket.socket, pages: list[Page]) -> NoReturn:
    """The life of the process that renders: an answer for each page, and nothing else of it."""
    status = 1
    try:
        limits.close_all({0, 1, 2, link.fileno()})
        die_with_parent(signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        limits.apply()
        for page in pages:
            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + SECONDS, hard))
            protocol.send(link, [asdict(failure) for failure in _of(page)])
        status = 0
    except protocol.Closed:  # nobody asks any more
        pass
    finally:
        os._exit(status)


def _of(page: Page) -> list[Failure]:
    from tandem.read import rendered  # late: it takes as long to import as all the rest

    try:
        return rendered.problems(page)
    except RecursionError:
        what = "the page is nested too deeply to be rendered"
    except Exception as error:  # a stranger's text, which must stop no other page
        what = f"the page cannot be rendered ({type(error).__name__}: {str(error)[:100]})"
    rendered.forget()
    return [Failure(page.location(1), what)]
