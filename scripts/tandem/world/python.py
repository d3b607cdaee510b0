"""Run `python ARGUMENTS` in a forked warm process, with what the cold program would show.

A fork of the warm process becomes the reader's Python: it finds the packages that the reader
has installed and no others, forgets what a cold Python would have imported from elsewhere, and
takes the caller's folder, variables and streams. What it cannot do as a cold Python does, it
leaves to one: `is_warm` says which commands it takes.
"""

from __future__ import annotations

import ast
import atexit
import contextlib
import functools
import importlib
import os
import runpy
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from io import TextIOWrapper
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, cast

from tandem import frameworks
from tandem.world import packages, startup

# What changes an interpreter while it starts, so that a warm one comes too late.
# https://docs.python.org/3/using/cmdline.html#environment-variables
HEARD = {"PYTHONPATH", "PYTHONWARNINGS", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE",
         "PYTHONHASHSEED", "PYTHONIOENCODING"}  # fmt: skip
Say = Callable[..., None]


def is_warm(arguments: list[str], environment: Mapping[str, str], site: Path) -> bool:
    """Whether a warm process can do what `python ARGUMENTS` does: `-c`, `-m` or a file.

    Not where `site` has packages with which others change when they are imported.
    """
    if any((site / name).exists() for name in packages.ONLY_IF_ASKED):
        return False
    if not arguments or (arguments[0] in {"-c", "-m"} and len(arguments) < 2):
        return False
    if arguments[0].startswith("-") and arguments[0] not in {"-c", "-m"}:
        return False
    if environment.get("PYTHONHASHSEED") != "0":
        return False
    if arguments[0] not in {"-c", "-m"} and not Path(arguments[0]).is_file():
        return False
    return all(name in HEARD for name in environment if name.startswith("PYTHON"))


@contextlib.contextmanager
def without_rare() -> Iterator[None]:
    """Import here what is to be warm: as if packages that few readers have were not there.

    Nor readline, which changes how every later `input()` reads.
    """
    hidden = {*packages.ONLY_IF_ASKED, "readline"}
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    yield
    for name in hidden:
        del sys.modules[name]


def become(executable: Path, site: Path, environment: Mapping[str, str]) -> None:
    """Make this forked process the reader's Python, whose packages are links in `site`."""
    names = os.listdir(site)
    installed = {name.partition(".")[0] for name in names}
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.executable = str(executable)
    sys.prefix = sys.exec_prefix = str(executable.parents[1])
    foreign = packages.load().folder  # in the environment of the checker, as are its packages
    theirs = f"{foreign.parents[1]}{os.sep}"
    own = [entry for entry in sys.path if not f"{entry}{os.sep}".startswith(theirs)]
    own = [entry for entry in own if not entry.endswith(f"{os.sep}scripts")]
    extra = [part for part in environment.get("PYTHONPATH", "").split(os.pathsep) if part]
    # Resolved, so that what the warm process has found out about the folder is still known.
    sys.path[:] = [os.path.abspath(part) for part in extra] + own + [os.path.realpath(site)]
    for name in names:
        if name.endswith(".pth"):
            sys.path += [line for line in (site / name).read_text().split("\n") if line]
    absent = (_foreign() - installed) | packages.OWN
    lost = {unit for unit, others in leaning().items() if not others.isdisjoint(absent)}
    known, members = _loaded()
    gone = [name for unit in absent | lost for name in members.get(unit, ())]
    gone += lost & known
    gone += [name for name in sys.modules.keys() - known if name.partition(".")[0] in absent | lost]
    for name in gone:
        sys.modules.pop(name, None)
    tempfile.tempdir = None  # where the warm process has its own
    if handlers := sys.modules.get("wsgiref.handlers"):  # which copies the variables on import
        handlers.BaseHandler.os_environ = handlers.read_environ()
    if text := environment.get("PYTHONWARNINGS"):
        sys.warnoptions[:] = text.split(",")
        warnings.resetwarnings()
        for option in text.split(","):
            with contextlib.suppress(Exception):
                cast(Any, warnings)._setoption(option)
    sys.dont_write_bytecode = bool(environment.get("PYTHONDONTWRITEBYTECODE"))
    unbuffered = bool(environment.get("PYTHONUNBUFFERED"))
    for stream in (sys.stdout, sys.stderr):  # the same objects: modules may have kept them
        if stream is None:
            continue
        tty = stream is sys.stderr or os.isatty(stream.fileno())
        cast(TextIOWrapper, stream).reconfigure(line_buffering=tty, write_through=unbuffered)
    forget_shadowed([os.getcwd(), *sys.path[: len(extra)]])


def know_packages() -> None:
    """Have `importlib.metadata` look into the folder of all packages once, before forking."""
    folder = str(packages.load().folder / "site-packages")
    list(metadata.distributions(path=[folder], name="flask"))


@functools.cache
def leaning() -> dict[str, set[str]]:
    """What was imported, each with the other packages that it has found and goes on to use.

    Packages as wholes; of the frameworks, where only the modules at their edges look for others,
    each module. To be called once before forking.
    """
    _loaded()
    frames = {packages.canonical(one.PACKAGE) for one in frameworks.KNOWN.values()}
    found: dict[str, set[str]] = {}
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if top not in _foreign() or module is None:
            continue
        others = found.setdefault(name if top in frames else top, set())
        for value in list(vars(module).values()):
            kind = type(value)  # not `isinstance`, which would wake lazy objects
            owner = value.__name__ if issubclass(kind, ModuleType) else None
            if issubclass(kind, type | FunctionType):
                owner = value.__module__
            if isinstance(owner, str) and (other := owner.partition(".")[0]) in _foreign():
                others.add(other)
    return found


