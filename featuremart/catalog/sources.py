"""Sources: ``embulk/sources/<name>.sql``, a query on the warehouse.

Its header says what it means, to whom it belongs and how its days follow from it:

.. code-block:: sql

    /*
    what: Flights that left a New York airport, one row a flight.
    owner: flight-data@example.com
    event_time: scheduled_departure
    timezone: America/New_York
    first_day: 2013-01-01
    columns:
      flight_id: {type: STRING, required: true, about: "carrier, number, origin and day"}
      scheduled_departure: {type: TIMESTAMP, required: true, about: when it was to leave}
      arr_delay: {type: FLOAT64, about: minutes late at the gate, known_at: landed_at}
    */
    SELECT ..., DATE(scheduled_departure, 'America/New_York') AS partition_day
    FROM warehouse.flights

A snapshot source has neither ``event_time`` nor ``timezone`` nor ``first_day``, and no ``partition_day``.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from featuremart.catalog.findings import Findings
from featuremart.catalog.googlesql import Unfinished, normalised, tables_read, tokens
from featuremart.catalog.names import name_problem
from featuremart.catalog.source_header import KEYS, declared
from featuremart.catalog.yaml_header import NotYaml, read_header
from featuremart.errors import Problem, Where

if TYPE_CHECKING:
    from pathlib import Path

    from featuremart.catalog.model import SourceSpec

FOLDER = "embulk/sources"
_HEADER = re.compile(r"\s*/\*(.*?)\*/", re.DOTALL)
_EXAMPLE = "begin the file with /* and a header: " + ", ".join(f"{key}: ..." for key in KEYS)


def load_sources(root: Path) -> tuple[dict[str, SourceSpec], list[Problem]]:
    """Read all sources of a repository.

    Parameters
    ----------
    root
        The repository's root.

    Returns
    -------
    tuple
        Sources by name, in order of names, and everything that is wrong with them. A source whose columns
        cannot be trusted is left out; one with another fault is among them, so that its tables can be judged.
    """
    sources: dict[str, SourceSpec] = {}
    problems: list[Problem] = []
    for path in sorted((root / FOLDER).glob("*.sql")):
        file = path.relative_to(root).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems.append(Problem(Where(file), f"cannot be read: {error}", "save it as UTF-8 text"))
            continue
        source, found = parse_source(path.stem, text, file=file)
        problems += found
        if source is not None:
            sources[source.name] = source
    return sources, problems


def parse_source(name: str, text: str, *, file: str) -> tuple[SourceSpec | None, list[Problem]]:
    """Read one source.

    Parameters
    ----------
    name
        Its name: the file's without ``.sql``.
    text
        The file's content.
    file
        The file's path, for problems.

    Returns
    -------
    tuple
        The source, None where its columns cannot be trusted; and everything that is wrong with it.
    """
    findings = Findings(file)
    about_name = name_problem(name, what="a source")
    if about_name:
        findings.add(0, *about_name)
    match = _HEADER.match(text)
    if match is None:
        findings.add(1, "the file has no header", _EXAMPLE)
        return None, findings.problems
    try:
        header = read_header(match[1], findings, first_line=1 + text.count("\n", 0, match.start(1)))
    except NotYaml as error:
        return None, [*findings.problems, error.problem]
    sql = text[match.end() :].strip()
    sql_line = 1 + text.count("\n", 0, text.index(sql, match.end()))
    read = _tables_read(sql, findings, first_line=sql_line)
    source = declared(name, header, findings, sql=sql, sql_line=sql_line, tables_read=read)
    return source, findings.problems


def _tables_read(sql: str, findings: Findings, *, first_line: int) -> tuple[str, ...]:
    """Return the tables that a query reads; find what makes it unfit to be wrapped into another one."""
    try:
        words = tokens(sql)
    except Unfinished as error:
        findings.add(first_line + error.line - 1, str(error), "end it")
        return ()
    if not words:
        findings.add(first_line, "no query follows the header", "write SELECT ... FROM dataset.table")
    for word in words:
        if word.text == ";":
            message = "the extraction wraps the query of a source into another one: it holds no semicolon"
            findings.add(first_line + word.line - 1, message, "leave the semicolon out")
    return tables_read(words)


def source_fingerprint(source: SourceSpec) -> str:
    """Return the fingerprint of a source's code: what decides the values that it extracts, but for the data.

    Comments, white space and the case of reserved words of its SQL do not count, nor do its texts, its owner and
    its ``refresh`` rule, which says when to extract again but not what.

    Parameters
    ----------
    source
        A source without problems.

    Returns
    -------
    str
        64 hexadecimal digits, the same on every machine.
    """
    columns = [
        [column.name, column.type, column.required, column.known.at, column.known.delay.total_seconds()]
        for column in source.columns
    ]
    document = {
        "format": 1,
        "sql": normalised(tokens(source.sql)),
        "columns": columns,
        "event_time": source.event_time,
        "timezone": source.timezone,
        "first_day": source.first_day and source.first_day.isoformat(),
        "min_rows": source.min_rows,
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
