"""What staging tables hold, checked before anything of it reaches the mart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.errors import WorkFailed
from featuremart.lake.columns import AVAILABLE_AT, PARTITION_COLUMN
from featuremart.lake.days import Partition, partition_label
from featuremart.mart import sql

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from featuremart.mart.rest import Rest, TableInfo
    from featuremart.mart.table import MartTable

_MOST_EXAMPLES = 5


@dataclass(frozen=True)
class StagingTable:
    """A staging table and what is taken from it.

    Parameters
    ----------
    project, dataset, name
        Where it is.
    columns
        Names of its columns, in its order.
    partitions
        What is taken from it; (None,) for a snapshot, which is taken whole.
    """

    project: str
    dataset: str
    name: str
    columns: tuple[str, ...]
    partitions: tuple[Partition, ...]

    @property
    def full_name(self) -> str:
        """Its full name in backticks."""
        return sql.table_name(self.project, self.dataset, self.name)

    @property
    def where(self) -> str:
        """The condition of the rows that are taken."""
        days = [partition for partition in self.partitions if partition is not None]
        return sql.day_in(days) if days else "TRUE"


@dataclass(frozen=True)
class Holding:
    """What a staging table holds of one partition.

    Parameters
    ----------
    rows
        How many.
    available_from, available_to
        Lowest and highest ``available_at``; None without rows.
    """

    rows: int = 0
    available_from: dt.datetime | None = None
    available_to: dt.datetime | None = None


def find(rest: Rest, table: MartTable, partitions: Mapping[str, Sequence[Partition]]) -> list[StagingTable]:
    """Return the staging tables of a publication, compared with the mart table they are meant for.

    Parameters
    ----------
    rest
        BigQuery.
    table
        The mart table.
    partitions
        ``project.dataset.table`` of a staging table -> what is taken from it.

    Raises
    ------
    WorkFailed
        Where one is missing (it expired), or does not have the columns that the mart table needs.
    """
    found = []
    mart = rest.table(rest.environment.mart_dataset, table.name)
    for full_name, taken in partitions.items():
        project, dataset, name = full_name.split(".")
        info = rest.table(dataset, name)
        if info is None:
            raise WorkFailed(
                f"staging table {dataset}.{name} is not there: it expired or was never loaded",
                next_command=f"mart load {table.name}",
            )
        _compare(table, mart, info)
        columns = tuple(item.name for item in info.columns)
        found.append(StagingTable(project, dataset, name, columns, tuple(taken)))
    return found


def _compare(table: MartTable, mart: TableInfo | None, staging: TableInfo) -> None:
    """Refuse a staging table whose columns the mart has not, or which lacks one that every row needs."""
    types = {item.name: item.full_type for item in mart.columns} if mart else {}
    unknown = [item.name for item in staging.columns if types.get(item.name) != item.full_type]
    if unknown:
        raise WorkFailed(
            f"staging table {staging.name} does not fit {table.name}: the mart has no such column, "
            f"or one of another type: {', '.join(unknown[:_MOST_EXAMPLES])}",
            next_command=f"mart transform {table.name}, then load and publish it again",
        )
    needed = [AVAILABLE_AT.name, *table.keys, *([PARTITION_COLUMN.name] if table.partitioned else [])]
    missing = set(needed) - {item.name for item in staging.columns}
    if missing:
        raise WorkFailed(f"staging table {staging.name} lacks {', '.join(sorted(missing))}")


def holdings(rest: Rest, table: MartTable, staging: StagingTable) -> dict[Partition, Holding]:
    """Return what a staging table holds of each partition that is taken from it; absent where it has no row.

    Raises
    ------
    WorkFailed
        Where a key stands twice in a partition, with up to five of them.
    """
    by = _identity(table)
    available = sql.column(AVAILABLE_AT.name)
    per_key = (
        f"SELECT {by}, COUNT(*) AS held_rows, MIN({available}) AS held_from, MAX({available}) AS held_to "
        f"FROM {staging.full_name} WHERE {staging.where} GROUP BY {by}"
    )
    day = f"{sql.column(PARTITION_COLUMN.name)}, " if table.partitioned else ""
    statement = (
        f"SELECT {day}SUM(held_rows), COUNTIF(held_rows > 1), MIN(held_from), MAX(held_to) FROM ({per_key})"
        + (f" GROUP BY {day.rstrip(', ')}" if day else " HAVING COUNT(*) > 0")
    )
    rows = rest.query(statement, what=f"rows of {staging.dataset}.{staging.name}").rows
    found = [row if table.partitioned else (None, *row) for row in rows]
    if any(repeats for _, _, repeats, _, _ in found):
        raise WorkFailed(
            f"{table.name}: {', '.join(table.keys)} must name one row of a partition, and stands there more than "
            f"once: {_examples(rest, table, staging)}",
            next_command=f"mart transform {table.name}",
        )
    return {partition: Holding(count, first, last) for partition, count, _, first, last in found}


def _identity(table: MartTable) -> str:
    """Return the columns that name a row of the whole table."""
    day = (PARTITION_COLUMN.name,) if table.partitioned else ()
    return sql.columns(tuple(dict.fromkeys((*day, *table.keys))))


def _examples(rest: Rest, table: MartTable, staging: StagingTable) -> str:
    by = _identity(table)
    statement = (
        f"SELECT {by}, COUNT(*) AS held_rows FROM {staging.full_name} WHERE {staging.where} "
        f"GROUP BY {by} HAVING COUNT(*) > 1 ORDER BY {by} LIMIT {_MOST_EXAMPLES}"
    )
    page = rest.query(statement, what=f"keys of {staging.dataset}.{staging.name}")
    names = [item.name for item in page.fields]
    return "; ".join(
        f"{', '.join(f'{name}={value}' for name, value in zip(names, values, strict=False))} {count} times"
        for *values, count in page.rows
    )


def check_rows(
    table: str, expected: Iterable[tuple[Partition, int]], held: Mapping[Partition, Holding], *, min_rows: int
) -> None:
    """Compare what is held with what the manifests say. Pure.

    Parameters
    ----------
    table
        Named in the message.
    expected
        Partition, and the rows that its manifest says.
    held
        What the staging tables hold.
    min_rows
        Fewer rows a partition are refused.

    Raises
    ------
    WorkFailed
        Naming every partition that differs.
    """
    wrong = [
        f"{partition_label(partition)}: {held.get(partition, Holding()).rows} rows instead of {rows}"
        for partition, rows in expected
        if held.get(partition, Holding()).rows != rows
    ]
    few = [f"{partition_label(partition)}: {rows} rows" for partition, rows in expected if rows < min_rows]
    if wrong:
        raise WorkFailed(
            f"{table}: the staging table does not hold what the manifest says: {'; '.join(wrong[:_MOST_EXAMPLES])}",
            next_command=f"mart load {table}",
        )
    if few:
        raise WorkFailed(
            f"{table}: at least {min_rows} rows a partition are wanted: {'; '.join(few[:_MOST_EXAMPLES])}",
            next_command="look at the source, or lower min_rows of the table",
        )
