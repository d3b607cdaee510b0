#!/usr/bin/env -S python3 -I -S
"""A Python program as a reader's shell starts it: hands over to the warm process of its terminal.

Every `python`, `flask`, `pytest` … on a reader's PATH is a link to this file. It sends its
arguments, folder, variables and open files to the socket of its terminal session, and ends as
the process that did the work ends: with its status, or by its signal. Without such a socket (in
a session that a program made for itself), or where the warm process says so, it becomes the cold
Python. It imports built-in modules only: its start is what each command costs.
"""

import posix
import sys

import _signal
import _socket
import select

HERE = posix.environ.get(b"TANDEM_BASE") or b"/reader"
FORWARD = {_signal.SIGTERM, _signal.SIGHUP, _signal.SIGQUIT, _signal.SIGUSR1, _signal.SIGUSR2,
           _signal.SIGINT, _signal.SIGALRM, _signal.SIGCONT}  # fmt: skip
MOST = 64  # open files that are looked for: a reloader hands its server's socket on
KERNEL = 0x80  # `si_code` of a signal that the terminal's keys made: the whole group has it


def main() -> int:
    """Returns the exit status, or less than 0 for the signal to die by."""
    link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        link.connect(HERE + b"/run/%d" % posix.getsid(0))
    except (FileNotFoundError, ConnectionRefusedError):
        cold([])
    files = [number for number in range(MOST) if number != link.fileno() and is_open(number)]
    umask = posix.umask(0)
    posix.umask(umask)
    words = [word.encode("utf-8", "surrogateescape") for word in sys.argv]
    variables = [b"%b=%b" % pair for pair in posix.environ.items()]
    head = b"%d %d %d " % (posix.getpgrp(), umask, len(words))
    head += b",".join(b"%d" % number for number in files)
    data = b"\0".join([head, posix.getcwdb(), *words, *variables])
    numbers = b"".join(number.to_bytes(4, sys.byteorder) for number in files)
    rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, numbers)] if files else []
    link.sendmsg([len(data).to_bytes(4, "big")], rights)
    link.sendall(data)
    _signal.pthread_sigmask(_signal.SIG_BLOCK, FORWARD)
    answer, child = b"", 0
    while True:
        if select.select([link], [], [], 0.05)[0]:
            part = link.recv(4096)
            answer += part
            *lines, answer = answer.split(b"\n")
            for line in lines:
                word, _, value = line.partition(b" ")
                if word == b"pid":
                    child = int(value)
                elif word == b"cold":
                    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, FORWARD)
                    cold(value.decode("utf-8", "surrogateescape").split("\0") if value else [])
                elif word == b"status":
                    return int(value)
            if not part:
                return 1
        while (got := _signal.sigtimedwait(FORWARD, 0)) is not None:
            if child and got.si_code != KERNEL:
                posix.kill(child, got.si_signo)


def is_open(number: int) -> bool:
    try:
        posix.fstat(number)
    except OSError:
        return False
    return True


def cold(words: list[str]) -> None:
    """Become the cold Python, or the program that a package's entry point is in it."""
    name = sys.argv[0].rpartition("/")[2]
    if not words:
        words = sys.argv[1:]
        if not name.startswith("python"):
            folder = posix.readlink(sys.argv[0]).rpartition("/")[0]
            words = [f"{folder}/scripts/{name}", *words]
    posix.execv(HERE + b"/env/cold/python3", [sys.argv[0], *words])


def end(status: int) -> None:
    if status >= 0:
        posix._exit(status)
    if -status not in {_signal.SIGKILL, _signal.SIGSTOP}:
        _signal.signal(-status, _signal.SIG_DFL)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, {-status})
    posix.kill(posix.getpid(), -status)
    posix._exit(128 - status)


if __name__ == "__main__":
    end(main())
