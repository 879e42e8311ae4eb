"""What a user names becomes clips, each with names of its own."""

import os

import pytest

from recorder.inputs import find_clips


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("b10.mp4", "b9.MKV", "pic.jpg", "notes.txt", ".hidden.mp4"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "deep.mp4").write_bytes(b"x")
    return tmp_path


def test_a_folder_is_its_films_and_its_pictures_together(folder):
    """In natural order, without what is hidden, below it or neither."""
    assert [(clip.path, clip.stills) for clip in find_clips([str(folder)])] == [
        (folder / "b9.MKV", False), (folder / "b10.mp4", False), (folder, True)
    ]  # fmt: skip


def test_patterns_are_expanded(folder):
    """Also when the shell did not."""
    assert [clip.folder for clip in find_clips(["**/*.mp4"])] == ["b10", "deep"]


def test_a_file_is_taken_whatever_its_name(tmp_path):
    """Its folder has its name, its source one that the bus allows."""
    names = ["-dash.mp4", "a, b=c.mp4", "Ü 😀.mp4", "no suffix", "x" * 60 + ".mp4"]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    clips = find_clips([str(tmp_path / name) for name in names])
    assert [clip.path.name for clip in clips] == names
    assert [clip.source for clip in clips] == ["dash", "a-b-c", "source", "no-suffix", "x" * 32]
    assert clips[1].folder == "a, b=c"


def test_a_folder_has_a_name_that_can_be_written(tmp_path):
    """Bytes that are not UTF-8 and line breaks stand in no table, report or message as they are."""
    path = tmp_path / os.fsdecode(b"caf\xe9\n.mp4")
    path.write_bytes(b"x")
    [clip] = find_clips([str(path)])
    assert (clip.path, clip.folder, clip.source) == (path, "caf%E9%0A", "caf-e9-0a")


def test_names_are_unique(tmp_path):
    """Two files of one stem, also where a disk does not tell cases apart; one file named twice is one clip."""
    for name in ("clip.mov", "clip.mp4", "Clip.avi"):
        (tmp_path / name).write_bytes(b"x")
    clips = find_clips([str(tmp_path), str(tmp_path / "clip.mp4")])
    assert len(clips) == 3
    assert len({clip.source for clip in clips}) == 3
    assert len({clip.folder.lower() for clip in clips}) == 3
    assert {clip.source for clip in clips} == {"clip", "clip-2", "clip-3"}


@pytest.mark.parametrize("named", ["missing.mp4", "*.webm", "below/none", "empty"])
def test_what_names_nothing_stops_nothing(folder, named):
    """It is a clip of its own, which cannot be read."""
    (folder / "empty").mkdir()
    clips = find_clips([named, "b10.mp4"])
    assert [clip.path for clip in clips] == [folder / named, folder / "b10.mp4"]
