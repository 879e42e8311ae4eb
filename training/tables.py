"""Reads CSV tables in the dialects that programs write: common delimiters, UTF-8 or UTF-16, optionally gzipped."""

import codecs
import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import IO, BinaryIO, cast

from shared.errors import ConfigurationError

DELIMITERS = ",;\t"
GZIP = b"\x1f\x8b"
"""The first bytes of a gzip file."""
DAMAGE = (gzip.BadGzipFile, EOFError, zlib.error)
"""What reading damaged gzip data raises."""
_ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""By byte order mark; UTF-8 without one."""


def rows(file: IO[bytes], name: str, kind: str, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yields the values of `columns` in each row below the header; blank lines are skipped.

    Column names are matched regardless of case, and white space around values is stripped.

    Args:
        file: the table's bytes, seekable; closed at the end.
        name: what errors call the table; they number its rows from 1, the first below the header.
        kind: what the table should be, for the error about a wrong header.
        columns: the columns to read; there may be others, in any order.

    Raises:
        ConfigurationError: a wrong header, a row with too many or too few values, an unclosed quote, damaged gzip.
    """
    number = 0
    try:
        with _text(file) as text:
            reader = _reader(text)
            header = _header(reader)
            places = _places(header, name, kind, columns)
            for number, values in enumerate(filter(None, reader), 1):
                while len(values) > len(header) and not values[-1].strip():
                    values.pop()
                if len(values) != len(header):
                    raise ConfigurationError(
                        f"{name}: row {number} has {len(values)} values; expected {len(header)}, as in the header: "
                        "repair or remove the row"
                    )
                yield {column: values[place].strip() for column, place in places.items()}
    except UnicodeError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    except csv.Error as error:
        raise ConfigurationError(
            f"{name}: row {number + 1} cannot be read ({error}); expected paired quotes and values of at most "
            f"{csv.field_size_limit()} characters: repair or remove the row"
        ) from None
    except DAMAGE as error:
        raise ConfigurationError(f"{name} is damaged after row {number} ({error}); get or create it again") from None


def columns_of(file: IO[bytes]) -> list[str]:
    """The lower-case column names of a possible table; empty if it is not one. Closes the file."""
    try:
        with _text(file) as text:
            return [column.casefold() for column in _header(_reader(text))]
    except (csv.Error, UnicodeError, *DAMAGE):
        return []


def whole_number(text: str) -> int | None:
    """The value of a whole number such as `3`, ` 3` or `3.0`; None if it is not one."""
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if value.is_integer() else None


def _text(file: IO[bytes] | gzip.GzipFile) -> io.TextIOWrapper:
    """The file as text, decompressed and decoded; closing it closes the file."""
    head = file.read(4)
    file.seek(0)
    if head.startswith(GZIP):
        return _text(gzip.open(file))
    encoding = next((encoding for mark, encoding in _ENCODINGS.items() if head.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in head:
        raise UnicodeError("found zero bytes, as in UTF-16 without a byte order mark; save the table as UTF-8")
    return io.TextIOWrapper(cast(BinaryIO, file), encoding, errors="replace", newline="")


def _reader(text: io.TextIOWrapper) -> Iterator[list[str]]:
    """A reader of the rows, with the delimiter that the first line suggests."""
    first = text.readline()
    try:
        delimiter = csv.Sniffer().sniff(first, DELIMITERS).delimiter
    except csv.Error:  # a single column
        delimiter = DELIMITERS[0]
    return csv.reader(chain([first], text), delimiter=delimiter, skipinitialspace=True, strict=True)


def _header(reader: Iterator[list[str]]) -> list[str]:
    return [column.strip() for column in next(reader, [])]


def _places(header: list[str], name: str, kind: str, columns: Sequence[str]) -> dict[str, int]:
    """The index of each column."""
    folded = [column.casefold() for column in header]
    if any(column.casefold() not in folded for column in columns):
        found = ",".join(header)[:80] or "none"
        raise ConfigurationError(f"{name} is not {kind}: expected the columns {','.join(columns)}; found {found}")
    return {column: folded.index(column.casefold()) for column in columns}
