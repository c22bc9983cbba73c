"""A query's result as a person or program wants it: a table, CSV, lines of JSON, Parquet.

NULL and empty text stay apart everywhere: CSV writes NULL as nothing and empty text as ``""``.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import sys
from contextlib import contextmanager
from decimal import Decimal
from typing import IO, TYPE_CHECKING, Any

from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from featuremart.mart.cells import Field
    from featuremart.mart.chunks import Chunk

FORMATS = ("table", "csv", "json", "parquet")
_NUMBERS = frozenset({"INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC"})
_WIDEST = 60
NULL = "NULL"


def limited(chunks: Iterator[Chunk], most: int | None) -> Iterator[Chunk]:
    """Yield chunks until there are as many rows as wanted; what is not wanted is not fetched."""
    left = most
    for chunk in chunks:
        if left is None or len(chunk) < left:
            yield chunk
            left = None if left is None else left - len(chunk)
        else:
            yield chunk.first(left)
            return


def write(fields: Sequence[Field], chunks: Iterator[Chunk], form: str, output: Path | None) -> int:
    """Write a result and return how many rows it had.

    Parameters
    ----------
    fields
        Its columns.
    chunks
        Its rows.
    form
        One of :data:`FORMATS`.
    output
        A file, which appears when it is whole; standard output where not given.

    Raises
    ------
    WorkFailed
        Where the file cannot be written.
    """
    if output is None:
        return _WRITERS[form](fields, chunks, sys.stdout)
    with _whole(output) as part:
        if form == "parquet":
            return _write_parquet(fields, chunks, part)
        with part.open("w", encoding="utf-8", newline="") as file:
            return _WRITERS[form](fields, chunks, file)


@contextmanager
def _whole(output: Path) -> Iterator[Path]:
    """Give a file beside the wanted one, and put it there when all went well."""
    part = output.with_name(f".{output.name}.part")
    try:
        yield part
        part.replace(output)
    except OSError as error:
        raise WorkFailed(
            f"{output} cannot be written: {error.strerror or error}", next_command="df -h"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _write_parquet(fields: Sequence[Field], chunks: Iterator[Chunk], path: Path) -> int:
    import pyarrow.parquet as pq

    from featuremart.mart.chunks import arrow_schema

    count = 0
    with pq.ParquetWriter(path, arrow_schema(fields), compression="zstd") as writer:
        for chunk in chunks:
            writer.write_batch(chunk.arrow().cast(writer.schema))
            count += len(chunk)
    return count


def _write_csv(fields: Sequence[Field], chunks: Iterator[Chunk], file: IO[str]) -> int:
    count = 0
    file.write(",".join(_csv_cell(item.name) for item in fields) + "\n")
    for chunk in chunks:
        for row in chunk.rows():
            file.write(",".join(_csv_cell(value) for value in row) + "\n")
            count += 1
    return count


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _text(value)
    if text == "" or any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _write_json(fields: Sequence[Field], chunks: Iterator[Chunk], file: IO[str]) -> int:
    count = 0
    names = [item.name for item in fields]
    for chunk in chunks:
        for row in chunk.rows():
            held = dict(zip(names, map(_json_value, row), strict=True))
            file.write(json.dumps(held, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def _json_value(value: Any) -> Any:
    """Return a value as JSON has it; what it has not is text: NaN, exact decimals, times, bytes."""
    if isinstance(value, dict):
        return {name: _json_value(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_json_value(inner) for inner in value]
    if (
        value is None
        or isinstance(value, bool | int | str)
        or (isinstance(value, float) and math.isfinite(value))
    ):
        return value
    return _text(value)


def _text(value: Any) -> str:
    """Return a value as text, as BigQuery writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(value).replace("nan", "NaN").replace("inf", "Infinity")
    if isinstance(value, dt.datetime):
        utc = value.tzinfo is not None
        return (value.astimezone(dt.UTC).replace(tzinfo=None) if utc else value).isoformat(sep=" ") + (
            " UTC" if utc else ""
        )
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return format(
            value.normalize(), "f"
        )  # over REST without the zeros at its end, over Storage Read with
    if isinstance(value, dict | list):
        return json.dumps(_json_value(value), ensure_ascii=False)
    return str(value)


def _write_table(fields: Sequence[Field], chunks: Iterator[Chunk], file: IO[str]) -> int:
    """Write aligned columns; widths follow from the first rows, so that more can follow as they come."""
    count = 0
    write_chunk = _rich_table if file.isatty() else _plain_table
    widths: list[int] = []
    for chunk in chunks:
        rows = [[_shown(value) for value in row] for row in chunk.rows()]
        if not widths:
            widths = [
                min(max([len(item.name), *(len(row[at]) for row in rows)]), _WIDEST)
                for at, item in enumerate(fields)
            ]
        write_chunk(fields, rows, widths, file, head=count == 0)
        count += len(rows)
    return count


def _shown(value: Any) -> str:
    """Return a cell of a table: a text that could be taken for NULL or for nothing stands in quotes."""
    if value is None:
        return NULL
    text = _text(value)
    if isinstance(value, str):
        text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
        return f'"{text}"' if text in {"", NULL} or text != text.strip() else text
    return text


def _plain_table(
    fields: Sequence[Field], rows: list[list[str]], widths: list[int], file: IO[str], *, head: bool
) -> None:
    lines = [[item.name for item in fields], ["-" * width for width in widths]] if head else []
    for line in [*lines, *rows]:
        cells = [
            cell.rjust(width) if item.type in _NUMBERS else cell.ljust(width)
            for item, cell, width in zip(fields, line, widths, strict=True)
        ]
        file.write("  ".join(cells).rstrip() + "\n")


def _rich_table(
    fields: Sequence[Field], rows: list[list[str]], widths: list[int], file: IO[str], *, head: bool
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, show_header=head, pad_edge=False, highlight=False)
    for item, width in zip(fields, widths, strict=True):
        table.add_column(
            Text(item.name), justify="right" if item.type in _NUMBERS else "left", min_width=min(width, 8)
        )
    for row in rows:
        table.add_row(*(Text(cell, style="dim italic" if cell == NULL else "") for cell in row))
    Console(file=file).print(table)


_WRITERS = {"table": _write_table, "csv": _write_csv, "json": _write_json}
