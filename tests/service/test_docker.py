"""The image, the compose file and the dashboard, read as far as they can be without Docker."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from starlette.testclient import TestClient

FOLDER = Path(__file__).parents[2] / "docker"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (FOLDER / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
INSTRUCTIONS = [line.split(None, 1) for line in DOCKERFILE.splitlines() if line[:1].isupper()]


def _values(instruction: str) -> list[str]:
    return [value for name, value in INSTRUCTIONS if name == instruction]


def test_compose_itself_reads_the_file(tmp_path: Path) -> None:
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("no docker-compose in the path (Debian: apt-get install docker-compose)")
    # Compose 1.29 knows all of the specification but the name of the project.
    kept = {key: value for key, value in COMPOSE.items() if key != "name"}
    (tmp_path / "compose.yaml").write_text(yaml.safe_dump(kept), "utf-8")
    shutil.copy(FOLDER / "env.example", tmp_path / ".env")
    said = subprocess.run(
        [compose, "-f", "compose.yaml", "--profile", "monitoring", "config"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert yaml.safe_load(said.stdout)["services"].keys() == SERVICES.keys()


def test_the_last_stage_is_not_root_and_has_no_compiler() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert _values("USER") == ["10001:10001"]
    assert "USER 10001:10001" in last
    assert "apt-get" not in last
    assert "gcc" not in last
    assert "curl" not in DOCKERFILE
    assert len(_values("HEALTHCHECK")) == 1


def test_the_image_is_built_from_pinned_hashed_requirements_alone() -> None:
    assert "--require-hashes -r /src/requirements/base.txt" in DOCKERFILE
    assert "LIGHTFM_NO_CFLAGS=1" in DOCKERFILE
    for other in ("peers.txt", "dev.txt"):
        assert other not in DOCKERFILE
    admitted = (FOLDER.parent / ".dockerignore").read_text("utf-8").splitlines()
    assert admitted[0] == "*"
    for name in (line[1:] for line in admitted if line.startswith("!")):
        assert (FOLDER.parent / name).exists(), name


def test_what_the_image_copies_is_there() -> None:
    copied = [value.split()[:-1] for value in _values("COPY") if not value.startswith("--from")]
    for name in (part for parts in copied for part in parts):
        assert (FOLDER.parent / name).exists(), name


def test_every_image_has_a_version() -> None:
    images = [service["image"] for service in SERVICES.values()]
    images += [value.split()[0] for value in _values("FROM")]
    for image in images:
        assert re.search(r":v?\d", image), image


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert str(service["user"]).split(":")[0] not in {"0", "root"}
    assert service["mem_limit"]
    assert service["cpus"]
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")
    # The setup ends by itself; the API has the check of its image.
    assert "healthcheck" in service or name == "api"


def test_volumes_secrets_and_dependencies_are_declared() -> None:
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            there = (FOLDER / source).exists() if source.startswith(".") else None
            assert there or source in COMPOSE["volumes"], (name, source)
        for other, condition in service.get("depends_on", {}).items():
            wanted = condition["condition"]
            assert wanted != "service_healthy" or "test" in SERVICES[other]["healthcheck"]
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])


def test_no_password_is_written_down() -> None:
    text = (FOLDER / "compose.yaml").read_text("utf-8")
    for name in ("REDIS_PASSWORD", "POSTGRES_PASSWORD"):
        assert f"${{{name}:?" in text
        assert f"\n{name}=change-me\n" in (FOLDER / "env.example").read_text("utf-8")


def test_the_health_check_fails_where_nothing_answers() -> None:
    source = (FOLDER / "alive.py").read_text("utf-8").replace(":8000", ":9")
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, timeout=10)
    assert done.returncode == 1


@pytest.mark.parametrize("name", ["setup.sh", "try-without-docker.sh"])
def test_scripts_are_executable_and_parse(name: str) -> None:
    script = FOLDER / name
    assert script.stat().st_mode & 0o111
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_the_dashboard_asks_for_metrics_that_there_are(
    start: Callable[..., AbstractContextManager[TestClient]],
) -> None:
    with start() as client:
        client.get("/v1/recommendations?need_id=z/光电LED")
        client.get("/nothing")
        text = client.get("/metrics").text
    exposed = set(re.findall(r"^(\w+)(?:\{| )", text, re.MULTILINE))
    dashboard = json.loads((FOLDER / "grafana/dashboards/lianzhao.json").read_text("utf-8"))
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked = {name for query in queries for name in re.findall(r"\b(?:lianzhao|process)_\w+", query)}
    assert asked
    assert asked <= exposed
    labels = set(re.findall(r"[{,](\w+)=", text))
    named = {
        part
        for query in queries
        for found in re.findall(r"by \(([\w, ]+)\)", query)
        for part in found.split(", ")
    }
    assert named <= labels
