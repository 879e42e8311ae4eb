"""dashboard/static/recordings.js in a real browser, with a real pipeline. Skipped where there is no `chromium`."""

import shutil

import av
import pytest

from capture.demo import demo_frame
from tests.browser.axe import needs_axe, serious_faults
from tests.browser.chromium import Chromium
from tests.browser.show import scheme
from tests.processes.harness import eventually, pipelines, write_video

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]

SIZE = (640, 360)
FRAMES, FPS, MARK = 90, 30, 7
FACTS = "document.querySelector('#uploads .facts')?.textContent"
TROUBLE = "document.getElementById('upload-trouble').textContent"
SHOWN = f"""(() => {{
    const canvas = new OffscreenCanvas({SIZE[0]}, {SIZE[1]});
    const pen = canvas.getContext('2d');
    pen.drawImage(document.getElementById('film'), 0, 0);
    const row = pen.getImageData(0, 8, {FRAMES * MARK}, 1).data;
    const levels = Array.from({{ length: {FRAMES} }}, (_, i) => row[4 * ({MARK} * i + {MARK // 2})]);
    return levels.indexOf(Math.max(...levels));
}})()"""
FRAME = "document.getElementById('frame').textContent"


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Three seconds of the demo that browsers play, with B-frames and a first time stamp that is not 0.

    A white mark along the top says which frame it is.
    """
    path = tmp_path_factory.mktemp("film") / "my film.mp4"
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", FPS)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for index in range(FRAMES):
            pixels = demo_frame(index * 2, SIZE)
            pixels[:16] = 0
            pixels[:16, index * MARK : (index + 1) * MARK] = 255
            frame = av.VideoFrame.from_ndarray(pixels, format="bgr24")
            frame.pts = index + 6
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A pipeline whose own source is over soon."""
    with pipelines(tmp_path_factory) as make:
        still = write_video(tmp_path_factory.mktemp("still") / "still.mp4", 3)
        settings = {"dashboard_upload_mb": 1, "dashboard_recordings": tmp_path_factory.mktemp("kept")}
        yield make(capture_source=still, capture_at_end="hold", **settings).start().ready()


@pytest.fixture(scope="module")
def window():
    with Chromium() as window:
        yield window


@pytest.fixture
def page(window, run):
    """The page, connected; it must cause no fault."""
    (dashboard,) = run.listener.live("dashboard")
    window.faults.clear()
    window.open(f"{dashboard['detail']}/recordings", (1280, 900))
    window.wait_for("document.getElementById('connection').textContent === 'connected'")
    yield window
    faults = list(window.faults)
    window.open("about:blank", (1280, 900))
    assert faults == []


def choose(page, path):
    """Choose a file as a viewer does."""
    root = page.call("DOM.getDocument")["root"]["nodeId"]
    node = page.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    page.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)


def press(page, key):
    for kind in ("keyDown", "keyUp"):
        page.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)


@pytest.fixture
def looked_at(page, film):
    """The film, uploaded and analysed, looked at; deleted afterwards."""
    choose(page, film)
    page.wait_for(f"{FACTS}?.includes('90 frames, 0:02.97') && !{FACTS}.includes('analysed')")
    page.value("document.querySelector('#uploads .look').click()")
    page.wait_for("document.getElementById('film').readyState >= 2")
    page.wait_for("document.querySelector('#moment .face') && document.querySelector('.chart canvas')")
    yield page
    page.value("document.querySelector('#look a').click()")
    page.wait_for("document.querySelector('#uploads .danger')")
    page.value("document.querySelector('#uploads .danger').click()")
    page.wait_for("!document.querySelector('#uploads .row')")


def test_a_film_is_replayed_and_scrubbed_frame_by_frame(looked_at):
    """The faces are those of exactly the frame that the player shows, by keys, by buttons and by the timeline."""
    page = looked_at
    page.wait_for(f"{FRAME} === 'frame 0'")
    for key, frames in (("ArrowRight", (1, 2, 3)), ("ArrowLeft", (2,))):
        for number in frames:
            press(page, key)
            page.wait_for(f"{FRAME} === 'frame {number}'")
    page.value("document.getElementById('forth').click()")
    page.wait_for(f"{FRAME} === 'frame 3'")
    assert page.value(SHOWN) == 3
    chart = "document.querySelector('.chart').getBoundingClientRect()"
    x, y = page.value(f"(({{ left, width, top }}) => [left + width / 2, top + 20])({chart})")
    page.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, button="left", buttons=1, clickCount=1)
    page.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, button="left", clickCount=1)
    page.wait_for(f"Math.abs(parseInt({FRAME}.slice(6)) - 44.5) <= 1")
    number = int(str(page.value(FRAME)).removeprefix("frame "))
    assert page.value(SHOWN) == number
    stretch = f"since={number / FPS - 0.001}&until={number / FPS + 0.001}"
    (row,) = page.value(f"fetch('/api/uploads/upload-1/rows?{stretch}').then((answer) => answer.json())")
    assert row["seq"] == number
    assert page.value("document.querySelector('#moment .label').textContent") == row["faces"][0]["label"] == "happy"
    page.value("document.getElementById('play').click()")
    page.wait_for(f"parseInt({FRAME}.slice(6)) > {number + 5}")


