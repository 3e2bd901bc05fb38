"""The start of a notebook: a named workspace, or the demo's."""

from __future__ import annotations

from pathlib import Path

from features import calendar
from features.errors import InputError
from features.industry.chains import ChainMap
from features.workspace import Workspace
from service.commands.context import Context
from service.commands.demo import NOTE, load
from service.commands.matrices import read_matrices
from service.database.connection import Database
from service.projects.lists import import_list
from service.projects.projects import Projects
from service.serving.engine import Engine
from service.serving.lifecycle.loading import load_engine
from service.settings import Settings
from training import publishing
from training.desk.bars import bars
from training.desk.example_projects import example_lists
from training.desk.matrices import Matrix
from training.desk.practice import are_judged, judged_tables, practice_tables, states_nodes
from training.desk.theme import Note

DEMO_HOME = Path(__file__).parents[2] / "var" / "desk"
"""The demo's workspace; a named workspace is never filled with demo data."""
ILLUSTRATIVE = "illustrative"
"""The basis of an illustrative need."""


class Desk(Context):
    """A workspace with its settings, registry and encoder, and a note on its data.

    Parameters
    ----------
    home : str or Path
        The workspace. Empty: the setting HOME, or else the demo's own workspace, which is filled
        and trained on first use.

    Raises
    ------
    InputError
        When a named workspace has no enterprises.
    """

    def __init__(self, home: str | Path = "") -> None:
        named = bool(home) or "home" in Settings.load().model_fields_set
        super().__init__(Path(home) if home else None if named else DEMO_HOME)
        self.demo = not named
        if not self.workspace.read("enterprises").is_empty():
            return
        if named:
            raise InputError(
                f"{self.workspace.home} holds no enterprises",
                field="HOME",
                got=str(self.workspace.home),
                expected="a workspace with enterprises (lianzhao import enterprises …), "
                "or nothing for the demo",
            )
        load(self)

    @property
    def label(self) -> Note:
        """The note to show with the data."""
        basis = self.workspace.read("needs")["basis"]
        illustrative = int(basis.str.starts_with(ILLUSTRATIVE).fill_null(value=False).sum())
        stated = NOTE.replace("\n", "  \n") if self.demo else f"工作区：{self.workspace.home}"
        if illustrative:
            stated += f"  \n**{len(basis)}条需求中有{illustrative}条为示意（illustrative）。**"
        return Note(stated)

    def engine(self) -> Engine:
        """Return the engine of the active version; the demo is trained first if it has none.

        Raises
        ------
        UnavailableError
            When no version of the named workspace is active.
        """
        if self.demo and self.registry.active() is None:
            with bars() as tell:
                publishing.train(self.workspace, self.registry, self.encoder, progress=tell)
        return load_engine(self.workspace, self.encoder, words=self.words)

    def matrices(self) -> dict[str, Matrix]:
        """Return the matrices of the active version, see `training.desk.matrices`."""
        return read_matrices(self.engine(), self.workspace)

    def practice(self, folder: str | Path, most: int) -> Desk:
        """Create a workspace with at most `most` needs to practise on, and return its desk.

        The tables here are not changed. The labels are the workspace's own judgements if there are
        enough, else those of `training.desk.practice`.
        """
        enterprises = self.workspace.read("enterprises")
        if are_judged(self.workspace) or not states_nodes(enterprises):
            tables = judged_tables(self.workspace, most)
        else:
            chain_map = ChainMap.from_frame(self.workspace.read("chains"))
            tables = practice_tables(enterprises, chain_map, most)
        Workspace(Path(folder)).commit(tables)
        return Desk(folder)

    def example_projects(self, folder: str | Path) -> Projects:
        """Create made-up projects for the zones of the workspace, in a separate folder.

        They illustrate figures, and name no real project.
        """
        own, today = Workspace(Path(folder)), calendar.today()
        zones = self.workspace.read("zones")
        own.commit({"zones": zones})
        projects = Projects(own, Database(own.home))
        path = own.home / "example.csv"
        for rows in example_lists(zones["zone_id"].to_list(), today):
            rows.write_csv(path)
            import_list(projects, path)
        return projects
