"""The SQL of sources, judged by the real GoogleSQL analyser against the warehouse's schema, without BigQuery.

That it accepts a query does not prove that BigQuery does: it knows no quotas and no rights. What it refuses,
BigQuery would refuse at night.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.catalog.googlesql import Unfinished, tokens
from featuremart.catalog.warehouse import how_to_get
from featuremart.catalog.zetasql_service import Refused
from featuremart.errors import Problem, Where, did_you_mean
from featuremart.lake.columns import PARTITION_COLUMN, ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from featuremart.catalog.analyser import Analyser, OutputColumn
    from featuremart.catalog.googlesql import Token
    from featuremart.catalog.model import SourceSpec

DAY_PARAMETERS = {"first_day": ColumnType.DATE, "last_day": ColumnType.DATE}
"""What the query of a source with days may ask for."""

_TAB = 8
_MOST_SIGNATURES = 3


def sql_problems(sources: Iterable[SourceSpec], analyser: Analyser) -> list[Problem]:
    """Judge the queries of sources.

    Parameters
    ----------
    sources
        Sources whose headers are right.
    analyser
        With the schemas of the warehouse.

    Returns
    -------
    list of Problem
        What is wrong: a table without schema, what the analyser refuses (it names one fault a query, the first),
        and columns that are not as the header declares them.
    """
    return [problem for source in sources for problem in _problems(source, analyser)]


def _problems(source: SourceSpec, analyser: Analyser) -> Iterator[Problem]:
    try:
        words = tokens(source.sql)
    except Unfinished:
        return  # the source's own problem
    unknown = list(_unknown_tables(source, words, analyser))
    if unknown:
        yield from unknown
        return
    try:
        made = analyser.analyse(source.sql, {} if source.is_snapshot else DAY_PARAMETERS)
        read = {table for table in analyser.tables(source.sql) if "." in table}
    except Refused as error:
        yield _refused(source, error)
        return
    for table in sorted(read ^ set(source.tables_read)):
        message = f"the catalog and the analyser do not agree whether the query reads {table}"
        yield Problem(_at(source, words, table), message, "write it plainly: FROM dataset.table")
    yield from _nameless(source, made)
    yield from _compare(source, words, made)


def _at(source: SourceSpec, words: Sequence[Token], name: str) -> Where:
    """Return the place where a name first stands in a query, or where the query begins."""
    wanted = {name, name.rpartition(".")[2]}
    line = next((word.line for word in words if word.text.strip("`") in wanted), 1)
    return Where(source.where.file, source.sql_line + line - 1)


def _unknown_tables(source: SourceSpec, words: Sequence[Token], analyser: Analyser) -> Iterator[Problem]:
    for table in source.tables_read:
        where = _at(source, words, table)
        if table.count(".") != 1:
            message = f"{table}: a project belongs into mart.toml, where each environment names its own"
            yield Problem(where, message, f"write {'.'.join(table.split('.')[-2:])}")
        elif table not in analyser.schemas:
            hint = did_you_mean(table, analyser.schemas)
            near = f"{hint} Or fetch its schema: " if hint.startswith("did you mean") else "fetch it: "
            yield Problem(where, f"no schema of the table {table} is known", near + how_to_get(table))


def _refused(source: SourceSpec, error: Refused) -> Problem:
    """Turn the analyser's words, which may be a page, into one cause and what to write instead."""
    lines = [line.strip() for line in error.message.splitlines()]
    cause, _, near = lines[0].partition("; Did you mean ")
    arguments = [line for line in lines[1:] if line.startswith("Argument types:")]
    takes = [line.removeprefix("Signature: ") for line in lines[1:] if line.startswith("Signature: ")]
    instead = f"did you mean {near}" if near else ""
    if takes:
        more = f" and {len(takes) - _MOST_SIGNATURES} more" if len(takes) > _MOST_SIGNATURES else ""
        instead = f"it takes {', '.join(takes[:_MOST_SIGNATURES])}{more}"
    elif cause.startswith("Function not found") and not near:
        instead = "where BigQuery has it all the same, write it another way: it cannot be checked here"
    if arguments:
        cause = f"{cause} ({arguments[0].lower()})"
    where = Where(source.where.file, source.sql_line + max(error.line, 1) - 1)
    column = _column(source.sql, error)
    return Problem(where, f"column {column}: {cause}" if column else cause, instead)