def test_a_player_that_was_left_draws_no_more(looked_at):
    """Looked at again, a frame is drawn once when the window's size changes."""
    page = looked_at
    page.value("document.querySelector('#look a').click()")
    page.wait_for("document.querySelector('#uploads .look').checkVisibility()")
    page.value("document.querySelector('#uploads .look').click()")
    page.wait_for(f"document.querySelector('#moment .face') && {FRAME} === 'frame 0'")
    boxes = """new Promise((done) => {
        const pen = document.getElementById('overlay').getContext('2d');
        let boxes = 0;
        pen.roundRect = () => (boxes += 1);
        document.getElementById('screen').style.width = '50%';
        new ResizeObserver(() => setTimeout(() => done(boxes))).observe(document.getElementById('screen'));
    })"""
    assert page.value(boxes) == 1


@needs_axe
@pytest.mark.parametrize("name", ["light", "dark"])
def test_axe_finds_no_serious_fault(looked_at, name):
    """Looking at a film, and in the lists, with a trouble told."""
    page = looked_at
    scheme(page, name)
    assert serious_faults(page) == []
    page.value("document.querySelector('#look a').click()")
    page.wait_for("document.querySelector('#uploads .row')")
    page.value("document.getElementById('upload-trouble').textContent = 'It is no film.'")
    page.value("document.getElementById('upload-trouble').hidden = false")
    assert serious_faults(page) == []


def test_tables_are_offered(looked_at):
    """Those that the recorder has made, the report first."""
    page = looked_at
    names = page.value("[...document.querySelectorAll('#tables a')].map((link) => link.textContent)")
    assert {"faces.parquet", "frames.parquet", "faces.csv", "tracks.csv", "run.json", "report.html"} <= set(names)
    assert names[0] == "report.html"
    table = "document.querySelector('#tables a[href$=\"faces.parquet\"]').href"
    head = f"fetch({table}).then((answer) => answer.text()).then((text) => text.slice(0, 4))"
    assert page.value(head) == "PAR1"


def test_what_cannot_be_uploaded_is_told(page, tmp_path):
    """A text, an empty file, and one above the limit."""
    for name, content, words in (
        ("notes.txt", b"no film" * 100, "neither a film nor a picture"),
        ("empty.mp4", b"", "is empty"),
        ("large.mp4", bytes(2 << 20), "the limit is 1.0 MB"),
    ):
        (tmp_path / name).write_bytes(content)
        choose(page, tmp_path / name)
        page.wait_for(f"{TROUBLE}.includes('{words}')")
        page.wait_for(f"{TROUBLE}.startsWith('{name}')")
    page.faults[:] = [fault for fault in page.faults if "415" not in str(fault)]  # the browser logs the refusal
    assert page.value("document.querySelectorAll('#uploads .row').length") == 0


def test_what_is_wrong_with_each_of_several_files_is_told(page):
    """The refusal of the first stays when the second is refused."""
    page.value("""(() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['no film'], 'notes.txt'));
        dataTransfer.items.add(new File([], 'empty.mp4'));
        dispatchEvent(new DragEvent('drop', { dataTransfer }));
    })()""")
    page.wait_for(f"/notes.txt: .*neither[^]*empty.mp4 is empty/.test({TROUBLE})")
    page.faults[:] = [fault for fault in page.faults if "415" not in str(fault)]  # the browser logs the refusal


def test_the_demo_is_opened_recorded_and_closed(page, run):
    """One click each; what was recorded is offered."""
    page.value("document.getElementById('demo').click()")
    page.wait_for("document.querySelector('#opened .facts')?.textContent.includes('live')")
    page.value(
        "import('/static/record.js').then(({ recordButton }) => document.body.append(recordButton('demo')))"
        ".then(() => document.querySelector('.record').click())"
    )
    page.wait_for("document.querySelector('#recording .name')?.textContent === 'demo'")
    eventually(lambda: any(one["counters"].get("in", 0) > 5 for one in run.listener.live("recorder")), "frames")
    page.value("document.querySelector('#recording .button').click()")
    page.wait_for("document.querySelector('#recorded a[href$=\"faces.parquet\"]')")
    page.value("document.querySelector('#opened .danger').click()")
    page.wait_for("!document.querySelector('#opened .row')")


def test_what_may_not_be_opened_is_told(page):
    """In the server's words."""
    page.value("document.getElementById('spec').value = '/etc/passwd'")
    page.value("document.querySelector('#open [type=submit]').click()")
    page.wait_for("document.getElementById('open-trouble').textContent.includes('AFFECT_DASHBOARD_MEDIA')")
    page.faults[:] = [fault for fault in page.faults if "403" not in str(fault)]  # the browser logs the refusal


@pytest.mark.parametrize(("pts", "index"), [(-1, 0), (0.04, 0), (0.06, 1), (0.149, 1), (0.19, 2), (9, 2)])
def test_the_nearest_frame(page, pts, index):
    """To a player's time, which is rounded."""
    call = f"import('/static/rows.js').then(({{ nearest }}) => nearest([0, 0.1, 0.2].map((pts) => ({{ pts }})), {pts}))"
    assert page.value(call) == index
