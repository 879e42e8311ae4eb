"""dashboard/openapi.py: the description says what is answered."""

import re
from pathlib import Path

import pytest

from shared.stages import NEEDED
from shared.status import Latency
from tests.dashboard.desk import Desk
from tests.dashboard.made import face, result, source_status, status

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def desk():
    desk = Desk()
    sources = [source_status(age_ms=41.0)]
    desk.hear(*[status(stage, latency_ms=Latency(p50=1.0, p95=2.0)) for stage in NEEDED if stage != "capture"])
    desk.hear(status("capture", sources=sources), result(1, faces=(face(), face(None, probs=None))))
    return desk


KINDS: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def faults(value, schema, schemas, where="answer"):
    """Where a value is not what a schema says: types, required and unknown keys."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        tried = [list(faults(value, one, schemas, where)) for one in schema["anyOf"]]
        yield from min(tried, key=len)
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is none of {schema['enum']}"
    elif "type" in schema and not isinstance(value, KINDS[schema["type"]]):
        yield f"{where}: {value!r} is no {schema['type']}"
    elif isinstance(value, dict):
        yield from _faults_of_object(value, schema, schemas, where)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for number, part in enumerate(value):
            yield from faults(part, schema["items"], schemas, f"{where}[{number}]")


def _faults_of_object(value, schema, schemas, where):
    yield from (f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value)
    for name, part in value.items():
        inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
        if inner is None:
            yield f"{where}: {name} is not described"
        elif isinstance(inner, dict):
            yield from faults(part, inner, schemas, f"{where}.{name}")


@pytest.mark.parametrize(
    ("route", "path", "status_code"),
    [
        ("/api/sources", "/api/sources", 200),
        ("/api/sources/{source}", "/api/sources/cam0", 200),
        ("/api/sources/{source}", "/api/sources/cam9", 404),
        ("/api/sources/{source}", "/api/sources/Ä", 422),
        ("/api/sources/{source}/history", "/api/sources/cam0/history?seconds=60", 200),
        ("/api/sources/{source}/history", "/api/sources/cam9/history", 404),
        ("/api/sources/{source}/history", "/api/sources/cam0/history?seconds=601", 422),
        ("/api/sources/{source}/snapshot.jpg", "/api/sources/cam9/snapshot.jpg", 404),
        ("/api/sources/{source}/snapshot.jpg", "/api/sources/cam0/snapshot.jpg?pictures=all", 422),
        ("/api/processes", "/api/processes", 200),
        ("/api/stages", "/api/stages", 200),
        ("/api/latency", "/api/latency", 200),
        ("/healthz", "/healthz", 200),
        ("/readyz", "/readyz", 200),
    ],
)
def test_an_answer_is_what_its_description_says(desk, route, path, status_code):
    """Every key is described, none is missing, and each is of its type."""
    document = desk.browser.get("/api/openapi.json").json()
    answer = desk.browser.get(path)
    assert answer.status_code == status_code
    described = document["paths"][route]["get"]["responses"][str(status_code)]
    schema = described["content"]["application/json"]["schema"]
    assert list(faults(answer.json(), schema, document["components"]["schemas"])) == []


def test_nothing_is_described_that_is_not_there(desk):
    """Each reference leads somewhere, each part is used; what is no JSON says what it is."""
    answer = desk.browser.get("/api/openapi.json")
    document = answer.json()
    named = set(re.findall(r"#/components/schemas/(\w+)", answer.text))
    assert named == document["components"]["schemas"].keys()
    assert document["openapi"].startswith("3.1")
    assert "x-components" not in answer.text
    pictures = document["paths"]["/api/sources/{source}/snapshot.jpg"]["get"]["responses"]["200"]["content"]
    assert list(pictures) == ["image/jpeg"]
    assert "missed" in document["components"]["schemas"]["Told"]["properties"]


def test_every_route_is_explained(desk):
    """In the description and, with an example, in docs/api.md."""
    paths = desk.browser.get("/api/openapi.json").json()["paths"]
    text = (ROOT / "docs/api.md").read_text()
    for path, operations in paths.items():
        assert f"`{path}" in text, path
        for operation in operations.values():
            assert operation.get("description"), path


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/api/sources/cam9", "there is no source cam9"),
        ("/api/sources/cam9/history", "there is no source cam9"),
        ("/api/sources/cam0/history?seconds=0", "seconds: Input should be greater than 0"),
    ],
)
def test_a_refusal_is_said_in_words(desk, path, words):
    """One sentence in `detail`."""
    assert words in desk.browser.get(path).json()["detail"]


def test_the_page_of_the_api_is_ours(desk):
    """Nothing inline and nothing from elsewhere; it reads the description and shows it."""
    page = desk.browser.get("/api").text
    addresses = re.findall(r'(?:src|href)="(/static/[^"#]+)"', page)
    assert len(addresses) == page.count("<link") + page.count("<script") + page.count("<img")
    for address in addresses:
        assert desk.browser.get(address).status_code == 200, address
    assert not re.search(r"<script(?![^>]* src=)|<style|\bon\w+=|style=", page)
