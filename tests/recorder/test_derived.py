"""What is made of a recording, by the options."""

import argparse

import pytest

from recorder.derived import add_options, check, derive
from recorder.manifest import sha256_of
from shared.errors import ConfigurationError, SourceError
from tests.capture.films import film
from tests.recorder.finished import face, probs, recording, times


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(arguments)


@pytest.fixture
def folder(tmp_path):
    return recording(tmp_path / "out", times(3), [face(0, 1, "sad", probs(sad=1.0)), face(1, 1, "sad")])


def made(folder, clip, *arguments: str) -> list[str]:
    paths = list(derive(folder, clip, parsed(*arguments)))
    assert all(path.parent == folder and path.exists() for path in paths)
    assert not list(folder.glob("*.part*"))
    return [path.name for path in paths]


def test_by_default_a_table_of_people_and_a_report(folder) -> None:
    """What everybody wants, and costs next to nothing."""
    assert made(folder, None) == ["tracks.csv", "report.html"]


def test_everything(folder, tmp_path) -> None:
    """Each file once, at its name."""
    clip = film(tmp_path / "film.mp4", images=3)
    options = ["--window", "1s", "--baseline", "0-1s", "--annotate", "--subtitles", "--elan", "--boris"]
    names = ["tracks.csv", "windows.csv", "subtitles.srt", "elan.eaf", "observation.boris", "annotated.mp4"]
    assert made(folder, clip, *options) == [*names, "report.html"]
    assert "change_sad" in (folder / "windows.csv").read_text()
    assert "data:image/jpeg" in (folder / "report.html").read_text()


@pytest.mark.parametrize("option", ["--blur", "--no-images"])
def test_no_faces_in_the_report(folder, tmp_path, option) -> None:
    """Who has faces blurred does not want them beside the film either."""
    names = made(folder, film(tmp_path / "film.mp4", images=3), option)
    assert ("annotated.mp4" in names) == (option == "--blur")
    assert "data:image" not in (folder / "report.html").read_text()


@pytest.mark.parametrize("options", [["--annotate"], ["--merge-ids"], []])
def test_another_film_is_refused(folder, tmp_path, options) -> None:
    """Its frames are not those that the boxes are of. Where only pictures are wanted, too."""
    clip = film(tmp_path / "film.mp4", images=3)
    about = {"path": str(clip), "sha256": sha256_of(clip), "bytes": clip.stat().st_size}
    recording(folder, times(3), [face(0, 1, "sad", probs(sad=1.0))], input=about)
    made(folder, clip, *options)
    film(clip, images=4)
    with pytest.raises(SourceError, match="is not the film that was recorded"):
        made(folder, clip, *options)
    assert "tracks.csv" in made(folder, None)


def test_options_that_do_not_fit() -> None:
    """A line that names the option, before anything is recorded."""
    with pytest.raises(ConfigurationError, match="--baseline needs --window"):
        check(parsed("--baseline", "0-1s"), has_film=True)
    with pytest.raises(ConfigurationError, match="--elan needs a film"):
        check(parsed("--elan"), has_film=False)
    check(parsed("--window", "1s", "--baseline", "0-1s", "--subtitles"), has_film=False)


def test_a_window_that_is_none(capsys) -> None:
    """Refused with a usage line."""
    with pytest.raises(SystemExit):
        parsed("--window", "soon")
    assert "'soon' is no length of time" in capsys.readouterr().err
