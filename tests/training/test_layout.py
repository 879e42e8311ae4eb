"""Data sets as people have them: what is read from each, and what is refused in one line."""

import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from shared.messages import EMOTIONS
from tests.training.made_sets import class_folders, kaggle, kaggle_rows
from training import data


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A picture per class and split."""
    return class_folders(tmp_path / "faces")


def renamed(folder: Path, **names: str) -> Path:
    """The same folder with its splits and classes called otherwise."""
    for place in sorted(folder.rglob("*"), reverse=True):
        if place.is_dir() and place.name in names:
            place.rename(place.with_name(names[place.name]))
    return folder


def linked(folder: Path) -> Path:
    """Every class is a link to a folder elsewhere; one more link leads back to the top, another nowhere."""
    for place in [*folder.glob("*/*")]:
        elsewhere = folder.parent / f"{place.parent.name}-{place.name}"
        place.rename(elsewhere)
        place.symlink_to(elsewhere)
    (folder / "train-angry").unlink(missing_ok=True)
    (folder.parent / "train-angry" / "back").symlink_to(folder)
    return folder


def packed(folder: Path, change: Callable[[str], str] = str) -> Path:
    """A zip of the folder, its files called as `change` says."""
    path = folder.parent / "packed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.writestr(change(file.relative_to(folder).as_posix()), file.read_bytes())
    return path


def beside_each(folder: Path) -> Path:
    """What a Mac leaves on other disks, and a picture index of Windows."""
    for file in [*folder.rglob("*.png")]:
        (file.parent / f"._{file.name}").write_bytes(b"\0\x05\x16\x07")
    (folder / "train" / "Thumbs.db").write_bytes(b"index")
    return folder


def above(folder: Path) -> Path:
    """The set in two folders more, beside a text."""
    (folder.parent / "up" / "images").mkdir(parents=True)
    (folder.parent / "up" / "README").write_text("words")
    folder.rename(folder.parent / "up" / "images" / "images")
    return folder.parent / "up"


def by_original_names(folder: Path) -> Path:
    """Kaggle's folders, whose test/ holds both of FER-2013's test splits."""
    renamed(folder, validation="test")
    for file in [*folder.glob("test/*/0.png")]:
        shutil.copy(file, file.with_name("PrivateTest_7.png"))
        file.rename(file.with_name("PublicTest_3.png"))
    return folder


CALLED = {"surprise": "surprised", "happy": "Happiness", "angry": "ANGER", "sad": "Sadness", "fear": "Fearful"}


@pytest.mark.parametrize(
    "variant",
    [
        linked,
        packed,
        lambda folder: packed(folder, lambda name: name.replace("/", "\\")),
        lambda folder: packed(folder, lambda name: f"fer2013/{name}"),
        beside_each,
        above,
        by_original_names,
        lambda folder: renamed(folder, **CALLED),
        lambda folder: renamed(folder, train="Train", validation="VAL", happy="Happy"),
        lambda folder: renamed(folder, train="Training", validation="PublicTest"),
        lambda folder: renamed(folder, validation="test"),
    ],
    ids=[
        *("links", "zip", "backslashes", "zip with a top folder", "Mac and Windows", "top folders", "Kaggle's test"),
        *("other names", "capitals", "FER-2013's names", "test"),
    ],
)
def test_ordinary_sets_are_read(faces: Path, variant: Callable[[Path], Path]) -> None:
    """The same seven pictures a split, under the same labels, whatever they are in."""
    expected = data.read(faces)[0]
    splits, report = data.read(variant(faces))
    for split, one in expected.items():
        assert splits[split].labels.tolist() == one.labels.tolist()
        assert (splits[split].images == one.images).all()
        assert [name.rsplit("/", 1)[0] for name in splits[split].names] == [f"{split}/{name}" for name in EMOTIONS]
    assert report["set_aside"] == ({"PrivateTest": 7} if variant is by_original_names else {})


def test_a_table_in_a_zip_or_folder_is_read(tmp_path: Path) -> None:
    """Kaggle packs its table with others; of two of its kind one has to be chosen."""
    folder = tmp_path / "fer2013"
    folder.mkdir()
    table = kaggle(folder / "fer2013.csv", kaggle_rows())
    (folder / "train.csv").write_text("emotion,pixels\n0,1 2\n")
    expected = data.read(table)[0]
    path = tmp_path / "kaggle.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, f"fer2013/{file.name}")
    for place in (folder, path):
        splits = data.read(place)[0]
        assert all((splits[split].images == one.images).all() for split, one in expected.items())
    shutil.copy(table, folder / "icml_face_data.csv")
    with pytest.raises(ConfigurationError, match=r"found 2 tables, fer2013\.csv, icml_face_data\.csv among its files"):
        data.read(folder)


def test_classes_of_two_names_are_put_together(faces: Path, tmp_path: Path) -> None:
    """Pictures of one name in both stay two, also when they are written as a folder and read again."""
    shutil.copytree(faces / "train" / "happy", faces / "train" / "Happiness")
    shutil.copy(faces / "train" / "sad" / "0.png", faces / "train" / "sad" / "0")
    splits, report = data.read(faces)
    assert (report["train"]["per_class"]["happy"], report["train"]["per_class"]["sad"]) == (2, 2)
    assert len(set(splits["train"].names)) == 9
    data.write_folder(splits, tmp_path / "written")
    assert len(data.read(tmp_path / "written")[0]["train"]) == 9


def test_what_is_left_out_is_counted_and_named(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A line for each reason with the first few names, and the counts in the report."""
    beside_each(faces)
    (faces / "train" / "nowhere.png").symlink_to("absent")
    (faces / "extra").mkdir()
    shutil.copy(faces / "train" / "sad" / "0.png", faces / "extra" / "0.png")
    _, report = data.read(faces)
    said = capsys.readouterr().err
    first = "train/angry/._0.png, train/disgust/._0.png, train/fear/._0.png, …"
    assert f"faces: left out 14 files, hidden: {first}\n" in said
    assert "faces: left out 1 file, not an image: train/Thumbs.db\n" in said
    assert "faces: left out 1 file, not in a class folder: train/nowhere.png\n" in said
    assert "faces: set aside extra/, images: 1\n" in said
    assert report["left_out"] == {"hidden": 14, "not an image": 1, "not in a class folder": 1}
    assert report["set_aside"] == {"extra": 1}