def _column(sql: str, error: Refused) -> int:
    """Return the column as an editor counts it: the analyser lets a tab reach to the next multiple of eight."""
    if not error.line:
        return 0
    text = sql.split("\n")[error.line - 1] if error.line <= sql.count("\n") + 1 else ""
    reached = 1
    for at, character in enumerate(text, start=1):
        if reached >= error.column:
            return at
        reached += _TAB - (reached - 1) % _TAB if character == "\t" else 1
    return len(text) + 1


def _nameless(source: SourceSpec, made: Sequence[OutputColumn]) -> Iterator[Problem]:
    where = Where(source.where.file, source.sql_line)
    for position, column in enumerate(made, start=1):
        if not column.name:
            yield Problem(where, f"column {position} of the query has no name", "write ... AS name")
    names = [column.name for column in made if column.name]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(where, f"the query makes {name} twice", "name each column once")


def _compare(source: SourceSpec, words: Sequence[Token], made: Sequence[OutputColumn]) -> Iterator[Problem]:
    """Compare what the query makes with what the header declares."""
    types = {column.name: column.type for column in made if column.name}
    declared = {column.name: column for column in source.columns}
    extra = [name for name in types if name not in declared and name != PARTITION_COLUMN.name]
    for name in extra:
        type_ = types[name]
        fit = type_ in set(ColumnType)
        instead = f"declare {name}: {{type: {type_}, about: ...}}" if fit else "cast it, or leave it out"
        yield Problem(
            _at(source, words, name),
            f"the query makes {name} ({type_}), which columns does not list",
            instead,
        )
    for name, column in declared.items():
        where = Where(source.where.file, column.line)
        if name not in types:
            hint = did_you_mean(name, extra)
            instead = (
                hint if hint.startswith("did you mean") else "add it to the query, or take it out of columns"
            )
            yield Problem(where, f"{name} is declared, and the query does not make it", instead)
        elif types[name] != column.type:
            message = f"{name} is declared as {column.type}, and the query makes {types[name]}"
            yield Problem(
                where, message, f"write type: {types[name]}, or CAST(... AS {column.type}) AS {name}"
            )
    yield from _partition_day(source, words, types.get(PARTITION_COLUMN.name))
    order = [name for name in types if name in declared]
    if len(order) == len(declared) and not extra:
        yield from _order(source, order)


def _partition_day(source: SourceSpec, words: Sequence[Token], type_: str | None) -> Iterator[Problem]:
    where = _at(source, words, PARTITION_COLUMN.name)
    example = f"write DATE({source.event_time}, '{source.timezone}') AS partition_day"
    if source.is_snapshot:
        if type_ is not None:
            message = "a source without event_time has no days, and no partition_day"
            yield Problem(where, message, "leave it out, or write event_time: <column> in the header")
    elif type_ is None:
        yield Problem(
            where, "the query does not make partition_day, which says what day a row belongs to", example
        )
    elif type_ != PARTITION_COLUMN.type:
        yield Problem(where, f"partition_day is a DATE, and the query makes {type_}", example)


def _order(source: SourceSpec, made: Sequence[str]) -> Iterator[Problem]:
    for column, name in zip(source.columns, made, strict=True):
        if column.name != name:
            where = Where(source.where.file, column.line)
            message = f"columns lists {column.name} where the query makes {name}"
            yield Problem(where, message, "list the columns in the order of the query")
            return
