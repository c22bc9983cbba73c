"""One row that every transaction on a table changes, so that BigQuery never commits two of them side by side.

BigQuery cancels a transaction where another one changed the same rows meanwhile. Two transactions that both
find a partition empty change no row in common: both would insert it, and it would be there twice. So each first
updates the one row of the table's own small table ``mart_lock__<table>``. One such table for all would make
transactions on different tables cancel each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.mart import sql
from featuremart.mart.metadata import full_name

if TYPE_CHECKING:
    from featuremart.config.settings import Environment
    from featuremart.mart.rest import Rest

PREFIX = "mart_lock__"


def statement(environment: Environment, table: str, attempt: str) -> str:
    """Return the statement that a transaction on a table begins with."""
    return f"UPDATE {_name(environment, table)} SET holder = {sql.literal(attempt)}, taken_at = CURRENT_TIMESTAMP() WHERE TRUE"


def held(environment: Environment, table: str, attempt: str) -> str:
    """Return the condition that the statement before it found its row."""
    return f"EXISTS (SELECT 1 FROM {_name(environment, table)} WHERE holder = {sql.literal(attempt)})"


def make(rest: Rest, table: str) -> None:
    """Make a table's lock where it is missing; two processes may do so at once."""
    environment = rest.environment
    reference = {
        "projectId": environment.gcp_project,
        "datasetId": environment.mart_dataset,
        "tableId": PREFIX + table,
    }
    rest.create_table(
        environment.mart_dataset,
        {
            "tableReference": reference,
            "description": f"Keeps transactions on {table} apart: each updates its row. Holds no data.",
            "schema": {
                "fields": [{"name": "holder", "type": "STRING"}, {"name": "taken_at", "type": "TIMESTAMP"}]
            },
        },
    )
    name = _name(environment, table)
    insert = (
        f"INSERT INTO {name} (holder) SELECT 'nobody' FROM (SELECT 1) WHERE NOT EXISTS (SELECT 1 FROM {name})"
    )
    rest.query(insert, what=f"lock of {table}")


def _name(environment: Environment, table: str) -> str:
    return full_name(environment, PREFIX + table)
