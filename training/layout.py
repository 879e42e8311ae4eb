"""Which split and class a data set's pictures belong to, by the folders that they lie in."""

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
"""Suffix of a picture from a row of Kaggle's CSV: 48x48 grey values as text."""
NAMED = 3
"""Of what is left out so many are named; all are counted."""
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
    """A picture of a data set.

    Attributes:
        split: `train`, `validation`, what the data calls another one, or '' where it has none.
        label: one of EMOTIONS, or '' in a folder of any other name.
        file: its path in the data.
        name: `<split>/<label>/<file>`, unique.
    """

    split: str
    label: str
    file: str
    name: str


@dataclass(frozen=True)
class Layout:
    """What is where in a data set.

    `pictures` by split; by split also the folders that are no class's, as the data calls them; and by reason the files
    that are left out.
    """

    pictures: Mapping[str, list[Picture]]
    unknown: Mapping[str, set[str]]
    left_out: Mapping[str, list[str]]

    def folders(self) -> str:
        """The splits, or else the classes, that hold pictures, as in `train/, PrivateTest/ alone`."""
        names = self.pictures.keys() - {""} or {picture.label for picture in self.pictures.get("", ())}
        return ", ".join(f"{name}/" for name in sorted(names)) + " alone" if names else "no pictures in folders"

    def notes(self) -> Iterator[str]:
        """A line for whoever reads the data about everything in it that is not as they may think."""
        for reason, files in self.left_out.items():
            yield counted(reason, files)
        validation = self.pictures.get(VALIDATION, ())
        if any(split_of(PurePosixPath(picture.file).parts[0]) == TEST for picture in validation):
            yield f"found no validation/: the {len(validation)} pictures of test/ are taken for it"
        for split in self.pictures.keys() - {*SPLITS, ""}:
            yield f"the {len(self.pictures[split])} pictures of {split}/ are set aside"

    def check_classes(self) -> None:
        """Raises ConfigurationError if the pictures that are used lie in folders that no class is called by."""
        names = {name for split in (*SPLITS, "") for name in self.unknown.get(split, ())}
        if names:
            found = f"unknown class {', '.join(sorted(names))}"
            raise ConfigurationError(f"{found}; expected {', '.join(EMOTIONS)}: rename or remove its folder")


def split_of(name: str) -> str | None:
    """The split that a folder, or a row of Kaggle's CSV, is called by: upper and lower case are alike."""
    return _SPLIT_NAMES.get(name.casefold())


def class_of(name: str) -> str | None:
    """The class that a folder is called by, as in `happy`, `Happy` or `Happiness`."""
    return _CLASS_NAMES.get(name.casefold())


def without_top(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files by their path from the folder that holds those of the splits or classes."""
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
    """Finds split and class of each picture among files `[<split>/]<label>/…`; see `without_top`.

    Where no split is called validation, `test` is taken for it, without the pictures whose names say that they are
    FER-2013's PrivateTest. Pictures come in the order of their `name`.
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
            left_out["no picture"].append(file)
        elif not folders and split in (*SPLITS, ""):
            left_out["in no class's folder"].append(file)
        else:
            name = "/".join(filter(None, (split, label, *folders[1:], last)))
            name = f"{split}/{label}/{file}" if name in names else name
            names.add(name)
            pictures[split].append(Picture(split, label or "", file, name))
    ordered = {split: sorted(some, key=lambda picture: picture.name) for split, some in pictures.items()}
    return Layout(ordered, unknown, left_out)


def counted(reason: str, names: list[str]) -> str:
    """As in `left out 4 files, hidden: ._0.png, ._1.png, ._2.png, …`."""
    few = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    return f"left out {len(names)} file{'s' * (len(names) > 1)}, {reason}: {few}"


def _is_hidden(file: str) -> bool:
    """What systems leave in folders: `.DS_Store`, `._a.png`, `__MACOSX/a.png`."""
    return any(part.startswith((".", "__")) for part in PurePosixPath(file).parts)


def _split(folder: str, file: str, *, has_validation: bool) -> str:
    split = split_of(folder) or folder
    if split != TEST or has_validation:
        return split
    return PRIVATE_TEST if file.casefold().startswith(PRIVATE_TEST.casefold()) else VALIDATION


def _depth(places: Iterable[tuple[str, ...]]) -> int:
    """How many folders lie above those of splits or classes; 0 where none are found below a single one."""
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
