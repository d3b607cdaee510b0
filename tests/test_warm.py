"""A program in a warm process does what the cold one does: output, status, signals, variables."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("both_ways.py")
PACKAGES = (
    r"ENV/(reader/\w+|lib/python3\.\d+)/site-packages"
    r"|BASE/env/(lib/python3\.\d+/)?site-packages"
)
JOBS = r"^\[\d+\].*\n|\b\d{3,}\b(?= Terminated| Killed| Interrupt)"  # how a shell numbers them
COMMANDS = [
    # how arguments, names and paths arrive
    'python -c "print(1 + 1)"',
    "python -c \"import sys; print(sys.argv)\" one 'two words' --three",
    'python -c "print(__name__, __builtins__ is not None)"',
    'python -c ""',
    "python words.py",
    "python words.py one --two",
    "python ./words.py",
    "cd src && python ../words.py; cd ..",
    "python $PWD/words.py",
    "python -m words one",
    "python -m json.tool <<< '{\"a\": 1}'",
    "python -m calendar 2026 11",
    "python3 words.py",
    "python -c \"import sys; print(sys.path[0] == '')\"",
    'python -c "import os; print(os.path.basename(os.getcwd()))"',
    'python -c "import sys; print(sys.prefix != sys.base_prefix)"',
    'python -c "import sys, os; print(os.path.basename(sys.executable))"',
    'python -c "import sys; print(sys.flags.interactive, sys.flags.optimize)"',
    "python -c \"import __main__; print(hasattr(__main__, '__file__'))\"",
    "python nowhere.py",
    "python -m nowhere",
    "python -c",
    "python --version",
    "python -V",
    "python -O -c 'print(__debug__)'",
    "python -W error -c 'import warnings; warnings.warn(\"x\")'",
    "python -S -c 'import flask'",
    "python -I -c 'import sys; print(sys.flags.isolated)'",
    "echo 'print(3)' | python",
    "echo 'print(3)' | python -",
    "python < words.py",
    # how it ends
    "python -c 'import sys; sys.exit(3)'",
    "python -c 'import sys; sys.exit(\"No notes\")'",
    "python -c 'import sys; sys.exit()'",
    "python -c 'import sys; sys.exit(256)'",
    "python -c 'raise SystemExit'",
    "python -c '1/0'",
    "python falls.py",
    "python -c 'raise KeyError(\"x\") from ValueError(1)'",
    "python -c 'def f(:'",
    "python -c 'import os; os._exit(4)'",
    "python -c 'import os, signal; os.kill(os.getpid(), signal.SIGTERM)'",
    "python -c 'import os, signal; os.kill(os.getpid(), signal.SIGKILL)'",
    "python -c 'raise KeyboardInterrupt'",
    "python -c 'import atexit; atexit.register(print, \"bye\")'",
    'python -c \'import threading; threading.Timer(0.05, print, ["later"]).start(); print("now")\'',
    "python -c '1/0' && echo then",
    "python -c '1/0' || echo else",
    "python -c 'print(1)'; echo $?",
    "! python -c 'import sys; sys.exit(1)'",
    # streams
    "python -c 'print(1)' > out.txt; cat out.txt",
    "python -c 'import sys; print(1); print(2, file=sys.stderr)' 2> err.txt; cat err.txt",
    "python -c 'import sys; print(2, file=sys.stderr)' 2>&1 | cat",
    "python -c 'print(1)' >> out.txt; python -c 'print(2)' >> out.txt; cat out.txt",
    "printf 'milk\\nbread\\n' | python -c 'import sys; print(sorted(sys.stdin))'",
    "python -c 'print(input())' <<< milk",
    "python -c 'input()' < /dev/null",
    "python -c 'import sys; print(sys.stdout.isatty(), sys.stdin.isatty())'",
    "python -c 'import sys; print(sys.stdout.isatty())' | cat",
    "python -c 'import os; print(os.get_terminal_size().columns)'",
    "python -c 'for n in range(100000): print(n)' | head -n 1",
    "python -c 'print(\"\\u00e9 \\u4e2d\")'",
    "python -c 'import os; os.write(1, b\"\\xff\\n\")' | od -An -tx1",
    "python -c 'import sys; sys.stdout.close()'",
    "python -c 'print(1)' 1>&-",
    "python -c 'import os; print(os.read(7, 5))' 7<<< hello",
    'python -c \'import subprocess; subprocess.run(["echo", "child"])\'',
    'python -c \'import subprocess, sys; subprocess.run([sys.executable, "-c", "print(5)"])\'',
    # variables and the process
    "NAME=Ada python -c 'import os; print(os.environ[\"NAME\"])'",
    "export COLOUR=red; python -c 'import os; print(os.environ[\"COLOUR\"])'",
    "PYTHONPATH=src python -c 'import shop, sys; print(shop.NAME)'",
    "PYTHONWARNINGS=error python -c 'import warnings; warnings.warn(\"x\")'",
    "PYTHONWARNINGS=ignore python -c 'import warnings; warnings.warn(\"x\"); print(1)'",
    "PYTHONOPTIMIZE=1 python -c 'print(__debug__)'",
    'PYTHONHASHSEED=7 python -c \'print(hash("x") == hash("x"))\'',
    "TZ=Asia/Tokyo python -c 'import time; print(time.tzname)'",
    "umask 077; python -c 'import os; os.close(os.open(\"made\", os.O_CREAT))'; stat -c %a made",
    "umask 022",
    "python -c 'import os; print(os.getpgrp() == os.tcgetpgrp(0))'",
    "python -c 'import os; print(os.isatty(os.open(\"/dev/tty\", os.O_RDWR)))'",
    "python -c 'from signal import *; print(getsignal(SIGINT) is default_int_handler)'",
    "python -c 'import time; time.sleep(60)' & kill %1; wait %1; echo $?",
    "python -c 'import os, signal; os.kill(os.getpid(), signal.SIGINT)'",
    "timeout 0.5 python -c 'import time; time.sleep(60)'; echo $?",
    # modules: those that a project's own files hide
    "python uses_random.py",
    "python shadow/uses.py",
    "cd shadow && python -c 'import random; print(hasattr(random, \"CHOICE\"))'; cd ..",
    "python -c 'import tandem'",
    "python -c 'import mkdocs'",
    "python -c 'import flask, django; print(flask.__name__, django.__name__)'",
    # programs
    "flask --version",
    "flask routes",
    "flask greet --times 2",
    "flask nowhere",
    "flask --help | head -n 1",
    "python -m flask routes",
    "django-admin --version",
    "python -m django --version",
    "python manage.py check",
    "python manage.py migrate",
    "python manage.py migrate",
    "python manage.py nowhere",
    "python manage.py shell -v 0 -c 'print(User.objects.count())'",
    "pytest -q test_sums.py",
    "python -m pytest -q test_sums.py -k holds",
    "gunicorn --version",
    "nowhere",
]


Came = tuple[int, str]


@pytest.fixture(scope="module")
def ways() -> list[tuple[Came, ...]]:
    """What each command gave: in a warm terminal, without a compiled client, and cold."""
    done = subprocess.run(
        [sys.executable, SCRIPT], input=json.dumps(COMMANDS), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    return [tuple((status, plain(text)) for status, text in row) for row in rows]


@pytest.mark.parametrize("number", range(len(COMMANDS)), ids=COMMANDS.__getitem__)
def test_same(ways: list[tuple[Came, ...]], number: int) -> None:
    warm, slow, cold = ways[number]
    assert warm == cold
    assert slow == cold


def plain(text: str) -> str:
    """An output without what differs from one run to the next: times, numbers of processes."""
    text = re.sub(PACKAGES, "SITE", text)
    text = re.sub(r"\d+\.\d+s\b", "0.00s", text)
    return re.sub(
        r"^\[\d+\].*\n|\b\d{3,}\b(?= Terminated| Killed| Interrupt)", "", text, flags=re.MULTILINE
    )
