from __future__ import annotations

import logging
import os
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from features.encoder import EncodingStore
from features.imports.importing import import_table
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from service.commands.demo import TABLES as DEMO_TABLES
from service.serving.lifecycle.loading import load_engine
from tests.patience import PATIENCE
from tests.pool import HashedEncoder, tables, training_data
from tests.training.deals import trading_data
from training.fitting import fit
from training.publishing import train

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.scoring.ranker import PoolRanker
    from service.serving.engine import Engine
    from training.fitting import Fitted

TODAY = date(2026, 1, 1)

# The same examples on every machine, however busy it is.
settings.register_profile(
    "gate",
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("gate")

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Wherever a test goes, beside the project."""
_DEMO = Path(__file__).resolve().parents[1] / "service" / "demo"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data that are not part of the project; tests that need them skip without."""
    folder = Path(os.environ.get("LIANZHAO_SHARED", _SHARED)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no shared data in {folder} (set LIANZHAO_SHARED)")
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with the demo's tables and a model; only to be read."""
    workspace = Workspace(tmp_path_factory.mktemp("demo"))
    for table in DEMO_TABLES:
        import_table(workspace, table, _DEMO / f"{table}.csv")
    train(workspace, ModelRegistry(workspace), HashedEncoder())
    return workspace.home


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """Undo what a command or an app that a test runs sets for all logs of the process."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    for handler in root.handlers[:]:
        if handler not in handlers:
            root.removeHandler(handler)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer for Redis: where it answers at all, busy processors must not fail a test."""
    for place in PATIENCE:
        monkeypatch.setattr(*place)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> EncodingStore:
    return EncodingStore(tmp_path_factory.mktemp("store") / "encodings.sqlite", HashedEncoder())


@pytest.fixture(scope="session")
def fitted(store: EncodingStore) -> Fitted:
    """Return a ranker fitted on the small pool."""
    return fit(training_data(), store, today=TODAY)


@pytest.fixture(scope="session")
def traded(store: EncodingStore) -> Fitted:
    """Return a ranker fitted on the small pool with dated deals instead of judgements."""
    return fit(trading_data(), store, today=TODAY)


@pytest.fixture(scope="session")
def bound(fitted: Fitted) -> PoolRanker:
    """Return that ranker, bound to the small pool."""
    return fitted.ranker.bind(fitted.ranker.space.pool(tables()["enterprises"]))


@pytest.fixture(scope="session")
def trained_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace that holds the small pool and a model; only to be read."""
    workspace = Workspace(tmp_path_factory.mktemp("trained"))
    workspace.commit(tables())
    train(workspace, ModelRegistry(workspace), HashedEncoder())
    return workspace.home


@pytest.fixture
def home(trained_home: Path, tmp_path: Path) -> Path:
    """Return a copy of the trained workspace, free to be changed."""
    return shutil.copytree(trained_home, tmp_path / "home")


@pytest.fixture
def workspace(home: Path) -> Workspace:
    return Workspace(home)


@pytest.fixture(scope="session")
def engine(trained_home: Path) -> Engine:
    return load_engine(Workspace(trained_home), HashedEncoder())
