"""What a reader has loaded: the application that answers, the session that is typed into.

Both are loaded on first use, and again when what they were loaded from has changed.
"""

from __future__ import annotations

from collections.abc import Callable

from tandem import frameworks
from tandem.blocks import pycon
from tandem.blocks.http import Exchange, Response
from tandem.blocks.match import filled
from tandem.outcome import Failure, Wrong
from tandem.read.walkthrough import Walk
from tandem.walk.blame import Blame
from tandem.walk.events import Events
from tandem.walk.project import Project, changed, is_loaded
from tandem.walk.session import Session
from tandem.walk.terminal import Terminal
from tandem.walk.wire import App, Broken, Home, Raised
from tandem.world import zygote


class Loaded:
    """The application and the session of one walk, each a process or none."""

    def __init__(
        self,
        walk: Walk,
        place: zygote.Place,
        project: Project,
        terminal: Terminal,
        blame: Blame,
        events: Events,
    ) -> None:
        self.walk = walk
        self.place = place
        self.project = project
        self.terminal = terminal
        self.blame = blame
        self.events = events
        self.app: App | None = None
        self.session: Session | None = None
        # Where each was loaded, and the files as they were when it had done its last work: what
        # it writes itself is no change to it.
        self.app_home: Home | None = None
        self.app_files: dict[str, int] = {}
        self.session_home: Home | None = None
        self.session_files: dict[str, int] = {}

    @property
    def has_session(self) -> bool:
        """Whether a session goes on."""
        return self.session is not None and not self.session.gone

    def home(self) -> Home:
        """Where an application or a session is started now: as the next command would be."""
        variables, folder = self.terminal.where()
        framework = frameworks.KNOWN[self.walk.framework]
        targets = [framework.target(words) for words in self.terminal.running.commands()]
        target = next((one for one in reversed(targets) if one is not None), "")
        return Home(self.walk.framework, target, variables, folder, self.place)

    def ask(
        self, request: bytes, method: str, one: Exchange, enough: Callable[[bytes], bool] | None
    ) -> tuple[Response, Raised | None]:
        """The application's answer to some bytes; raises Wrong if it gives none."""
        line = one.request.line
        app = self.application(line)
        try:
            return app.ask(request, method, enough)
        except Broken as broken:
            self.close()
            what = f"{one.label} {broken.what}"
            raise Wrong(self.blame.told(broken.frames, line, what, broken.error)) from None
        finally:
            self.app_files = self.project.files()

    def application(self, line: int) -> App:
        """The application's process, loaded if it is not or if what it comes from has changed."""
        home = self.home()
        if self.app is not None and not self.is_current(self.app, home):
            self.app.close()
            self.app = None
        if self.app is None:
            try:
                self.app = App(home, self.walk.seconds, lambda pid: self.events.where([pid]))
            except Broken as broken:
                why = broken.raised or f"it {broken.what}"
                what = f"the application does not load: {why}"
                raise Wrong(self.blame.told(broken.frames, line, what, broken.error)) from None
            self.app_home = home
        return self.app

    def is_current(self, app: App, home: Home) -> bool:
        """Whether the application is what a reader's server would run now."""
        files = changed(self.app_files, self.project.files())
        return home == self.app_home and (not files or app.goes_on(files))

    def type(self, example: pycon.Example) -> str:
        """What an example printed; raises Wrong where the session cannot go on."""
        home = self.home()
        line = self.blame.typed = example.line
        files = changed(self.session_files, self.project.files())
        old = self.session_home
        moved = old is None or (home.environment, home.folder) != (old.environment, old.folder)
        is_new = moved or any(map(is_loaded, files))
        if self.session is not None and (self.session.gone or is_new):
            self.session.close()
            self.session = None
        label = "the session"
        try:
            if self.session is None:
                label = "the shell does not start: it"
                self.session = Session(home, self.walk.seconds, self.terminal.running.pump)
                said = self.session.wait()
                self.session_home = home
                if self.session.gone:
                    last = (said.strip().split("\n") or [""])[-1]
                    raise Wrong(self.blame.output(said, line, f"the shell does not start: {last}"))
            label = "this line"
            printed = self.session.run(
                tuple(filled(one, self.terminal.variables) for one in example.lines)
            )
            self.session_files = self.project.files()
        except (TimeoutError, OverflowError) as error:
            frames = self.events.where([self.session.tty.leader]) if self.session else []
            self.close()
            raise Wrong(self.blame.told(frames, line, f"{label} {error}")) from None
        if self.session.prompt == "P":
            self.close()
            what = f"the session waits for the rest of {example.label}: it goes on in a line `... `"
            raise Wrong(Failure(self.walk.page.location(line), what))
        if self.session.gone and (status := self.session.status()):
            raise Wrong(
                Failure(
                    self.walk.page.location(line), f"this line ended the session: {status}", printed
                )
            )
        return printed

    def pids(self) -> set[int]:
        """The processes of both, which are no strays."""
        app = {self.app.pid} if self.app else set()
        return app | ({self.session.tty.leader} if self.session else set())

    def orphans(self) -> list[str]:
        """What the application's views have started and not ended; returns the commands."""
        return self.app.orphans() if self.app else []

    def children(self) -> list[str]:
        """What the session has started and not ended; returns the commands."""
        return self.session.children() if self.session else []

    def close(self) -> None:
        """Close the application and the session, so that the next use loads them again."""
        if self.app is not None:
            self.app.close()
        if self.session is not None:
            self.session.close()
        self.app = self.session = None
