"""The schema that a warehouse table has now, asked of BigQuery."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from featuremart.catalog.warehouse import TableSchema, how_to_get, parse_schema
from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    from featuremart.mart.rest import Rest


def live_schema(rest: Rest, table: str) -> TableSchema:
    """Return the columns of a warehouse table as BigQuery has them now.

    Parameters
    ----------
    rest
        BigQuery.
    table
        ``dataset.table``.

    Raises
    ------
    WorkFailed
        Where there is no such table.
    """
    dataset, _, name = table.partition(".")
    found = rest.table(dataset, name)
    if found is None:
        project = rest.environment.gcp_project
        raise WorkFailed(f"there is no table {table} in project {project}", next_command=how_to_get(table))
    return parse_schema([asdict(column) for column in found.columns])
