"""Reading labelled pictures: what is counted, what is refused."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared.errors import ConfigurationError
from tests.training.made_sets import class_folders
from training import data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures per class and split, all different; one validation picture is also in train."""
    class_folders(tmp_path, each=2)
    copy = tmp_path / "train" / "sad" / "copy.png"
    copy.write_bytes((tmp_path / "validation" / "sad" / "0.png").read_bytes())
    return tmp_path


def test_a_folder_is_read_counted_and_kept(folder: Path) -> None:
    """Pictures, labels and the copy between the splits are found, and survive being saved."""
    splits, report = data.read(folder)
    assert len(splits["train"]) == 15
    assert report["train"]["per_class"]["sad"] == 3
    assert report["validation_images_in_train"] == 1
    assert report["surplus_copies"] == 1
    assert report["groups_with_different_labels"] == 0
    data.save(splits, folder / "kept" / "faces.npz")
    again = data.load(folder / "kept" / "faces.npz")
    assert np.array_equal(again["train"].images, splits["train"].images)
    assert again["train"].names.tolist() == splits["train"].names.tolist()


def test_what_validation_holds_is_not_trained_on(folder: Path) -> None:
    """Copies of validation pictures and blank pictures leave the training split."""
    splits, _ = data.read(folder)
    splits["train"].images[0] = 7
    clean = splits["train"].take(data.to_train_on(splits["train"], splits["validation"]))
    assert len(clean) == 13
    assert "train/sad/copy.png" not in clean.names


def test_a_zip_is_read_like_its_folder(folder: Path, tmp_path: Path) -> None:
    """Votes travel in the zip; unsure matches are left out."""
    archive = tmp_path / "faces.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for file in sorted(folder.rglob("*.png")):
            target.write(file, file.relative_to(folder))
        target.writestr(
            "ferplus_votes.csv",
            "fer2013_jpg,match,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"
            "train/angry/0.png,unique,2,0,0,0,8,0,0,0,0,0\n"
            "train/angry/1.png,none,0,0,0,0,10,0,0,0,0,0\n",
        )
    train = data.load(archive)["train"]
    assert len(train) == 15
    assert train.votes[0].tolist() == pytest.approx([0.8, 0, 0, 0, 0.2, 0, 0])
    assert train.votes[1:].sum() == 0


def test_a_folder_of_classes_alone_can_be_measured_on(folder: Path) -> None:
    """Evaluation takes a folder with splits and one without."""
    assert len(data.read_pictures(folder)) == 14
    assert len(data.read_pictures(folder / "train")) == 15


def test_colour_and_other_sizes_become_48_grey(folder: Path) -> None:
    """Whatever the picture, it is brought to what the networks are trained on."""
    cv2.imwrite(str(folder / "train" / "angry" / "0.png"), np.full((90, 70, 3), 200, np.uint8))
    train = data.read(folder)[0]["train"]
    assert train.images.shape == (15, 48, 48)
    assert train.images[0].mean() == pytest.approx(200, abs=1)


def test_a_missing_class_is_named(folder: Path) -> None:
    """An empty class folder stops with its name."""
    for file in (folder / "train" / "fear").iterdir():
        file.unlink()
    with pytest.raises(ConfigurationError, match="no images in train/fear/"):
        data.read(folder)


