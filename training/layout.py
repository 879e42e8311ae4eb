"""Finds the split and class of each image in a data set from the names of its folders."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from shared.errors import ConfigurationError
from shared.formats import HEAD_BYTES, is_picture
from shared.messages import EMOTIONS

TRAIN, VALIDATION, TEST, PRIVATE_TEST = "train", "validation", "test", "PrivateTest"
SPLITS = (TRAIN, VALIDATION)
PIXELS = ".pixels"
"""Suffix for a row of Kaggle's CSV: 48x48 grey values as text."""
NAMED = 3
"""How many of the files left out are named; all are counted."""
_SPLIT_NAMES = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "publictest": VALIDATION,
    "test": TEST,
    "privatetest": PRIVATE_TEST,
}
_CLASS_NAMES = {label: label for label in EMOTIONS} | {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}


@dataclass(frozen=True)
class Picture:
    """An image of a data set.

    Attributes:
        split: `train`, `validation`, the data's own name of another split, or '' if there are none.
        label: one of EMOTIONS, or '' if the folder is not named after one.
        file: its path in the data.
        name: `<split>/<label>/<file>`, unique.
    """

    split: str
    label: str
    file: str
    name: str


@dataclass(frozen=True)
class Layout:
    """The content of a data set.

    Attributes:
        pictures: the images by split.
        unknown: folders that are not named after a class, by split.
        left_out: files that are not used, by reason.
    """

    pictures: Mapping[str, list[Picture]]
    unknown: Mapping[str, set[str]]
    left_out: Mapping[str, list[str]]

    def folders(self) -> str:
        """The splits that hold images, or else the classes, as in `only PrivateTest/, train/`."""
        names = self.pictures.keys() - {""} or {picture.label for picture in self.pictures.get("", ())}
        return f"only {', '.join(f'{name}/' for name in sorted(names))}" if names else "no images in folders"

    def notes(self) -> Iterator[str]:
        """A line about everything that is not used, or not used under its own name."""
        for reason, files in self.left_out.items():
            yield counted(reason, files)
        validation = self.pictures.get(VALIDATION, ())
        if any(split_of(PurePosixPath(picture.file).parts[0]) == TEST for picture in validation):
            yield f"no validation/ found: using the {len(validation)} images of test/ as validation"
        for split in sorted(self.pictures.keys() - {*SPLITS, ""}):
            yield f"set aside {split}/, images: {len(self.pictures[split])}"

    def check_classes(self) -> None:
        """Raises ConfigurationError for a folder in a used split that is not named after a class."""
        names = {name for split in (*SPLITS, "") for name in self.unknown.get(split, ())}
        if names:
            found = f"unknown class {', '.join(sorted(names))}"
            raise ConfigurationError(f"{found}; expected {', '.join(EMOTIONS)}: rename or remove the folder")


def split_of(name: str) -> str | None:
    """The split that a folder, or the Usage of a row in Kaggle's CSV, names, regardless of case; else None."""
    return _SPLIT_NAMES.get(name.casefold())


def class_of(name: str) -> str | None:
    """The class that a folder names, as in `happy`, `Happy` or `Happiness`; else None."""
    return _CLASS_NAMES.get(name.casefold())


def without_top(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with paths relative to the folder that holds the splits or classes."""
    visible = [PurePosixPath(file).parts[:-1] for file in files if not _is_hidden(file)]
    top = _depth([folders for folders in visible if folders])
    if not top:
        return dict(files)
    above = next(folders for folders in visible if folders)[:top]
    return {
        str(path.relative_to(*above)) if path.parts[:top] == above else file: content
        for file, content in files.items()
        for path in [PurePosixPath(file)]
    }


def arrange(files: Mapping[str, bytes]) -> Layout:
    """Sorts files `[<split>/]<label>/…` into splits and classes; images are ordered by `name`.

    Without a validation split, `test` serves as one, except for images named as part of FER-2013's PrivateTest.
    """
    pictures: dict[str, list[Picture]] = defaultdict(list)
    unknown: dict[str, set[str]] = defaultdict(set)
    left_out: dict[str, list[str]] = defaultdict(list)
    names: set[str] = set()
    firsts = {split_of(path.parts[0]) for path in map(PurePosixPath, files) if len(path.parts) > 1}
    for file, content in sorted(files.items()):
        if _is_hidden(file):
            left_out["hidden"].append(file)
            continue
        *folders, last = PurePosixPath(file).parts
        split = ""
        if any(firsts) and folders:
            split = _split(folders.pop(0), last, has_validation=VALIDATION in firsts)
        label = class_of(folders[0]) if folders else None
        if folders and label is None:
            unknown[split].add(folders[0])
        if not file.endswith(PIXELS) and not is_picture(last, content[:HEAD_BYTES]):
            left_out["not an image"].append(file)
        elif not folders and split in (*SPLITS, ""):
            left_out["not in a class folder"].append(file)
        else:
            name = "/".join(filter(None, (split, label, *folders[1:], last)))
            name = f"{split}/{label}/{file}" if name in names else name
            names.add(name)
            pictures[split].append(Picture(split, label or "", file, name))
    ordered = {split: sorted(some, key=lambda picture: picture.name) for split, some in pictures.items()}
    return Layout(ordered, unknown, left_out)


def counted(reason: str, names: list[str]) -> str:
    """Names the first few, as in `left out 4 files, hidden: ._0.png, ._1.png, ._2.png, …`."""
    few = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    return f"left out {len(names)} file{'s' * (len(names) > 1)}, {reason}: {few}"


def _is_hidden(file: str) -> bool:
    """Whether it is what operating systems leave behind: `.DS_Store`, `._a.png`, `__MACOSX/a.png`."""
    return any(part.startswith((".", "__")) for part in PurePosixPath(file).parts)


def _split(folder: str, file: str, *, has_validation: bool) -> str:
    split = split_of(folder) or folder
    if split != TEST or has_validation:
        return split
    return PRIVATE_TEST if file.casefold().startswith(PRIVATE_TEST.casefold()) else VALIDATION


def _depth(places: Iterable[tuple[str, ...]]) -> int:
    """The number of folders above those of the splits or classes; 0 if these are not found."""
    depth, level = 0, list(places)
    while level:
        names = {folders[depth] for folders in level}
        if any(split_of(name) or class_of(name) for name in names):
            return depth
        if len(names) > 1:
            break
        depth += 1
        level = [folders for folders in level if len(folders) > depth]
    return 0