@functools.cache
def _loaded() -> tuple[frozenset[str], dict[str, list[str]]]:
    """The modules that are there when it is called first, and those of each package."""
    members: dict[str, list[str]] = {}
    for name in sys.modules:
        members.setdefault(name.partition(".")[0], []).append(name)
    return frozenset(sys.modules), members


@functools.cache
def _foreign() -> frozenset[str]:
    """The first names of all modules that come with packages of this environment."""
    every = packages.load().distributions.values()
    return frozenset(top.partition(".")[0] for one in every for top in one.tops)


def forget_shadowed(folders: list[str]) -> None:
    """Drop warm modules that files in these folders hide, such as a project's own `flask.py`.

    Those that a cold Python has imported before it looks there stay, as in a cold Python.
    """
    own: set[str] = set()
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            own |= {one.name.removesuffix(".py") for one in entries}
    hidden = [name for name in own - startup.MODULES if name in sys.modules]
    if hidden:  # looking at every name copies the memory of each from the parent's
        for name in [name for name in sys.modules if name.partition(".")[0] in hidden]:
            del sys.modules[name]


def run(arguments: list[str], say: Say) -> int:
    """Do what `python ARGUMENTS` does; returns the status that it ends with.

    `say(early=…)` is called where the example ends the run by an exit with status 0 from its
    midst, `say(done=True)` at the end: a process that ends without it was broken off.
    """
    return _until_end(lambda: _main(arguments), say)


def run_program(path: str, target: str, arguments: list[str], say: Say) -> int:
    """Do what a program does that calls an entry point `module:function` of a package."""

    def call() -> None:
        sys.argv = [path, *arguments]
        sys.orig_argv = [sys.executable, path, *arguments]
        _new_main(path)
        module, _, name = target.partition(":")
        function: Any = importlib.import_module(module)
        for part in name.split("."):
            function = getattr(function, part)
        sys.exit(function())

    sys.path.insert(0, os.path.dirname(path))
    return _until_end(call, say)


def _until_end(call: Callable[[], None], say: Say) -> int:
    atexit._clear()  # what the warm process would do at its own end
    status = 0
    try:
        call()
        threading._shutdown()  # type: ignore[attr-defined]
    except SystemExit as error:
        status = _status(error)
        if early := _early_exit(error):
            say(early=early)
    except KeyboardInterrupt as error:
        _print_as_python(error)
        status = -2
    except BaseException as error:
        status = 1
        _print_as_python(error)
    with contextlib.suppress(Exception):
        atexit._run_exitfuncs()
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    with contextlib.suppress(Exception):
        sys.stderr.flush()
    say(done=True)
    return status


def _main(arguments: list[str]) -> None:
    sys.orig_argv = [sys.executable, *arguments]  # a reloader starts this again
    if arguments[0] == "-c":
        sys.argv = ["-c", *arguments[2:]]
        sys.path.insert(0, "")
        source = arguments[1]
        _remember("<string>", source)
        exec(compile(source, "<string>", "exec"), _new_main())
    elif arguments[0] == "-m":
        sys.argv = ["-m", *arguments[2:]]
        sys.path.insert(0, os.getcwd())
        if not hasattr(sys.modules.get(arguments[1]), "__path__"):
            sys.modules.pop(arguments[1], None)  # a cold Python has not imported it yet
        _new_main()
        cast(Any, runpy)._run_module_as_main(arguments[1])  # as the interpreter itself does
    else:
        sys.argv, script = list(arguments), arguments[0]
        sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
        forget_shadowed([sys.path[0]])
        code = compile(Path(script).read_bytes(), os.path.abspath(script), "exec")
        exec(code, _new_main(script))


def _remember(file: str, source: str) -> None:
    """Have tracebacks show the lines of a source that is no file, as a cold `python -c` does."""
    import linecache

    if sys.version_info >= (3, 13):
        rows = [f"{line}\n" for line in source.split("\n")]
        linecache.cache[file] = (len(source), None, rows, file)


def _new_main(file: str | None = None) -> dict[str, Any]:
    module = type(sys)("__main__")
    module.__builtins__ = __builtins__  # type: ignore[attr-defined]
    module.__spec__ = None
    if file is not None:
        module.__file__ = os.path.abspath(file)
    sys.modules["__main__"] = module
    return vars(module)


def _status(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def _early_exit(error: SystemExit) -> list[Any] | None:
    """Where an example ended the run with status 0 from its midst, if it did.

    Tools end by `sys.exit(0)`, and so may a script's last statement. Anywhere else in the
    project, an exit with status 0 would pass for a command that had done its work.
    """
    if error.code not in {0, None}:
        return None
    steps = traceback.extract_tb(error.__traceback__)
    file, line = steps[-1].filename, steps[-1].lineno or 0
    if not os.path.realpath(file).startswith(os.getcwd() + os.sep) or not os.path.isfile(file):
        return None
    last = ast.parse(Path(file).read_bytes()).body[-1]
    if steps[-1].name == "<module>" and last.lineno <= line <= (last.end_lineno or 0):
        return None
    return [file, line, steps[-1].name]


def _print_as_python(error: BaseException) -> None:
    """Print a traceback as the interpreter does, without the frames of this module."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    if trace is None and error.__traceback__ is not None:
        error.__traceback__ = None
    sys.excepthook(type(error), error.with_traceback(trace), trace)
