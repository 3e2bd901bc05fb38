"""The manifests, checked against the schemas of Kubernetes and against what the service has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import typer
import yaml

from service.commands.app import app
from service.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docker" / "kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))
DOCUMENTS: list[dict[str, Any]] = [
    document for path in FILES for document in yaml.safe_load_all(path.read_text("utf-8"))
]
# The oldest and the newest that are kept up by its makers.
VERSIONS = ("1.35.0", kubernetes_validate.latest_version())


def named(kind: str, name: str = "lianzhao") -> dict[str, Any]:
    (found,) = (
        each for each in DOCUMENTS if (each["kind"], each["metadata"]["name"]) == (kind, name)
    )
    return found


def pods() -> dict[str, dict[str, Any]]:
    """Return the specifications of all pods."""
    ray = named("RayCluster", "lianzhao-ray")["spec"]
    job = named("CronJob", "lianzhao-publish")["spec"]["jobTemplate"]["spec"]
    return {
        "serve": named("Deployment")["spec"]["template"]["spec"],
        "publish": job["template"]["spec"],
        "ray-head": ray["headGroupSpec"]["template"]["spec"],
        "ray-workers": ray["workerGroupSpecs"][0]["template"]["spec"],
        "ray-serve": ray["workerGroupSpecs"][1]["template"]["spec"],
        "follow": named("Deployment", "lianzhao-follow")["spec"]["template"]["spec"],
    }


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_keeps_the_schema(version: str) -> None:
    assert len(DOCUMENTS) > 8
    for document in DOCUMENTS:
        if document["apiVersion"] != "ray.io/v1":  # KubeRay's own; its pods are looked at below
            kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("name", ["ray-head", "ray-workers", "ray-serve"])
def test_the_pods_of_ray_keep_the_schema(name: str) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": pods()[name]}
    kubernetes_validate.validate(pod, VERSIONS[-1], strict=True)


def test_a_wrong_field_is_seen() -> None:
    wrong = named("Service") | {"spec": {"port": 80}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


@pytest.mark.parametrize("name", pods())
def test_every_container_is_confined(name: str) -> None:
    pod = pods()[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["automountServiceAccountToken"] is False
    for container in containers(pod):
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        for kind in ("requests", "limits"):
            assert container["resources"][kind].keys() == {"cpu", "memory"}
        assert re.search(r":\d", container["image"]), "images have a version"


@pytest.mark.parametrize("name", pods())
def test_what_is_mounted_and_read_is_there(name: str) -> None:
    pod = pods()[name]
    volumes = {volume["name"] for volume in pod["volumes"]}
    for volume in pod["volumes"]:
        if claim := volume.get("persistentVolumeClaim"):
            named("PersistentVolumeClaim", claim["claimName"])
        if secret := volume.get("secret"):
            named("Secret", secret["secretName"])
    for container in containers(pod):
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes
        for source in container["envFrom"]:
            for kind, reference in source.items():
                named({"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind], **reference)


def test_every_setting_is_one_and_may_be_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    given = named("ConfigMap")["data"] | named("Secret")["stringData"]
    own = {name: value for name, value in given.items() if name.startswith(PREFIX)}
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    assert own.keys() <= known
    assert given.keys() - own.keys() <= {
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_ENDPOINT_URL")
    }
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    Settings.load(home=Path("home"))


def test_every_command_is_one_that_there_is() -> None:
    command = typer.main.get_command(app)
    for pod in pods().values():
        for container in containers(pod):
            if container["name"] == "ray":  # KubeRay's own command
                continue
            here, words = command, list(container["args"])
            while hasattr(here, "commands"):
                here = here.commands[words.pop(0)]
            here.make_context(here.name, words, resilient_parsing=False)


def test_shards_are_asked_for_by_nodes_of_the_cluster_that_see_the_workspace() -> None:
    ray, serve = pods()["ray-serve"]["containers"]
    assert (ray["name"], serve["name"]) == ("ray", "serve"), "KubeRay starts Ray in the first"
    address = next(word for word in serve["args"] if word.startswith("--address="))
    assert (
        address
        == f"--address={named('RayCluster', 'lianzhao-ray')['metadata']['name']}-head-svc:6379"
    )
    both = [{tuple(sorted(mount.items())) for mount in own["volumeMounts"]} for own in (ray, serve)]
    assert both[0] == both[1], "a driver reaches its node through /tmp and /dev/shm"
    claims = {
        name: volume["persistentVolumeClaim"]["claimName"]
        for name in ("ray-workers", "ray-serve", "follow")
        for volume in pods()[name]["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert set(claims.values()) == {"lianzhao-shared"}
    assert len(claims) == 3
    group = named("RayCluster", "lianzhao-ray")["spec"]["workerGroupSpecs"][1]
    labels = group["template"]["metadata"]["labels"]
    assert named("Service", "lianzhao-sharded")["spec"]["selector"] == labels
    budget = named("PodDisruptionBudget", "lianzhao-sharded")["spec"]
    assert budget["selector"]["matchLabels"] == labels
    (port,) = named("Service", "lianzhao-sharded")["spec"]["ports"]
    assert port["targetPort"] in {each["name"] for each in serve["ports"]}


def test_selectors_find_the_replicas_and_the_scaler_its_container() -> None:
    deployment = named("Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"] == labels
    assert named("Service")["spec"]["selector"] == labels
    assert named("PodDisruptionBudget")["spec"]["selector"]["matchLabels"] == labels
    serve = deployment["spec"]["template"]["spec"]["containers"][0]
    (port,) = named("Service")["spec"]["ports"]
    assert port["targetPort"] in {each["name"] for each in serve["ports"]}
    scaler = named("HorizontalPodAutoscaler")["spec"]
    assert (scaler["scaleTargetRef"]["kind"], scaler["scaleTargetRef"]["name"]) == (
        "Deployment",
        "lianzhao",
    )
    (metric,) = scaler["metrics"]
    assert metric["containerResource"]["container"] == serve["name"]
    assert serve["resources"]["requests"][metric["containerResource"]["name"]]
    assert "replicas" not in deployment["spec"], "the scaler says how many"


@pytest.mark.parametrize("name", ["serve", "ray-serve"])
def test_probes_ask_what_the_image_has(name: str) -> None:
    serve = pods()[name]["containers"][-1]
    script = (ROOT / "docker" / "alive.py").read_text("utf-8")
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        program, path, *word = serve[probe]["exec"]["command"]
        assert (program, path) == ("python", "/opt/lianzhao/share/alive.py")
        assert word == ([] if probe == "livenessProbe" else ["ready"])
    assert "/health/{PROBE}" in script


def test_ray_is_of_the_version_that_is_pinned() -> None:
    pinned = re.search(r"^ray==(\S+)", (ROOT / "requirements/cluster.txt").read_text(), re.M)
    assert pinned
    assert named("RayCluster", "lianzhao-ray")["spec"]["rayVersion"] == pinned[1]


def test_no_secret_is_written_down() -> None:
    for document in DOCUMENTS:
        if document["kind"] == "Secret":
            for value in document["stringData"].values():
                assert "change-me" in value
