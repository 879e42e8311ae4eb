"""Reads CSV tables as programs write them: any usual delimiter, UTF-8 or UTF-16, also compressed by gzip."""

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
"""What damaged gzip raises."""
_ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""By byte order mark; without one it is UTF-8."""


def rows(file: IO[bytes], name: str, kind: str, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """The table's rows below its header, each with the values of `columns`; blank lines are skipped.

    Upper and lower case in the header are alike, and white space around values is dropped.

    Args:
        file: the table's bytes, seekable.
        name: what errors call the table, followed by the number of the row (the first below the header is 1).
        kind: what it has to be, for the error about another header.
        columns: the columns wanted, among others in any order.

    Raises:
        ConfigurationError: another header, a row with more or fewer values, quotes that do not close, damaged gzip.
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
                        f"{name}: row {number} has {len(values)} values; expected {len(header)}, as the header has: "
                        "repair or remove the row"
                    )
                yield {column: values[place].strip() for column, place in places.items()}
    except UnicodeError as error:
        raise ConfigurationError(f"{name}: {error}") from None
    except csv.Error as error:
        raise ConfigurationError(
            f"{name}: row {number + 1} cannot be read ({error}); expected quotes in pairs and values of at most "
            f"{csv.field_size_limit()} characters: repair or remove the row"
        ) from None
    except DAMAGE as error:
        raise ConfigurationError(f"{name} is damaged after row {number} ({error}); get it anew") from None


def columns_of(file: IO[bytes]) -> list[str]:
    """The column names of what may be a table, in lower case; empty if it is none."""
    try:
        with _text(file) as text:
            return [column.casefold() for column in _header(_reader(text))]
    except (csv.Error, UnicodeError, *DAMAGE):
        return []


def whole_number(text: str) -> int | None:
    """The number that `3`, ` 3` or `3.0` stands for; None if it is no whole number."""
    try:
        value = float(text)
    except ValueError:
        return None
    return int(value) if value.is_integer() else None


def _text(file: IO[bytes] | gzip.GzipFile) -> io.TextIOWrapper:
    """The file as text, unpacked and decoded; closing it closes the file."""
    head = file.read(4)
    file.seek(0)
    if head.startswith(GZIP):
        return _text(gzip.open(file))
    encoding = next((encoding for mark, encoding in _ENCODINGS.items() if head.startswith(mark)), "utf-8")
    if encoding == "utf-8" and b"\0" in head:
        raise UnicodeError("found bytes of zero, as in UTF-16 without a byte order mark; save it as CSV in UTF-8")
    return io.TextIOWrapper(cast(BinaryIO, file), encoding, errors="replace", newline="")


def _reader(text: io.TextIOWrapper) -> Iterator[list[str]]:
    """A reader of the text's rows, with the delimiter of its first line."""
    first = text.readline()
    try:
        delimiter = csv.Sniffer().sniff(first, DELIMITERS).delimiter
    except csv.Error:  # a single column
        delimiter = DELIMITERS[0]
    return csv.reader(chain([first], text), delimiter=delimiter, skipinitialspace=True, strict=True)


def _header(reader: Iterator[list[str]]) -> list[str]:
    return [column.strip() for column in next(reader, [])]


def _places(header: list[str], name: str, kind: str, columns: Sequence[str]) -> dict[str, int]:
    """Where in a row each of the columns is."""
    folded = [column.casefold() for column in header]
    if any(column.casefold() not in folded for column in columns):
        found = ",".join(header)[:80] or "none"
        raise ConfigurationError(f"{name} is not {kind}: expected the columns {','.join(columns)}; found {found}")
    return {column: folded.index(column.casefold()) for column in columns}
