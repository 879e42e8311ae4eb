"""FER-2013 as it is published: Kaggle's tables, FER+'s votes, and the official counts."""

from pathlib import Path

import numpy as np
import pytest

from shared.errors import ConfigurationError
from shared.messages import EMOTIONS
from tests.training.made_sets import class_folders, ferplus, kaggle, kaggle_rows
from training import data, layout
from training.fer2013 import KAGGLE_EMOTIONS

FER2013 = Path(__file__).parents[3] / "shared" / "data" / "fer2013.zip"


def test_kaggles_table_is_read_and_privatetest_set_aside(tmp_path: Path) -> None:
    """Numbers become our labels, Training and PublicTest our splits; PrivateTest is counted and not in either."""
    splits, report = data.read(kaggle(tmp_path / "fer2013.csv", kaggle_rows()))
    assert {split: len(faces) for split, faces in splits.items()} == {"train": 7, "validation": 7}
    assert report["set_aside"] == {"PrivateTest": 7}
    for place, faces in enumerate(splits.values()):
        by_label = {EMOTIONS[label]: int(image[0, 0]) for label, image in zip(faces.labels, faces.images, strict=True)}
        assert by_label == {label: 10 * number + place for number, label in enumerate(KAGGLE_EMOTIONS)}


def test_kaggles_other_table_is_read_as_well(tmp_path: Path) -> None:
    """`icml_face_data.csv` has the same columns in another order, with blanks before their names."""
    rows = [f"{emotion},{usage},{pixels}" for emotion, pixels, usage in kaggle_rows()]
    (tmp_path / "icml_face_data.csv").write_text("\n".join(["emotion, Usage, pixels", *rows]))
    splits, _ = data.read(tmp_path / "icml_face_data.csv")
    expected, _ = data.read(kaggle(tmp_path / "fer2013.csv", kaggle_rows()))
    for split, faces in expected.items():
        assert np.array_equal(splits[split].images, faces.images)
        assert np.array_equal(splits[split].labels, faces.labels)


def test_ferplus_votes_go_with_kaggles_rows(tmp_path: Path) -> None:
    """Row by row; under five votes for the seven emotions are none."""
    rows = kaggle_rows()
    votes = ferplus(tmp_path / "fer2013new.csv", [usage for *_, usage in rows])
    splits, report = data.read(kaggle(tmp_path / "fer2013.csv", rows), votes)
    of = dict(zip(splits["train"].names.tolist(), splits["train"].votes, strict=True))
    angry, surprise = EMOTIONS.index("angry"), EMOTIONS.index("surprise")
    third = of["train/fear/00003.pixels"]
    assert third[[angry, surprise]].tolist() == pytest.approx([0.6, 0.4])
    assert of["train/surprise/00006.pixels"].sum() == 0
    assert report["train"]["with_votes"] == 6


def test_votes_for_other_rows_are_refused(tmp_path: Path) -> None:
    """A table in another order, of other pictures, of something else, or beside a folder."""
    rows = kaggle_rows()
    table = kaggle(tmp_path / "fer2013.csv", rows)
    usages = [usage for *_, usage in rows]
    for others in (usages[::-1], usages[:-1]):
        with pytest.raises(ConfigurationError, match="rows do not match the 21 images"):
            data.read(table, ferplus(tmp_path / "new.csv", others))
    for nothing in (table, tmp_path / "absent.csv"):
        with pytest.raises(ConfigurationError, match="is not FER"):
            data.read(table, nothing)
    with pytest.raises(ConfigurationError, match="this table goes with Kaggle's CSV"):
        data.read(class_folders(tmp_path / "faces"), tmp_path / "new.csv")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ((7, "9", "Training"), "row 22 has the emotion '7'; expected 0 angry"),
        ((3, "9 9", "Training"), "1 of 8 train images cannot be decoded"),
        ((3, " ".join(["256"] * 2304), "Training"), "1 of 8 train images cannot be decoded"),
        ((3, " ".join(["-1"] * 2304), "Training"), "1 of 8 train images cannot be decoded"),
        ((3, "9", "Test"), "row 22 has the Usage 'Test'; expected Training, PublicTest, PrivateTest"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, row: tuple[object, str, str], message: str) -> None:
    """Unknown numbers and uses stop; too few pixels and values beyond a byte count as undecodable."""
    with pytest.raises(ConfigurationError, match=message):
        data.read(kaggle(tmp_path / "fer2013.csv", [*kaggle_rows(), row]))


def test_another_table_is_refused(tmp_path: Path) -> None:
    """The columns are named."""
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ConfigurationError, match="expected the columns emotion,pixels,Usage; found a,b"):
        data.read(tmp_path / "other.csv")


def test_what_was_read_becomes_a_folder_again(tmp_path: Path, capsys, monkeypatch) -> None:
    """Kaggle's table as an ImageFolder, pixel for pixel."""
    table = kaggle(tmp_path / "fer2013.csv", kaggle_rows())
    out, written = tmp_path / "out", tmp_path / "pictures"
    monkeypatch.setattr("sys.argv", ["data", str(table), "--out", str(out), "--folder", str(written)])
    assert data.main() == 0
    before, after = data.read(table)[0], data.read(written)[0]
    for split in layout.SPLITS:
        assert np.array_equal(before[split].images, after[split].images)
        assert np.array_equal(before[split].labels, after[split].labels)


def test_a_table_of_something_else_is_no_votes(tmp_path: Path) -> None:
    """FER+'s file is known by its columns."""
    folder = class_folders(tmp_path)
    (folder / "ferplus_votes.csv").write_text("name,votes\na,1\n")
    with pytest.raises(ConfigurationError, match=r"ferplus_votes\.csv is not FER"):
        data.read(folder)


@pytest.mark.data
@pytest.mark.skipif(not FER2013.exists(), reason="the development data folder is not beside the checkout")
def test_fer2013_has_its_official_counts() -> None:
    """The real data's counts, blanks and leaks are the published ones."""
    splits, report = data.read(FER2013)
    assert report["train"]["official_counts"]
    assert report["validation"]["official_counts"]
    assert len(report["train"]["blank"]) == 11
    assert report["validation_images_in_train"] == 280
    assert data.to_train_on(splits["train"], splits["validation"]).sum() < 28709 - 11
