"""Replicas that take their model and tables from a store, and their publisher."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.workspace import Workspace
from models.releases import releases
from models.releases.registry import ModelRegistry
from models.storage import loading
from service.serving.lifecycle.loading import load_engine
from tests.pool import HashedEncoder, enterprise_rows, frame

if TYPE_CHECKING:
    from pathlib import Path

    from models.releases.store import Store


class Replica:
    """A workspace that is filled from a store alone."""

    def __init__(self, home: Path) -> None:
        self.encoder = HashedEncoder()
        self.workspace = Workspace(home)
        self.registry = ModelRegistry(
            self.workspace,
            lambda folder: loading.load(folder, self.workspace, self.encoder),
        )

    def pull(self, store: Store) -> int:
        return releases.pull(self.workspace, self.registry, store)

    def leads(self) -> Any:
        engine = load_engine(self.workspace, self.encoder)
        return engine.batch([*engine._needs.values()], 100)


def push(workspace: Workspace, store: Store, after: int = 0) -> int:
    """Publish the active version of a workspace."""
    version = ModelRegistry(workspace).active()
    assert version is not None
    load_engine(workspace, HashedEncoder(), version=version)
    return releases.push(workspace, version, store, after)


def changed(workspace: Workspace) -> None:
    """Change one enterprise."""
    rows = enterprise_rows()
    rows[3]["business_scope"] = "激光器制造"
    workspace.commit({"enterprises": frame("enterprises", rows)})
