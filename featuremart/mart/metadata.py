"""The metadata tables of the mart: append-only, each with a view that tells the current state.

``mart_partitions``  one row per published partition of a table, written in the transaction that publishes it
``mart_runs``        one row per run, task and attempt, written after the task, ended well or not
``mart_profiles``    one row per feature of a published partition: counts, quantiles, frequent values
``mart_migrations``  what a person changed by ``mart migrate``, before and after it was done
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featuremart.mart import sql

if TYPE_CHECKING:
    from featuremart.config.settings import Environment
    from featuremart.mart.rest import Rest

PARTITIONS = "mart_partitions"
RUNS = "mart_runs"
PROFILES = "mart_profiles"
MIGRATIONS = "mart_migrations"

_FieldRow = tuple[str, str, str, str]


@dataclass(frozen=True)
class MetadataTable:
    """One append-only table.

    Parameters
    ----------
    name, description
        As BigQuery shows them.
    fields
        Name, type, mode, description.
    clustering
        What it is asked by.
    identity
        Columns whose newest row is the current one; none for a table without such a view.
    newest
        Column that orders the rows of one identity.
    """

    name: str
    description: str
    fields: tuple[_FieldRow, ...]
    clustering: tuple[str, ...]
    identity: tuple[str, ...] = ()
    newest: str = ""

    def resource(self, environment: Environment) -> dict[str, Any]:
        """Return it as a ``Table`` resource."""
        return {
            "tableReference": {
                "projectId": environment.gcp_project,
                "datasetId": environment.mart_dataset,
                "tableId": self.name,
            },
            "description": self.description,
            "schema": {
                "fields": [
                    {"name": name, "type": kind, "mode": mode, "description": text}
                    for name, kind, mode, text in self.fields
                ]
            },
            "clustering": {"fields": list(self.clustering)},
        }


_WHO: tuple[_FieldRow, ...] = (
    ("run", "STRING", "NULLABLE", "The run that did it"),
    ("attempt", "STRING", "NULLABLE", "The try of the task that did it"),
    ("revision", "STRING", "NULLABLE", "Git revision of the code, with -dirty where it was changed since"),
)
_WHICH: tuple[_FieldRow, ...] = (
    ("table_name", "STRING", "REQUIRED", "Table of the mart"),
    ("partition_day", "DATE", "NULLABLE", "Partition day; NULL for a snapshot"),
    ("fingerprint", "STRING", "REQUIRED", "Hash of the code, its configuration and its inputs"),
)

TABLES: tuple[MetadataTable, ...] = (
    MetadataTable(
        PARTITIONS,
        "What was published when: one row each time that a partition of a table was published. Append-only.",
        (
            *_WHICH,
            ("code_fingerprint", "STRING", "NULLABLE", "Hash of the code and its configuration alone"),
            ("doc_fingerprint", "STRING", "NULLABLE", "Hash of the texts"),
            ("row_count", "INT64", "REQUIRED", "Rows of the partition"),
            ("available_from", "TIMESTAMP", "NULLABLE", "Lowest available_at of its rows"),
            ("available_to", "TIMESTAMP", "NULLABLE", "Highest available_at of its rows"),
            ("manifest", "STRING", "NULLABLE", "Key of the manifest of what was published"),
            *_WHO,
            ("published_at", "TIMESTAMP", "REQUIRED", "When the transaction began"),
        ),
        ("table_name", "partition_day"),
        ("table_name", "partition_day"),
        "published_at",
    ),
    MetadataTable(
        RUNS,
        "What ran: one row per run, task and attempt, written after it ended, well or not. Append-only.",
        (
            ("run", "STRING", "REQUIRED", "One execution of a workflow"),
            ("workflow", "STRING", "NULLABLE", "The workflow"),
            ("task", "STRING", "REQUIRED", "Task of the workflow, or the step as it was typed"),
            ("attempt", "STRING", "REQUIRED", "One try of the task"),
            ("status", "STRING", "REQUIRED", "done, nothing to do, failed, transient or cancelled"),
            ("started_at", "TIMESTAMP", "REQUIRED", "When it began"),
            ("ended_at", "TIMESTAMP", "REQUIRED", "When it ended"),
            ("partitions", "STRING", "REPEATED", "Days it worked on, or snapshot"),
            (
                "revision",
                "STRING",
                "NULLABLE",
                "Git revision of the code, with -dirty where it was changed since",
            ),
            ("images", "STRING", "REPEATED", "Images it ran, with their digests"),
            ("inputs", "STRING", "REPEATED", "Manifests or tables it read"),
            ("outputs", "STRING", "REPEATED", "Manifests or tables it made"),
            ("row_count", "INT64", "NULLABLE", "Rows of its outputs"),
            ("cpu_seconds", "FLOAT64", "NULLABLE", "Processor time of its worker"),
            ("peak_memory", "INT64", "NULLABLE", "Highest memory of its worker, in bytes"),
            ("cost", "FLOAT64", "NULLABLE", "Estimate in US dollars"),
            ("message", "STRING", "NULLABLE", "Cause of a failure"),
            ("recorded_at", "TIMESTAMP", "REQUIRED", "When this row was written"),
        ),
        ("run", "task"),
        ("run", "task", "attempt"),
        "recorded_at",
    ),
    MetadataTable(
        PROFILES,
        "What the values of a feature look like, per published partition. Append-only.",
        (
            *_WHICH,
            ("feature", "STRING", "REQUIRED", "Column of the table"),
            ("value_count", "INT64", "NULLABLE", "Rows that have a value"),
            ("null_count", "INT64", "NULLABLE", "Rows that have none"),
            ("distinct_count", "INT64", "NULLABLE", "Different values"),
            ("mean", "FLOAT64", "NULLABLE", "Mean of the finite values"),
            ("profile", "JSON", "NULLABLE", "All of it: quantiles, histogram, most frequent values"),
            ("run", "STRING", "NULLABLE", "The run that published it"),
            ("recorded_at", "TIMESTAMP", "REQUIRED", "When this row was written"),
        ),
        ("table_name", "feature", "partition_day"),
        ("table_name", "partition_day", "fingerprint", "feature"),
        "recorded_at",
    ),
    MetadataTable(
        MIGRATIONS,
        "What a person changed by mart migrate: a row before and a row after. Append-only.",
        (
            ("migration", "STRING", "REQUIRED", "Its id"),
            ("table_name", "STRING", "REQUIRED", "Table of the mart"),
            ("action", "STRING", "REQUIRED", "drop, rename or retype"),
            ("column_name", "STRING", "REQUIRED", "The column"),
            ("detail", "STRING", "NULLABLE", "New name or type"),
            ("statement", "STRING", "REQUIRED", "What was sent to BigQuery"),
            ("status", "STRING", "REQUIRED", "begun, done or failed"),
            ("message", "STRING", "NULLABLE", "Cause of a failure"),
            ("who", "STRING", "NULLABLE", "Who confirmed it"),
            ("revision", "STRING", "NULLABLE", "Git revision of the code"),
            ("recorded_at", "TIMESTAMP", "REQUIRED", "When this row was written"),
        ),
        ("table_name",),
    ),
)


def full_name(environment: Environment, table: str) -> str:
    """Return the full name of a table of the mart, in backticks."""
    return sql.table_name(environment.gcp_project, environment.mart_dataset, table)


def definition(name: str) -> MetadataTable:
    """Return one of :data:`TABLES`."""
    return next(table for table in TABLES if table.name == name)


def ensure(rest: Rest) -> None:
    """Make the metadata tables and views that are missing, and add the columns that a newer version needs."""
    dataset = rest.environment.mart_dataset
    views = [f"{table.name}_current" for table in TABLES if table.identity]
    there = rest.infos(dataset, [*(table.name for table in TABLES), *views])
    for table in TABLES:
        found = there[table.name]
        resource = table.resource(rest.environment)
        changed = found is None
        if found is None:
            rest.create_table(dataset, resource)
        elif missing := {item[0] for item in table.fields} - {item.name for item in found.columns}:
            old = [item for item in resource["schema"]["fields"] if item["name"] not in missing]
            new = [
                {**item, "mode": "NULLABLE"}
                for item in resource["schema"]["fields"]
                if item["name"] in missing
            ]
            rest.patch_table(dataset, table.name, {"schema": {"fields": [*old, *new]}})
            changed = True
        if table.identity and (changed or there[f"{table.name}_current"] is None):
            rest.query(_view(rest.environment, table), what=f"view {table.name}_current")


def _view(environment: Environment, table: MetadataTable) -> str:
    text = sql.literal(f"The newest row of {table.name} for each {', '.join(table.identity)}")
    return (
        f"CREATE OR REPLACE VIEW {full_name(environment, f'{table.name}_current')} OPTIONS(description={text}) AS "
        f"SELECT * FROM {full_name(environment, table.name)} WHERE TRUE "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {', '.join(table.identity)} ORDER BY {table.newest} DESC) = 1"
    )
