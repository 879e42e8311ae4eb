"""What is checked before a recording is repeated, and how it is compared."""

import json
from pathlib import Path

import pytest

from recorder.manifest import model_facts, read_run, sha256_of
from recorder.repeat import _check, same_tables
from shared.errors import AffectError, ConfigurationError


@pytest.fixture
def run(tmp_path):
    (tmp_path / "clip.mp4").write_bytes(b"a film")
    return {
        "input": {"path": str(tmp_path / "clip.mp4"), "sha256": sha256_of(tmp_path / "clip.mp4")},
        "settings": {"classifier_model": "emotion-lite"},
        "model": model_facts("emotion-lite"),
    }


def test_the_same_film_and_model_are_repeated(run):
    """Another film, or another model of this name, would be compared with nothing."""
    _check(run)
    with pytest.raises(ConfigurationError, match="is not the one that was used"):
        _check(run | {"model": model_facts("emotion-cnn")})
    Path(run["input"]["path"]).write_bytes(b"another")
    with pytest.raises(ConfigurationError, match="is not the file that was recorded"):
        _check(run)
    Path(run["input"]["path"]).unlink()
    with pytest.raises(ConfigurationError, match="is not there any more"):
        _check(run)


def test_a_folders_digest_is_that_of_its_files(tmp_path):
    """Their names, order and content."""
    (tmp_path / "a.jpg").write_bytes(b"1")
    one = sha256_of(tmp_path)
    (tmp_path / "a.jpg").rename(tmp_path / "b.jpg")
    assert sha256_of(tmp_path) != one


def test_tables_are_compared_by_name():
    """Those that one of the two lacks say nothing."""
    assert same_tables({"tables": {"a": 1, "b": 2, "c": 3}}, {"tables": {"a": 1, "b": 3}}) == {"a": True, "b": False}


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"schema": 1})])
def test_what_is_no_run_is_refused(tmp_path, content):
    """With its name."""
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(AffectError, match=r"is no run\.json"):
        read_run(tmp_path)
    with pytest.raises(AffectError, match="No such file"):
        read_run(tmp_path / "none")


def test_a_model_that_is_not_there_is_refused():
    """Before anything is started."""
    with pytest.raises(ConfigurationError, match="'no-net'"):
        model_facts("no-net")
