"""dashboard/static/camera.js in a real browser with a made-up camera. Skipped where there is no `chromium`."""

import shutil

import cv2
import pytest

from capture.demo import demo_frame
from tests.browser.axe import needs_axe, serious_faults
from tests.browser.chromium import Chromium
from tests.browser.show import press, scheme
from tests.processes.harness import ROOT, eventually, pipelines, write_video

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]

CLIP = ROOT.parent / "shared" / "data" / "videos" / "liveportrait_s18.mp4"
FAKE = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
RUNNING = "document.body.dataset.camera === 'running'"
BEGIN = "document.getElementById('begin').click()"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Five seconds of the demo's face, as the browser's made-up camera plays them, over and over."""
    frames = (demo_frame(index, (640, 360)) for index in range(0, 300, 4))
    return write_mjpeg(tmp_path_factory.mktemp("camera") / "face.mjpeg", frames)


def write_mjpeg(path, frames):
    path.write_bytes(b"".join(cv2.imencode(".jpg", frame)[1].tobytes() for frame in frames))
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A pipeline whose own source is over soon."""
    with pipelines(tmp_path_factory) as make:
        still = write_video(tmp_path_factory.mktemp("still") / "still.mp4", 3)
        yield make(capture_source=still, capture_at_end="hold").start().ready()


@pytest.fixture(scope="module")
def url(run):
    (dashboard,) = run.listener.live("dashboard")
    return dashboard["detail"]


@pytest.fixture(scope="module")
def window(clip):
    with Chromium(*FAKE, f"--use-file-for-fake-video-capture={clip}") as window:
        yield window


@pytest.fixture
def page(window, url):
    """The page, before it is begun; it must cause no fault."""
    window.faults.clear()
    window.open(f"{url}/camera", (1280, 800))
    yield window
    faults = list(window.faults)
    window.open("about:blank", (1280, 800))
    assert faults == []


def sources(run):
    return {one["source"]: one["state"] for status in run.listener.live("capture") for one in status["sources"]}


def test_the_visitors_face_appears_and_goes_with_the_page(page, run, url):
    """As a card with its label, over the picture, and as a source like any other, until the page is left."""
    assert "whoever may open this dashboard sees it" in str(page.value("document.body.innerText"))
    page.value(BEGIN)
    page.wait_for(RUNNING)
    page.wait_for("document.querySelector('.face .label')?.textContent === 'happy'")
    page.wait_for("/results\\/s, \\d+ ms behind/.test(document.getElementById('rates').textContent)")
    source = page.value("document.getElementById('source').textContent")
    assert source == "browser-1"
    assert eventually(lambda: sources(run).get(source) == "running", "the source")
    assert any(row["source"] == source and row["faces"] for row in run.listener.results())
    page.wait_for("document.querySelector('.face .fill').style.transform !== ''")
    page.open(f"{url}/", (1280, 800))
    eventually(lambda: source not in sources(run), "the source's end")


def test_the_box_is_drawn_as_in_a_mirror(page):
    """Where the result has it, mirrored, over the whole picture."""
    page.value(BEGIN)
    page.wait_for(RUNNING)
    page.wait_for("document.querySelector('.face')")
    drawn = """import('/static/overlay.js').then(({ drawOverlay }) => {
        const pen = document.createElement('canvas').getContext('2d');
        const seen = [];
        pen.roundRect = (...corners) => seen.push(corners.slice(0, 4));
        const face = { track_id: null, xyxy: [100, 20, 150, 80], confidence: 1, landmarks: [] };
        const how = { width: 1280, height: 720, confident: 0, mirrored: true };
        drawOverlay(pen, { size: [640, 360], faces: [face] }, how);
        return seen;
    })"""
    assert page.value(drawn) == [[980, 40, 100, 120]]
    same = """[document.getElementById('video'), document.getElementById('overlay')]
        .map((one) => [one.getBoundingClientRect().width, one.getBoundingClientRect().height].map(Math.round))"""
    video, overlay = page.value(same)
    assert video == overlay
    assert page.value("getComputedStyle(document.getElementById('video')).transform").startswith("matrix(-1")
    inked = """(() => {
        const canvas = document.getElementById('overlay');
        return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean);
    })()"""
    page.wait_for(inked)
    page.value("document.getElementById('drawn').click()")
    page.wait_for(f"!{inked}")


def test_stop_ends_the_source_and_the_camera(page, run):
    """And it can be begun again."""
    page.value(BEGIN)
    page.wait_for(RUNNING)
    page.value("window.track = document.getElementById('video').srcObject.getTracks()[0]")
    source = page.value("document.getElementById('source').textContent")
    page.value("document.getElementById('stop').click()")
    assert page.value("window.track.readyState") == "ended"
    eventually(lambda: source not in sources(run), "the source's end")
    assert page.value("document.activeElement.id") == "begin"
    page.value(BEGIN)
    page.wait_for(RUNNING)
    page.wait_for("document.activeElement.id === 'main'")