def test_what_lies_about_is_no_picture_of_a_class(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pictures beside the class folders are named and left out; in hidden folders they are left out."""
    picture = (folder / "train" / "angry" / "0.png").read_bytes()
    for name in ("train/montage.png", "train/angry/.thumbs/0.png", "train/.cache/1.png"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(picture)
    assert len(data.read(folder)[0]["train"]) == 15
    said = capsys.readouterr().err
    assert "left out 1 file, not in a class folder: train/montage.png\n" in said
    assert "left out 2 files, hidden: train/.cache/1.png, train/angry/.thumbs/0.png\n" in said


def test_a_damaged_zip_is_named(tmp_path: Path) -> None:
    """Bytes that do not unpack, and names that lead out of it."""
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/angry/0.png", bytes(range(256)) * 20)
    content = bytearray(path.read_bytes())
    content[60:80] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"faces\.zip is not a readable zip"):
        data.read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("train/../../angry/0.png", b"")
    with pytest.raises(ConfigurationError, match="lies outside of it"):
        data.read(path)


def test_pictures_of_one_name_stay_two(folder: Path, tmp_path: Path) -> None:
    """0.png and 0.jpg of a class are two files of the folder written, too."""
    (folder / "train" / "angry" / "0.jpg").write_bytes((folder / "train" / "sad" / "0.png").read_bytes())
    splits, _ = data.read(folder)
    data.write_folder(splits, tmp_path / "written")
    again, _ = data.read(tmp_path / "written")
    assert len(again["train"]) == len(splits["train"])


def test_a_full_disk_leaves_no_part_of_the_arrays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor spoils what was there."""
    monkeypatch.setattr(np, "savez", lambda path, **_: path.write_bytes(b"half"))
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        data.save(data.read(folder)[0], folder / "faces.npz")
    assert not list(folder.glob("*.npz"))


def test_an_unknown_class_is_named(folder: Path) -> None:
    """A class that no network knows stops with its name and the known ones."""
    (folder / "train" / "fear").rename(folder / "train" / "bored")
    with pytest.raises(ConfigurationError, match=r"unknown class bored; expected angry"):
        data.read(folder)


def test_an_unknown_class_is_named_whatever_is_in_it(folder: Path) -> None:
    """Files of which nothing is read do not hide a class; what systems leave in folders is none."""
    (folder / "train" / ".cache").mkdir()
    (folder / "train" / ".cache" / "x").write_text("")
    assert len(data.read(folder)[0]["train"]) == 15
    (folder / "train" / "contempt").mkdir()
    (folder / "train" / "contempt" / "0.heic").write_bytes(b"a picture")
    with pytest.raises(ConfigurationError, match="unknown class contempt"):
        data.read(folder)


def test_many_undecodable_pictures_are_an_error(folder: Path) -> None:
    """Above one per cent the data is not trusted."""
    (folder / "train" / "fear" / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ConfigurationError, match="1 of 16 train images cannot be decoded"):
        data.read(folder)


def test_a_few_undecodable_pictures_are_listed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Below that they are skipped and named, whichever command reads them."""
    monkeypatch.setattr(data, "MAX_UNDECODABLE", 0.2)
    (folder / "train" / "fear" / "broken.png").write_bytes(b"")
    splits, report = data.read(folder)
    assert report["train"]["undecodable"] == ["train/fear/broken.png"]
    assert "left out 1 file, not decodable: train/fear/broken.png: is not an image" in capsys.readouterr().err
    assert len(splits["train"]) == 15


@pytest.mark.parametrize("name", ["absent.zip", "absent.npz", "absent.csv", "text.zip", "text.npz"])
def test_a_file_that_is_no_data_is_named(tmp_path: Path, name: str) -> None:
    """Missing files and files of another kind are refused by name."""
    if not name.startswith("absent"):
        (tmp_path / name).write_text("no zip")
    with pytest.raises(ConfigurationError, match=name):
        data.load(tmp_path / name)


def test_arrays_of_something_else_are_named(faces: data.Faces, tmp_path: Path) -> None:
    """Files of NumPy's that `training.data` did not write; nobody is advised to unpickle one."""
    path = tmp_path / "other.npz"
    data.save({"train": faces, "validation": faces}, path)
    with np.load(path) as arrays:
        right = dict(arrays)
    wrong = [
        {"weights": np.zeros(3)},
        right | {"train_images": np.zeros((28, 64, 64), np.uint8)},
        right | {"train_votes": np.zeros((27, 7), np.float32)},
        right | {"validation_labels": np.full(28, 7)},
        right | {"validation_names": np.array([None] * 28)},
    ]
    for arrays in wrong:
        np.savez(path, **arrays)
        with pytest.raises(ConfigurationError, match=r"other\.npz was not written by python -m training") as refusal:
            data.load(path)
        assert "pickle" not in str(refusal.value)
    with path.open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(ConfigurationError, match=r"other\.npz was not written by python -m training.data"):
        data.load(path)


def test_only_pictures_to_measure_on_are_measured(folder: Path) -> None:
    """A folder's validation split, or its classes; never training pictures because a split is called otherwise."""
    assert len(data.read_pictures(folder)) == len(data.read(folder)[0]["validation"])
    (folder / "validation").rename(folder / "PrivateTest")
    with pytest.raises(ConfigurationError, match=r"found only PrivateTest/, train/; expected validation/<label>/"):
        data.read_pictures(folder)
    assert len(data.read_pictures(folder / "PrivateTest")) == 14
