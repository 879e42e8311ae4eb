"""dashboard/app.py: what each path answers."""

import pytest

from shared.stages import NEEDED
from tests.dashboard.desk import Desk
from tests.dashboard.made import face, result, source_status, status


@pytest.fixture
def desk():
    return Desk()


def test_health_from_nothing_to_ok_and_back(desk):
    """200 only while every needed stage has been heard ready within 3 s."""
    health = desk.browser.get("/healthz")
    assert health.status_code == 503
    assert health.json()["status"] == "unavailable"
    assert health.json()["missing"] == dict.fromkeys(NEEDED, "not seen")
    assert "smoother not seen" in health.json()["problems"][0]
    desk.hear(*[status(stage) for stage in NEEDED[:-1]])
    assert desk.browser.get("/healthz").json()["missing"] == {"smoother": "not seen"}
    desk.hear(status("smoother", state="starting"))
    assert desk.browser.get("/healthz").json()["missing"] == {"smoother": "starting"}
    desk.hear(status("smoother"))
    health = desk.browser.get("/healthz")
    assert (health.status_code, health.json()) == (200, {"status": "ok"})
    desk.clock.now += 3.1
    desk.hear(*[status(stage) for stage in NEEDED if stage != "classifier"])
    assert desk.browser.get("/healthz").json()["missing"] == {"classifier": "silent"}


def test_ready_once_every_stage_is(desk):
    """Whatever the sources do; until then it says which are missing, and why."""
    desk.hear(*[status(stage) for stage in NEEDED[:-1]], status("smoother", state="starting"))
    ready = desk.browser.get("/readyz")
    assert (ready.status_code, ready.json()) == (503, {"ready": False, "missing": {"smoother": "starting"}})
    desk.hear(status("smoother"))
    ready = desk.browser.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "missing": {}})


def test_sources_with_their_newest_result(desk):
    """The result stands there as it came over the bus."""
    desk.hear(status("capture", sources=[source_status()]), result(4), result(5, faces=(face(3, "sad"),)))
    (source,) = desk.browser.get("/api/sources").json()
    assert source["source"] == "cam0"
    assert source["status"]["state"] == "running"
    assert source["result"]["seq"] == 5
    assert source["result"]["faces"][0]["track_id"] == 3
    assert source["result"]["faces"][0]["label"] == "sad"


def test_processes(desk):
    """Each with its status and whether it is silent."""
    desk.hear(status("detector", counters={"in": 7}, detail="MTCNN"))
    desk.clock.now += 4
    (process,) = desk.browser.get("/api/processes").json()
    assert process["process"] == "detector-host-1"
    assert process["counters"] == {"in": 7}
    assert (process["silent"], process["heard_s_ago"]) == (True, 4.0)


def test_the_page_loads_nothing_from_elsewhere(desk):
    """Every address in the page is one of ours and is served."""
    page = desk.browser.get("/").text
    addresses = [part.split('"')[0] for start in ('src="', 'href="') for part in page.split(start)[1:]]
    ours = [address for address in addresses if not address.startswith("#")]
    assert ours
    for address in ours:
        assert address.startswith("/")
        assert not address.startswith("//")
        assert not address.startswith("/static/") or desk.browser.get(address).status_code == 200


def test_the_notice_is_on_the_page(desk):
    """What the figures mean and where their use is prohibited."""
    page = " ".join(desk.browser.get("/").text.replace("&nbsp;", " ").split())
    for words in ("65 %", "an expression is not a feeling", "Art. 5(1)(f)", "Art. 50(3)", "No image is stored"):
        assert words in page


@pytest.mark.parametrize(
    "path", ["/api/nothing", "/static/../state.py", "/static/..%2fstate.py", "/docs", "/openapi.json"]
)
def test_nothing_else_is_served(desk, path):
    """Neither files outside static/ nor FastAPI's own pages, which load from other hosts."""
    assert desk.browser.get(path).status_code == 404


def test_numbers_that_json_cannot_say_are_null(desk):
    """One process's nonsense must not take the page down."""
    desk.hear(status("detector", memory_mb=float("nan")))
    assert desk.browser.get("/api/processes").json()[0]["memory_mb"] is None
