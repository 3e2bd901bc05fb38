import pytest

from features.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    """Return an empty workspace."""
    return Workspace(tmp_path / "var")
