"""What a reader has loaded: the application that answers, the session that is typed into.

Both are loaded on first use, and again when what they were loaded from has changed.
"""

from __future__ import annotations

from tandem import frameworks
from tandem.blocks import pycon
from tandem.blocks.match import filled
from tandem.outcome import Failure, Wrong
from tandem.read.walkthrough import Walk
from tandem.walk.blame import Blame
from tandem.walk.events import Events
from tandem.walk.project import Project
from tandem.walk.session import Session
from tandem.walk.terminal import Terminal
from tandem.walk.wire import App, Broken, Home
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
        self.loaded_app: tuple[object, ...] = ()
        self.loaded_session: tuple[object, ...] = ()

    @property
    def has_session(self) -> bool:
        """Whether a session goes on."""
        return self.session is not None and not self.session.gone

    def home(self) -> Home:
        """Where an application or a session is started now: as the next command would be."""
        variables, folder = self.terminal.where()
        framework = frameworks.KNOWN[self.walk.framework]
        targets = [framework.target(words) for words in self.terminal.served()]
        target = next((one for one in reversed(targets) if one is not None), None)
        return Home(self.walk.framework, target, variables, folder, self.place)

    def current(self, home: Home) -> tuple[object, ...]:
        """What a session is loaded from: when it changes, it has to be loaded again."""
        return home.environment, home.folder, self.project.signature()

    def served(self, home: Home) -> tuple[object, ...]:
        """What an application is loaded from: it is the one that the page's server serves."""
        return home.target or "", *self.current(home)

    def application(self, line: int) -> App:
        """The application's process, loaded if it is not or if what it comes from has changed."""
        home = self.home()
        now = self.served(home)
        if self.app is not None and now != self.loaded_app:
            self.app.close()
            self.app = None
        if self.app is None:
            try:
                self.app = App(home, self.walk.seconds, lambda pid: self.events.where([pid]))
            except Broken as broken:
                why = broken.raised or f"it {broken.what}"
                what = f"the application does not load: {why}"
                raise Wrong(self.blame.told(broken.frames, line, what, broken.error)) from None
            self.loaded_app = self.served(home)
        return self.app

    def type(self, example: pycon.Example) -> str:
        """What an example printed; raises Wrong where the session cannot go on."""
        home = self.home()
        now = self.current(home)
        line = self.blame.typed = example.line
        if self.session is not None and (self.session.gone or now != self.loaded_session):
            self.session.close()
            self.session = None
        label = "the session"
        try:
            if self.session is None:
                label = "the shell does not start: it"
                self.session = Session(home, self.walk.seconds)
                said = self.session.wait()
                self.loaded_session = self.current(home)
                if self.session.gone:
                    last = (said.strip().split("\n") or [""])[-1]
                    raise Wrong(self.blame.output(said, line, f"the shell does not start: {last}"))
            label = "this line"
            printed = self.session.run(
                tuple(filled(one, self.terminal.variables) for one in example.lines)
            )
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
