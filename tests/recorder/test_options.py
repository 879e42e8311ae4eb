"""What the command line accepts, and what it says of what it does not."""

import pytest

from recorder.options import parse, settings_of
from shared.errors import ConfigurationError


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either files"),
        (["a.mp4"], "--out FOLDER is missing"),
        (["--attach"], "--out FOLDER is missing"),
        (["a.mp4", "--attach", "--out", "o"], "give either files"),
        (["--publish", "a", "--repeat", "b"], "give either files"),
        (["a.mp4", "--out", "o", "--resume", "--overwrite"], "give one of them"),
    ],
)
def test_what_does_not_fit_together_is_refused(arguments, said):
    """Before anything is written."""
    with pytest.raises(ConfigurationError, match=said):
        parse(arguments)


@pytest.mark.parametrize("workers", ["0", "-1", "some"])
def test_a_number_of_workers_is_at_least_one(workers, capsys):
    """With a usage line, and exit code 2."""
    with pytest.raises(SystemExit, match="2"):
        parse(["a.mp4", "--out", "o", "--workers", workers])
    assert "--workers" in capsys.readouterr().err


def test_options_are_settings():
    """Those given, and no others: the environment and `.env` decide on the rest."""
    given = parse(["a.mp4", "--out", "o", "--every", "1", "--min-face-size", "20", "--model", "m"])
    assert settings_of(given) == {"classify_every": "1", "min_face_size": "20", "classifier_model": "m"}
    assert settings_of(parse(["--out", "o", "--", "-a.mp4"])) == {}