def test_what_validates_is_said(faces: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Who meant to test on it hears that it is looked at in training; beside validation/ it is set aside."""
    shutil.copytree(faces / "validation", faces / "test")
    assert data.read(faces)[1]["set_aside"] == {"test": 7}
    shutil.rmtree(faces / "validation")
    capsys.readouterr()
    assert len(data.read(faces)[0]["validation"]) == len(data.read_pictures(faces)) == 7
    assert "no validation/ found: using the 7 images of test/ as validation\n" in capsys.readouterr().err


def without_splits(folder: Path) -> Path:
    """The classes alone."""
    return folder / "train"


def without_validation(folder: Path) -> Path:
    """Nothing to validate on."""
    shutil.rmtree(folder / "validation")
    return folder


def encrypted(folder: Path) -> Path:
    """A zip whose entries say that they need a password."""
    path = packed(folder)
    content = path.read_bytes().replace(b"PK\x01\x02\x14\x03\x14\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01")
    path.write_bytes(content)
    return path


def file_called(name: str, content: bytes) -> Callable[[Path], Path]:
    """Makes a file instead."""

    def make(folder: Path) -> Path:
        path = folder.parent / name
        path.write_bytes(content)
        return path

    return make


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        (without_splits, r"found only angry/, .*surprise/; expected train/<label>/ and validation/<label>/ .*divide"),
        (without_validation, r"found only train/; expected train/<label>/ and validation/<label>/"),
        (
            lambda folder: renamed(folder, sad="contempt"),
            "class contempt; expected angry, .*: rename or remove",
        ),
        (lambda folder: renamed(folder, sad="3"), "unknown class 3; expected angry"),
        (encrypted, r"packed\.zip is not a readable zip \(.*password required.*\); create it again without a"),
        (file_called("a.tar.gz", b"\x1f\x8b\x08"), "a tar archive, which must be unpacked first; expected a zip"),
        (file_called("a.png", b"\x89PNG\r\n\x1a\n" + bytes(9)), "found an image; expected a zip, a .csv, a .csv.gz"),
        (file_called("a.rar", b"Rar!"), r"found a file \.rar; expected a zip, a \.csv, a \.csv\.gz or a folder"),
        (file_called("empty.zip", b"PK\x05\x06" + bytes(18)), "found neither among its files"),
    ],
    ids=["no splits", "no validation", "another class", "numbers", "password", "tar", "picture", "rar", "empty"],
)
def test_what_cannot_be_read_is_refused_in_a_line(faces: Path, variant: Callable[[Path], Path], said: str) -> None:
    """It says what was found, what was expected and the remedy."""
    with pytest.raises(ConfigurationError, match=said) as refusal:
        data.read(variant(faces))
    assert "\n" not in str(refusal.value)


def test_a_folder_that_may_not_be_read_is_not_passed_over(faces: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pictures would be missing silently."""
    scandir = os.scandir

    def refusing(path: str) -> object:
        if Path(path).name == "fear":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(PermissionError, match="fear"):
        data.read(faces)
