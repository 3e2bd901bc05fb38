"""A client made from the OpenAPI document compiles with the calls that the README shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from service.api.app import create_app
from service.settings import Settings
from tests.service.fakes import FakeRegistry, FakeSource

HERE = Path(__file__).parent
README = HERE.parents[1] / "service" / "README.md"
SECONDS = 600
AWAY = re.compile(r"ENOTFOUND|ECONN|ETIMEDOUT|EAI_AGAIN|ENETUNREACH|EHOSTUNREACH|E50\d|E40[134]\b")
"""Messages of npm when no registry can be reached, which is not a failure of the client."""

pytestmark = pytest.mark.skipif(
    shutil.which("npm") is None, reason="npm is not there, so no client can be made"
)


def run(*command: str, at: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=at, capture_output=True, text=True, timeout=SECONDS, check=False
    )


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the tools installed and a client made from the document."""
    found = tmp_path_factory.mktemp("client")
    for name in ("package.json", "package-lock.json", ".npmrc", "tsconfig.json"):
        shutil.copy(HERE / name, found)
    installed = run("npm", "ci", at=found)
    if installed.returncode and ("CI" not in os.environ or AWAY.search(installed.stderr)):
        pytest.skip(f"the tools cannot be installed here: {installed.stderr[-500:]}")
    assert installed.returncode == 0, installed.stderr
    source = FakeSource()
    settings = Settings.load(home=found / "home", log_level="error")
    document = create_app(settings, source, FakeRegistry(source)).openapi()
    (found / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    made = run("npx", "openapi-typescript", "openapi.json", "-o", "lianzhao.d.ts", at=found)
    assert made.returncode == 0, made.stderr
    return found


def compiled(project: Path, code: str) -> str:
    (project / "calls.ts").write_text(code, encoding="utf-8")
    return run("npx", "tsc", "--project", ".", at=project).stdout


def test_the_calls_of_the_readme_compile_in_strict_mode(project: Path) -> None:
    blocks = re.findall(r"```ts\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for code in blocks:
        assert compiled(project, code) == ""
        # A word that is in no vocabulary does not.
        wrong = code.replace('"negotiation"', '"negotiating"').replace('"active"', '"alive"')
        assert "TS2322" in compiled(project, wrong)
