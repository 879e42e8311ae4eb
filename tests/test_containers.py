"""The image, its compose file and the unit, as far as that can be seen without starting one."""

import os
import re
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from affectstream import command, health
from shared.settings import PREFIX, Settings
from shared.stages import STAGES

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
UNIT = (ROOT / "deploy/affectstream.service").read_text()
USER, RUNTIME_DIR = "10001:10001", "/run/affectstream"


def test_each_stage_is_a_service() -> None:
    """In the order of the Procfile, each under its supervisor."""
    assert list(COMPOSE["services"]) == list(STAGES)
    assert [service["command"] for service in COMPOSE["services"].values()] == [["stage", stage] for stage in STAGES]


@pytest.mark.parametrize("stage", STAGES)
def test_a_service_may_do_no_more_than_it_must(stage: str) -> None:
    """All are one user that is not root, as the owner of sockets is checked; only the volume can be written."""
    service = COMPOSE["services"][stage]
    assert (service["user"], service["read_only"], service["cap_drop"]) == (USER, True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["volumes"] == [f"runtime:{RUNTIME_DIR}"]
    assert (service.get("network_mode") == "none") is (stage not in ("capture", "dashboard"))
    assert service.get("healthcheck") == (None if stage == "dashboard" else {"disable": True})
    assert "container_name" not in service, "a service with a name of its own cannot be scaled"


def test_the_page_is_open_to_this_machine_and_asks_for_the_token() -> None:
    """The token comes from a file, and stands in no variable."""
    service = COMPOSE["services"]["dashboard"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert service["environment"]["AFFECT_DASHBOARD_TOKEN_FILE"] == f"/run/secrets/{service['secrets'][0]}"
    assert service["secrets"] == list(COMPOSE["secrets"])


def test_the_image_is_for_a_user_without_rights() -> None:
    """The last stage of the build, from the same base as the first, runs as that user on its volume."""
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.M) == ["${BASE}", "${BASE}"]
    last = DOCKERFILE[DOCKERFILE.rindex("FROM ") :]
    assert f"\nUSER {USER}\n" in last
    assert f"\nVOLUME {RUNTIME_DIR}\n" in last
    assert f"mkdir -m 0700 {RUNTIME_DIR} && chown {USER} {RUNTIME_DIR}" in last
    assert '"-m", "affectstream.health"' in last


def test_what_the_build_is_given_makes_the_wheel() -> None:
    """Nothing else may be sent: there are tokens, keys and data beside it."""
    first, *given = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert first == "*"
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    rooms = {name.split(".")[2] for name in packages if name.count(".") >= 2} | {"affectstream"}
    files = {"LICENSE", "Procfile", "README.md", "constraints.txt", "pyproject.toml"}
    assert {line.removeprefix("!") for line in given if line.startswith("!")} == rooms | files


@pytest.mark.parametrize(
    "text", [DOCKERFILE, (ROOT / "compose.yaml").read_text(), UNIT], ids=["image", "compose", "unit"]
)
def test_their_settings_exist(text: str) -> None:
    """A misspelt one would be refused at the start."""
    assert set(re.findall(r"\bAFFECT_\w+", text)) <= {PREFIX + name.upper() for name in Settings.model_fields}


def test_a_stage_alone_takes_the_signals_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command becomes the supervisor, which is a container's first process then."""
    became: list[Any] = []

    def execve(*given: Any) -> None:
        became.extend(given)
        sys.exit(0)

    monkeypatch.setattr(os, "execve", execve)
    with pytest.raises(SystemExit):
        command.main(["stage", "detector"])
    program, arguments, environment = became
    assert (program, arguments[-3:]) == (sys.executable, ["-m", "shared.supervisor", "detector"])
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """A server that answers with the first of these numbers."""
    codes: list[int] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(codes[0] if self.path == "/healthz" else 404)
            self.end_headers()
            self.wfile.write(b"as told")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        monkeypatch.setenv("AFFECT_DASHBOARD_PORT", str(server.server_port))
        monkeypatch.setenv("AFFECT_DASHBOARD_HOST", "0.0.0.0")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield codes
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_health_is_the_dashboards_answer(
    answered: list[int], status: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong stands in the container's health log."""
    answered.append(status)
    assert health.main() == code
    assert capsys.readouterr().out == "as told\n"


@pytest.mark.parametrize("port", ["1", "none"])
def test_without_a_dashboard_it_is_not_healthy(
    port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, no traceback."""
    monkeypatch.setenv("AFFECT_DASHBOARD_PORT", port)
    assert health.main() == 1
    assert capsys.readouterr().out.startswith(f"no answer from 127.0.0.1 port {port}: ")


def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """Where systemd is there to ask."""
    unit = tmp_path / "affectstream.service"
    unit.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={sys.executable}", UNIT, flags=re.M))
    try:
        said = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("there is no systemd-analyze")
    assert said.returncode == 0
    assert [line for line in said.stderr.splitlines() if unit.name in line] == []
