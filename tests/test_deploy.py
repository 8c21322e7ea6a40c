"""deploy/: what docs/deploy.md tells to start, as far as it can be tried here."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from kubeflow.training import models as training_models

from dagster_project.instance import SETTINGS

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name != "kustomization.yaml")
PACKAGES = ("corpus", "pipelines", "training", "recipes", "dagster_project", "headwater")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def has_compose() -> bool:
    docker = shutil.which("docker")
    return docker is not None and not subprocess.run([docker, "compose", "version"], capture_output=True).returncode


@pytest.mark.skipif(not has_compose(), reason="docker compose is not installed")
def test_docker_compose_takes_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADWATER_POSTGRES_PASSWORD", "secret")
    command = ["docker", "compose", "-f", str(DEPLOY / "compose.yaml"), "--profile", "operator", "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_public_webserver_changes_nothing_and_all_webservers_answer_this_machine_alone() -> None:
    services = compose()["services"]
    assert "--read-only" in services["webserver"]["command"]
    assert services["operator"]["profiles"] == ["operator"]  # starts only when it is asked for
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)
    assert services["daemon"]["command"][:2] == ["dagster-daemon", "run"]


def test_every_volume_and_every_service_that_is_waited_for_is_there() -> None:
    found = compose()
    for service in found["services"].values():
        assert set(service.get("depends_on", {})) <= set(found["services"])
        assert {volume.partition(":")[0] for volume in service.get("volumes", [])} <= set(found["volumes"])


def assert_fits(value: Any, kind: str, where: str) -> None:
    """Every field is one of the model's, and has its type. For the models of a generated client of Kubernetes."""
    if inner := re.fullmatch(r"list\[(.*)\]", kind):
        assert isinstance(value, list), where
        for number, one in enumerate(value):
            assert_fits(one, inner[1], f"{where}[{number}]")
    elif inner := re.fullmatch(r"dict\(str, (.*)\)", kind):
        assert isinstance(value, dict), where
        for name, one in value.items():
            assert_fits(one, inner[1], f"{where}.{name}")
    elif kind in ("str", "int", "bool"):
        assert type(value).__name__ == kind, f"{where} is {value!r}, and should be {kind}"
    elif model := getattr(training_models, kind, None):
        names = {name: attribute for attribute, name in model.attribute_map.items()}
        assert set(value) <= set(names), f"{where} has {sorted(set(value) - set(names))}"
        for name, one in value.items():
            assert_fits(one, model.openapi_types[names[name]], f"{where}.{name}")


def test_the_training_operator_and_kubernetes_take_the_training_job() -> None:
    claim, job = yaml.safe_load_all((DEPLOY / "kubernetes-training" / "pytorchjob.yaml").read_text())
    kubernetes_validate.validate(claim, desired_version="1.33", strict=True)
    assert (job["apiVersion"], job["kind"]) == ("kubeflow.org/v1", "PyTorchJob")
    assert_fits(job, "KubeflowOrgV1PyTorchJob", "job")
    workers = job["spec"]["pytorchReplicaSpecs"]["Worker"]  # an elastic job has no others
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "worker"}, "spec": workers["template"]["spec"]}
    kubernetes_validate.validate(pod, desired_version="1.33", strict=True)
    [container] = pod["spec"]["containers"]
    # By these names the operator finds what it gives variables to, and the port of the rendezvous.
    assert container["name"] == "pytorch" and container["ports"][0]["name"] == "pytorchjob-port"
    [volume] = [one for one in pod["spec"]["volumes"] if "persistentVolumeClaim" in one]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def test_torchrun_and_the_trainer_take_the_command_of_the_training_job() -> None:
    from torch.distributed.run import parse_args

    from training.arguments import build_parser

    _, job = yaml.safe_load_all((DEPLOY / "kubernetes-training" / "pytorchjob.yaml").read_text())
    workers = job["spec"]["pytorchReplicaSpecs"]["Worker"]
    program, *arguments = workers["template"]["spec"]["containers"][0]["command"]
    taken = parse_args(arguments)
    assert program == "torchrun" and taken.module and taken.training_script == "training.train"
    assert (
        str(taken.nproc_per_node)
        == workers["template"]["spec"]["containers"][0]["resources"]["limits"]["nvidia.com/gpu"]
    )
    assert build_parser().parse_args(taken.training_script_args).out == "/training/run"


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_the_objects_of_kubernetes_are_valid(path: Path) -> None:
    for found in yaml.safe_load_all(path.read_text()):
        kubernetes_validate.validate(found, desired_version="1.33", strict=True)


def test_kustomize_is_given_every_file() -> None:
    found = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    assert sorted(found["resources"]) == [path.name for path in MANIFESTS]


def test_the_pod_has_one_webserver_that_changes_nothing() -> None:
    objects = list(yaml.safe_load_all((DEPLOY / "kubernetes" / "headwater.yaml").read_text()))
    [pods] = [one for one in objects if one["kind"] == "StatefulSet"]
    commands = {one["name"]: one.get("command", []) for one in pods["spec"]["template"]["spec"]["containers"]}
    assert "--read-only" in commands["webserver"] and set(commands) == {"code", "webserver", "daemon"}


def test_a_deployment_limits_training_as_a_lake_on_a_laptop_does() -> None:
    deployed = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())
    assert deployed["concurrency"]["pools"] == yaml.safe_load(SETTINGS)["concurrency"]["pools"]


def test_every_variable_of_the_configuration_is_set_in_the_image_or_by_compose() -> None:
    wanted = set(
        re.findall(r"env: (\w+)", "".join((DEPLOY / n).read_text() for n in ("dagster.yaml", "workspace.yaml")))
    )
    image = set(re.findall(r"(\w+)=", (DEPLOY / "Dockerfile").read_text()))
    service = set(compose()["services"]["code"]["environment"])
    assert wanted and wanted <= image | service


def test_the_image_has_all_that_its_context_lets_through() -> None:
    """A file that is copied and ignored ends a build; one of neither is missing in the image."""
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    copied = [
        line.split()[1:-1] for line in (DEPLOY / "Dockerfile").read_text().splitlines() if line.startswith("COPY")
    ]
    assert {name for names in copied for name in names} == kept
    assert all((ROOT / name).exists() for name in kept) and set(PACKAGES) <= kept


def test_an_installed_package_has_all_of_its_files() -> None:
    """What is no module has to be named, or it is only there where the code is run from its own folder."""
    named = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts:
                inside = str(path.relative_to(ROOT))
                patterns = [f"{name.replace('.', '/')}/{one}" for name, several in named.items() for one in several]
                assert any(fnmatch(inside, pattern) for pattern in patterns), inside