def test_enter_in_the_name_begins_and_the_name_is_remembered(page, url):
    """Until the browser forgets it."""
    page.value("document.getElementById('name').focus()")
    page.call("Input.insertText", text="hall")
    press(page, "Enter")
    page.wait_for(RUNNING)
    page.open(f"{url}/camera", (1280, 800))
    assert page.value("document.getElementById('name').value") == "hall"
    page.value("localStorage.clear()")


def test_a_camera_that_is_unplugged_is_told(page):
    """While it runs."""
    page.value(BEGIN)
    page.wait_for(RUNNING)
    page.value("document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    page.wait_for("document.getElementById('trouble-title').textContent === 'The camera has stopped'")
    page.wait_for("document.getElementById('begin').textContent === 'Try again'")


def test_a_capture_that_is_gone_is_told(page, run):
    """Who else would take the pictures in."""
    page.value("""window.WebSocket = class {
        constructor() { setTimeout(() => this.onmessage({ data: '{"error": "No capture is ready."}' }), 10); }
        close() {}
    }""")
    page.value(BEGIN)
    page.wait_for("document.getElementById('trouble-words').textContent === 'No capture is ready.'")


@pytest.mark.parametrize(
    ("error", "title"),
    [
        ("NotAllowedError", "The camera was not allowed"),
        ("NotFoundError", "There is no camera"),
        ("NotReadableError", "The camera is in use"),
        ("AbortError", "The camera is in use"),
        ("OverconstrainedError", "The chosen camera is gone"),
        ("UnknownError", "The camera cannot be used"),
    ],
)
def test_a_camera_that_cannot_be_had_is_told_with_a_remedy(page, error, title):
    """Whatever the browser's reason."""
    page.value(f"navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('why', '{error}'))")
    page.value(BEGIN)
    page.wait_for(f"document.getElementById('trouble-title').textContent === '{title}'")
    assert page.value("document.getElementById('trouble').checkVisibility()")


def test_without_https_the_way_out_is_told(page):
    """Browsers give no camera to a page from another machine over plain HTTP."""
    ask = "import('/static/trouble.js').then(({{ missingFor }}) => missingFor({}))"
    where = "{ isSecure: %s, hasCameras: %s, host: '192.168.1.5', port: '8000' }"
    trouble = page.value(ask.format(where % ("false", "false")))
    assert "HTTPS" in trouble["title"]
    assert "AFFECT_DASHBOARD_HTTPS=1" in trouble["what"]
    assert "https://192.168.1.5:8000/camera" in trouble["what"]
    assert page.value(ask.format(where % ("true", "true"))) is None


def test_one_of_several_cameras_is_chosen(url):
    """Their names are known once one of them has been allowed; another one goes on as a source of its own."""
    two = "--use-fake-device-for-media-stream=device-count=2"
    with Chromium(two, FAKE[1]) as window:
        window.open(f"{url}/camera", (1280, 800))
        window.value(BEGIN)
        window.wait_for(f"{RUNNING} && document.querySelectorAll('#choice option').length === 2")
        chosen = "document.getElementById('video').srcObject?.getVideoTracks()[0].label"
        first = window.value(chosen)
        window.value("""(() => {
            const choice = document.getElementById('choice');
            choice.selectedIndex = 1 - choice.selectedIndex;
            choice.dispatchEvent(new Event('change'));
        })()""")
        window.wait_for(f"{RUNNING} && {chosen} && {chosen} !== '{first}'")
        window.wait_for("document.querySelector('#choice option:checked').textContent === " + chosen)
        assert window.faults == []


@needs_axe
@pytest.mark.parametrize("name", ["light", "dark"])
def test_axe_finds_no_serious_fault(page, name):
    """Before it is begun, when it fails, and while it runs."""
    scheme(page, name)
    assert serious_faults(page) == []
    page.value(BEGIN)
    page.wait_for(f"{RUNNING} && document.querySelector('.face .label')?.textContent === 'happy'")
    assert serious_faults(page) == []
    page.value("document.getElementById('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    page.wait_for("document.getElementById('trouble').checkVisibility()")
    assert serious_faults(page) == []


@pytest.mark.data
@pytest.mark.skipif(not CLIP.exists(), reason=f"{CLIP} is not there: the development data folder is missing")
def test_a_real_face_appears(url, tmp_path):
    """One person who looks into the camera, calmly."""
    film = cv2.VideoCapture(str(CLIP))
    frames = (cv2.resize(film.read()[1], (640, 360)) for _ in range(120))
    path = write_mjpeg(tmp_path / "real.mjpeg", frames)
    film.release()
    with Chromium(*FAKE, f"--use-file-for-fake-video-capture={path}") as window:
        window.open(f"{url}/camera", (1280, 800))
        window.value(BEGIN)
        window.wait_for("document.querySelector('.face .label')?.textContent")
        assert window.value("document.querySelectorAll('.face').length") == 1
        assert window.faults == []
