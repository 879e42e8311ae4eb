"""Tables as programs write them: what is read from each, and what is refused in one line that names the row."""

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.errors import ConfigurationError
from tests.training.made_sets import ferplus, kaggle, kaggle_rows
from training import data

UTF8_MARK = "\ufeff".encode()


def text(change: Callable[[str], str], encoding: str = "utf-8") -> Callable[[bytes], bytes]:
    """Makes another table of a table's bytes."""
    return lambda content: change(content.decode()).encode(encoding)


VARIANTS = {
    "byte order mark": lambda content: UTF8_MARK + content,
    "UTF-16": text(str, "utf-16"),
    "UTF-16, big end first": lambda content: b"\xfe\xff" + content.decode().encode("utf-16-be"),
    "semicolons": text(lambda table: table.replace(",", ";")),
    "tabs": text(lambda table: table.replace(",", "\t")),
    "spaces": text(lambda table: table.replace(",", " , ")),
    "capitals": text(lambda table: table.upper()),
    "Windows' ends of lines": text(lambda table: table.replace("\n", "\r\n")),
    "blank lines": text(lambda table: table.replace("\n", "\n\n")),
    "quotes": text(lambda table: table.replace("\n", '"\n"').replace(",", '","').join(('"', "")).removesuffix('"')),
    "empty columns": text(lambda table: table.replace("\n", ",,\n")),
    "gzip": gzip.compress,
    "UTF-16 in gzip": lambda content: gzip.compress(content.decode().encode("utf-16")),
}


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS.keys())
def test_pictures_and_votes_are_read_from_any_usual_table(tmp_path: Path, variant: Callable[[bytes], bytes]) -> None:
    """Kaggle's table and FER+'s, saved again by another program."""
    rows = kaggle_rows()
    table = kaggle(tmp_path / "fer2013.csv", rows)
    votes = ferplus(tmp_path / "fer2013new.csv", [usage for *_, usage in rows])
    expected = data.read(table, votes)[0]
    again = tmp_path / "again.csv", tmp_path / "votes.csv"
    for path, before in zip(again, (table, votes), strict=True):
        path.write_bytes(variant(before.read_bytes()))
    splits, report = data.read(*again)
    for split, one in expected.items():
        assert (splits[split].images == one.images).all()
        assert (splits[split].labels == one.labels).all()
        assert (splits[split].votes == one.votes).all()
    assert report["set_aside"] == {"PrivateTest": 7}
    assert report["train"]["with_votes"] == 6


def test_whole_numbers_may_have_a_point(tmp_path: Path) -> None:
    """Programs that calculate write 3 as 3.0; labels may be words."""
    rows = kaggle_rows()
    expected = data.read(kaggle(tmp_path / "a.csv", rows))[0]
    pointed = [(f"{label}.0", pixels.replace(" ", ".0 ") + ".0", usage) for label, pixels, usage in rows]
    pointed[3] = ("Happiness", pointed[3][1], "training")
    splits = data.read(kaggle(tmp_path / "b.csv", pointed))[0]
    assert (splits["train"].images == expected["train"].images).all()
    assert (splits["train"].labels == expected["train"].labels).all()


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('"3,9 9,Training\n3,9 9,Training', "row 22 cannot be read .unexpected end of data.; expected paired quotes"),
        (f'3,"{"9 " * 70_000}",Training', "row 22 cannot be read .field larger than field limit .131072.*: repair"),
        ("3,9 9", "row 22 has 2 values; expected 3, as in the header: repair or remove the row"),
        ("3,9 9,Training,7", "row 22 has 4 values; expected 3"),
        ("3.5,9 9,Training", "row 22 has the emotion '3.5'; expected 0 angry, 1 disgust"),
        ("7,9 9,Training", "row 22 has the emotion '7'; expected 0 angry"),
        ("3,9 9,", "row 22 has the Usage ''; expected Training, PublicTest, PrivateTest"),
        ("3,9 9,Training", r"row 22: 2 grey values; expected 48x48 = 2304; repair"),
        ("3,9 nine,Training", "row 22: expected whole numbers from 0 to 255 as grey values"),
    ],
    ids=["open quote", "too long", "short", "long", "half", "seven", "no usage", "another size", "words"],
)
def test_a_bad_row_is_refused_by_its_number(tmp_path: Path, row: str, said: str) -> None:
    """No traceback, one line."""
    table = kaggle(tmp_path / "fer2013.csv", kaggle_rows())
    table.write_text(f"{table.read_text()}{row}\n")
    with pytest.raises(ConfigurationError, match=said) as refusal:
        data.read(table)
    assert "\n" not in str(refusal.value)
    assert csv.field_size_limit() == 131072


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not Kaggle's table of images: expected the columns emotion,pixels,Usage; found none"),
        (b"emotion,pixels,Usage\n", r"has no rows below its header; get or create it again"),
        (b"emotion,pixels\n3,9 9\n", "expected the columns emotion,pixels,Usage; found emotion,pixels"),
        (
            "emotion,pixels,Usage\n".encode("utf-16-le"),
            "as in UTF-16 without .*; save the table as UTF-8",
        ),
        (
            gzip.compress(b"emotion,pixels,Usage\n" + 99 * b"3,9,Training\n")[:-9],
            r"damaged after row \d+ \(.*\); get or create it again",
        ),
        (b"\x1f\x8b\x08words that are no gzip", r"is damaged after row 0 \(.*\); get or create it again"),
    ],
    ids=["empty", "header alone", "a column less", "UTF-16 without mark", "cut gzip", "no gzip"],
)
def test_another_or_damaged_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    """It says what was found and what was expected."""
    path = tmp_path / "fer2013.csv.gz"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=said):
        data.read(path)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("Training,a,0,0,many,0,5,0,0,0,0,0", "row 22 has 'many' votes for surprise; expected a whole number"),
        ("Training,a,0,0,-1,0,5,0,0,0,0,0", "row 22 has '-1' votes for surprise"),
        ('Training,"a,0,0,1,0,5,0,0,0,0,0', "row 22 cannot be read .unexpected end of data"),
        ("Training,a,0,0", "row 22 has 4 values; expected 12"),
    ],
)
def test_a_bad_row_of_votes_is_refused_by_its_number(tmp_path: Path, row: str, said: str) -> None:
    """As with pictures."""
    rows = kaggle_rows()
    votes = ferplus(tmp_path / "fer2013new.csv", [usage for *_, usage in rows])
    votes.write_text(f"{votes.read_text()}{row}\n")
    with pytest.raises(ConfigurationError, match=said):
        data.read(kaggle(tmp_path / "fer2013.csv", [*rows, rows[0]]), votes)
