import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data that are not part of the project; tests that need them skip without."""
    folder = Path(os.environ.get("LIANZHAO_SHARED", "../shared/data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data in {folder} (set LIANZHAO_SHARED)")
    return folder
