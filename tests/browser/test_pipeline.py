"""The pipeline on the page in a real browser, fed with made-up messages. Skipped where there is no `chromium`."""

import shutil

import pytest

from shared.status import Latency
from tests.browser.show import press
from tests.dashboard.made import face, source_status, status

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no `chromium` on PATH"),
]

STAGE = "document.querySelector('[data-stage={}] {}').textContent"


def test_each_stage_has_a_cell(show, page):
    """How many of its processes are ready, and how long they take."""
    show.pipeline()
    show.tell(status("detector", pid=7, latency_ms=Latency(p50=12.34, p95=26)))
    page.wait_for(f"{STAGE.format('detector', '.alive')} === '2/2'")
    stages = page.value("[...document.querySelectorAll('#stages li')].map(({ dataset }) => dataset.stage)")
    assert stages == ["capture", "detector", "classifier", "smoother", "bus"]
    assert page.value(STAGE.format("detector", ".times")) == "12 / 26 ms"
    assert page.value(STAGE.format("capture", ".times")) == "41 / 87 ms"
    assert page.value("document.querySelectorAll('#stages [data-level=error]').length") == 0


def test_the_latency_is_a_line(show, page):
    """Drawn in the strip, and large among the details."""
    show.frame(1, face(1))
    show.pipeline()
    page.wait_for("document.getElementById('latency-words').textContent === '41 / 87 ms'")
    page.wait_for("document.querySelector('#latency-small canvas')")
    page.value("document.getElementById('details-button').click()")
    page.wait_for("document.querySelector('#latency-large canvas')")


def test_a_stage_without_processes_is_red_and_said(show, page):
    """In its cell, and above all; warnings are not red."""
    show.pipeline(source_status(), smoother="failed")
    page.wait_for("document.getElementById('problems').textContent.includes('smoother is failed')")
    page.wait_for(f"{STAGE.format('smoother', '.more')} === 'failed'")
    assert page.value("document.querySelector('[data-stage=smoother] .more').dataset.level") == "error"
    show.pipeline()
    page.wait_for("document.getElementById('problems').hidden")
    show.frame(1, face(1))
    show.pipeline(source_status("cam0"), source_status("cam1", state="reconnecting"))
    page.wait_for("document.getElementById('warnings').textContent.includes('cam1')")
    assert page.value("document.getElementById('problems').hidden")


def test_details_list_the_processes(show, page):
    """Opened by a click on the strip or by keyboard; a failed process with its error."""
    show.pipeline(classifier="failed")
    show.tell(status("detector", pid=7, state="failed", error="crashed too often", counters={"in": 1234, "odd": 5}))
    page.wait_for("document.querySelector('[data-stage=detector]')")
    page.value("document.getElementById('details-button').focus()")
    press(page, "Enter")
    page.wait_for("document.querySelectorAll('.process').length === 6")
    states = page.value("[...document.querySelectorAll('.process')].map((row) => row.dataset.state)")
    assert sorted(states) == ["failed", "failed", "ready", "ready", "ready", "ready"]
    assert page.value("document.querySelector('.process .error:not([hidden])').textContent") == "crashed too often"
    assert page.value("[...document.querySelectorAll('.process td.in')].some((e) => e.textContent === '1,234')")
    assert page.value("[...document.querySelectorAll('.process td.more')].some((e) => e.textContent === 'odd 5')")
    assert page.value("document.getElementById('details-button').ariaExpanded") == "true"
    page.value("document.querySelector('[data-stage=capture]').click()")
    page.wait_for("document.getElementById('details').hidden")


@pytest.mark.parametrize("column", ["p50", "p95"])
def test_the_last_ten_minutes_forget_the_rest(page, column):
    """Bounded, and a pause is a gap."""
    call = f"""import('/static/latency.js').then(({{ Minutes }}) => {{
        const minutes = new Minutes();
        for (let second = 0; second < 2000; second += 1) if (second % 100 < 90) minutes.add(second, 40, 80);
        return [minutes.seconds.length, minutes.seconds[0], minutes.{column}.filter((value) => value === null).length];
    }})"""
    length, first, gaps = page.value(call)
    assert length <= 601
    assert first >= 1989 - 600
    assert gaps == 6
