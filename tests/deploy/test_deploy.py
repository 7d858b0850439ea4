"""What deploy/ holds: read by the linters of its kinds, and compared with the settings and commands that there are."""

import json
import re
import shutil
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import pytest
import yaml

from homeward.cli import app
from homeward.settings import Settings

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
BIN = Path(sys.executable).parent
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))
MANIFESTS = [path for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")) if path.name != "kustomization.yaml"]
UNITS = sorted((DEPLOY / "systemd").iterdir())
MOST_EXPOSED = 2.0  # of ten, as systemd-analyze counts


def run(*command):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def passes(*command):
    answer = run(*command)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def named(path):
    return str(path.relative_to(DEPLOY))


def test_there_is_something_to_look_at():
    assert len(COMPOSE) == 3
    assert len(MANIFESTS) > 5
    assert len(UNITS) == 9


def test_compose_files_fit_the_specification():
    passes(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", *COMPOSE)


@pytest.mark.parametrize("path", MANIFESTS, ids=named)
def test_manifests_fit_kubernetes(path):
    assert "passed" in passes(BIN / "kubernetes-validate", "--strict", "--kubernetes-version", "1.33", path)


def test_the_kustomization_names_every_manifest():
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())["resources"]

    assert sorted(listed) == [path.name for path in MANIFESTS]


def test_the_dockerfile_follows_the_rules_of_its_linter_and_copies_what_is_there():
    passes(BIN / "hadolint", DEPLOY / "Dockerfile")
    for line in (DEPLOY / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY"):
            assert all((DEPLOY.parent / name).exists() for name in line.split()[1:-1]), line


@pytest.fixture
def units(tmp_path):
    """The units, with a command that is there."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd-analyze here")
    for path in UNITS:
        (tmp_path / path.name).write_text(path.read_text().replace("/opt/homeward/bin/homeward", "/bin/true"))
    return sorted(tmp_path.iterdir())


def test_units_are_read_by_systemd_without_a_complaint(units):
    assert passes("systemd-analyze", "verify", "--man=no", *units) == ""


def test_units_are_hardened(units):
    for path in units:
        if path.suffix == ".service":
            told = passes("systemd-analyze", "security", "--no-pager", "--offline=true", path)
            exposure = re.search(r"exposure level for \S+: ([\d.]+)", told)
            assert float(exposure[1]) <= MOST_EXPOSED, told


@pytest.mark.parametrize("path", FILES, ids=named)
def test_every_setting_that_is_named_is_one(path):
    known = {f"HOMEWARD_{name.upper()}" for name in Settings.model_fields}

    found = set(re.findall(r"HOMEWARD_[A-Z0-9_]+", path.read_text())) - {"HOMEWARD_DOMAIN"}

    assert found <= known


def commands():
    """What is run in the three ways: arguments of homeward."""
    for path in UNITS:
        for line in re.findall(r"/opt/homeward/bin/homeward ([^'\n]+)", path.read_text()):
            yield path, re.sub(r"\$\([^)]*\)", "today", line).split()
    for path in COMPOSE:
        for service in (yaml.safe_load(path.read_text()).get("services") or {}).values():
            if service.get("image") == "homeward" and "command" in service:
                yield path, service["command"].split()
    for path in MANIFESTS:
        for manifest in yaml.safe_load_all(path.read_text()):
            if manifest["kind"] == "Deployment":
                for container in manifest["spec"]["template"]["spec"]["containers"]:
                    yield path, container["args"]


@pytest.mark.parametrize(("path", "arguments"), list(commands()), ids=lambda part: None)
def test_every_command_that_is_run_is_one(path, arguments):
    left = app.parse_known_args(arguments)[2]  # an unknown command is an error of its own

    assert not left, path


def test_images_have_a_version_and_nothing_holds_a_secret():
    for path in [*COMPOSE, *MANIFESTS]:
        for document in yaml.safe_load_all(path.read_text()):
            for image in re.findall(r'"image": "([^"]+)"', json.dumps(document)):
                assert image == "homeward" or re.search(r":v?\d", image), image
    for path in FILES:
        for name, value in re.findall(r"(\w*(?:TOKEN|KEY|PASSWORD))=(\S+)", path.read_text()):
            assert value in {"...", "KEY_ID:SECRET"} or value.startswith("KEY_ID"), f"{path}: {name}"


def test_pods_may_do_nothing_that_they_need_not():
    for path in MANIFESTS:
        for manifest in yaml.safe_load_all(path.read_text()):
            if manifest["kind"] not in {"Deployment", "StatefulSet"}:
                continue
            pod = manifest["spec"]["template"]["spec"]
            assert pod["securityContext"]["runAsNonRoot"]
            assert not pod["automountServiceAccountToken"]
            for container in pod["containers"]:
                assert container["securityContext"]["readOnlyRootFilesystem"]
                assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
                assert container["resources"]["limits"]["memory"]


def test_the_proxies_that_are_trusted_are_those_of_the_composes_own_network():
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    (given,) = json.loads(compose["services"]["homeward"]["environment"]["HOMEWARD_TRUSTED_PROXIES"])
    (subnet,) = compose["networks"]["front"]["ipam"]["config"]

    assert Settings(trusted_proxies=(given,)).trusted_proxies == (ip_network(subnet["subnet"]),)


def test_every_service_that_sends_letters_has_a_way_out_and_knows_the_address_of_the_house():
    merged = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in COMPOSE]
    inside = {
        name for each in merged for name, how in (each.get("networks") or {}).items() if how and how.get("internal")
    }
    for name in ("homeward", "work"):
        parts = [each["services"][name] for each in merged if name in each["services"]]
        networks = {network for part in parts for network in part.get("networks", [])}
        assert networks - inside, name
        assert any("HOMEWARD_PUBLIC_URL" in part.get("environment", {}) for part in parts), name
