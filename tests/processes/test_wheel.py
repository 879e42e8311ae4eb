"""The wheel, installed where there is no checkout."""

import os
import shutil
import signal
import subprocess
import sys
import zipfile

import pytest

from shared.stages import STAGES
from tests.processes.harness import ROOT, Listener, eventually

pytestmark = [pytest.mark.processes]
ROOMS = STAGES.keys() - {"bus"} | {"shared", "training"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of a copy without build folders."""
    folder = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(".*", "build", "data", "keys", "runs", "*.egg-info", "__pycache__", "tests")
    copied = shutil.copytree(ROOT, folder / "checkout", ignore=left_out)
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, copied]
    subprocess.run(build, check=True, timeout=250)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """An environment with the wheel; the packages it depends on are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", wheel]
    subprocess.run([sys.executable, "-m", "pip", "--python", folder / "bin" / "python", *install], check=True)
    return folder


@pytest.fixture
def run(installed, tmp_path):
    """Starts a program of that environment, in an empty folder."""
    started = []

    def start(program, *arguments, **settings):
        environment = {"PATH": os.defpath, "HOME": str(tmp_path), **settings}
        command = [installed / "bin" / program, *arguments]
        started.append(
            subprocess.Popen(
                command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def test_it_holds_everything_under_one_name(wheel):
    """Rooms, released models, page and Procfile, and nothing in the world's name space but `affectstream`."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.partition("/")[0] for name in names} == {"affectstream", f"{wheel.name.rsplit('-', 3)[0]}.dist-info"}
    wanted = [path for room in ROOMS for path in (ROOT / room).rglob("*.*") if "__pycache__" not in path.parts]
    wanted += [path for path in (ROOT / "models").rglob("*") if path.is_file()]
    missing = {str(path.relative_to(ROOT)) for path in [*wanted, ROOT / "Procfile"]} - {
        name.removeprefix("affectstream/_rooms/") for name in names
    }
    assert missing <= {"training/teach.sh"}


def test_it_names_nothing_else(run):
    """`import shared` finds nothing: the rooms are on the path of the command's processes alone."""
    assert run("python", "-c", "import shared").wait(60) == 1
    said, _ = run("affectstream", "--version").communicate(timeout=60)
    assert said.startswith("affectstream 0.")


def test_devices_are_listed(run):
    """Cameras, back ends, and what `auto` takes."""
    said, _ = run("affectstream", "devices").communicate(timeout=90)
    assert [line.split()[0] for line in said.splitlines()] == ["cameras", "source", "cpu", "cuda", "mps", "networks"]


def test_a_picture_is_read(run):
    """`predict` is training.predict, with its options."""
    portrait = ROOT / "capture" / "portrait.png"
    process = run("affectstream", "predict", str(portrait), "--detect")
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "happy" in said


def test_the_demo_runs_and_ends_without_an_error(run, tmp_path):
    """From a folder of its own: a face is read, and a stop is no error."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    listener = Listener(runtime)
    try:
        settings = {"AFFECT_RUNTIME_DIR": str(runtime), "AFFECT_DASHBOARD_PORT": "0", "AFFECT_DEVICE": "cpu"}
        process = run("affectstream", "run", "demo", **settings)
        eventually(lambda: any(face["label"] for row in listener.results() for face in row["faces"]), "a face")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        listener.close()
