"""Render the configuration of one Embulk run: plain YAML, the same text for the same arguments.

It names endpoints only where the environment has servers of its own, and never a credential: the process that
runs Embulk has its own.
"""

from __future__ import annotations

import hashlib
import io
import re
from typing import TYPE_CHECKING, Any

from featuremart.lake.columns import PARTITION_COLUMN

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from featuremart.config.settings import Environment
    from featuremart.lake.columns import Column
    from featuremart.lake.manifest import DataObject

TEMPORARY_HOURS = 6
"""The table that an extraction reads from expires after this, should its process be killed."""
MAX_STREAMS = 4
"""A large query result is read by up to this many streams side by side."""
_WIDTH = 4096
"""Nothing is folded: a list shows one element a line."""


def extract(
    *,
    sql: str,
    columns: Sequence[Column],
    partitions: Mapping[str, str],
    first_day: dt.date | None,
    last_day: dt.date | None,
    report_key: str,
    environment: Environment,
) -> str:
    """Render the run that moves a source's rows to S3.

    Parameters
    ----------
    sql
        The source's query; may use the DATE parameters ``@first_day`` and ``@last_day``.
    columns
        Its columns in order, without ``partition_day``.
    partitions
        Label of a partition -> key prefix of its objects, with a slash at its end. A snapshot has one label.
    first_day, last_day
        Partition days, both included; None for a snapshot.
    report_key
        Where the report is written, last.
    environment
        Where it runs.

    Returns
    -------
    str
        YAML.
    """
    days = {} if first_day is None or last_day is None else {"first_day": first_day, "last_day": last_day}
    every = [*columns, PARTITION_COLUMN] if days else list(columns)
    declared = _columns(every)
    source: dict[str, Any] = {
        "type": "bigquery",
        **_bigquery(environment, "extract", report_key),
        "max_bytes_billed": environment.max_bytes_billed,
        "max_streams": MAX_STREAMS,
        "temporary_dataset": environment.staging_dataset,
        "expires_hours": TEMPORARY_HOURS,
    }
    if days:
        source["cluster_by"] = PARTITION_COLUMN.name
        source["parameters"] = {name: day.isoformat() for name, day in days.items()}
    source["query"] = _block(_query(sql, every, by_day=bool(days)))
    source["columns"] = declared
    target: dict[str, Any] = {"type": "s3", "bucket": environment.bucket}
    if days:
        target["partition_column"] = PARTITION_COLUMN.name
    target["partitions"] = dict(partitions)
    target["columns"] = declared
    return _document(source, target, report_key, environment)


def load(
    *,
    objects: Iterable[tuple[str, DataObject]],
    columns: Sequence[Column],
    staging_table: str,
    expires_hours: int,
    report_key: str,
    environment: Environment,
) -> str:
    """Render the run that moves feature objects into a staging table.

    Parameters
    ----------
    objects
        ``(label of the partition, object)`` in the order they are read.
    columns
        Columns of the objects and of the table, in order.
    staging_table
        The table's name within the staging dataset; no two attempts may share one.
    expires_hours
        The table expires after this.
    report_key
        Where the report is written, last.
    environment
        Where it runs.

    Returns
    -------
    str
        YAML.
    """
    declared = _columns(columns)
    source = {
        "type": "s3",
        "bucket": environment.bucket,
        "objects": _flow({"partition": label, **item.model_dump()} for label, item in objects),
        "columns": declared,
    }
    target = {
        "type": "bigquery",
        **_bigquery(environment, "load", report_key),
        "dataset": environment.staging_dataset,
        "table": staging_table,
        "expires_hours": expires_hours,
        "columns": declared,
    }
    return _document(source, target, report_key, environment)


def _bigquery(environment: Environment, step: str, report_key: str) -> dict[str, Any]:
    """Return how BigQuery is reached. The report's key names the attempt, and with it the job."""
    attempt = hashlib.sha256(f"s3://{environment.bucket}/{report_key}".encode()).hexdigest()[:24]
    given: dict[str, Any] = {
        "project": environment.gcp_project,
        "location": environment.gcp_location,
        "endpoint": environment.endpoints.bigquery,
        "storage_endpoint": environment.endpoints.bigquery_storage,
        "job": f"featuremart_{step}_{attempt}",
        "labels": {"featuremart_step": step, "featuremart_environment": _label(environment.name)},
    }
    return {name: value for name, value in given.items() if value is not None}


def _label(text: str) -> str:
    """Return a text as BigQuery lets the value of a label be."""
    return re.sub(r"[^a-z0-9_-]", "_", text.lower())[:63]


def _query(sql: str, columns: Sequence[Column], *, by_day: bool) -> str:
    """Wrap a source's query so that it gives the declared columns, of the days asked for, and nothing else."""
    names = ",\n".join(f"  `{column.name}`" for column in columns)
    inner = sql.replace("\r\n", "\n").strip().removesuffix(";")
    where = f"\nWHERE `{PARTITION_COLUMN.name}` BETWEEN @first_day AND @last_day" if by_day else ""
    return f"SELECT\n{names}\nFROM (\n{inner}\n){where}\n"


def _columns(columns: Sequence[Column]) -> Any:
    """Return the columns as YAML, written once and named where they stand again."""
    rows = _flow(
        {"name": column.name, "type": str(column.type), "required": column.required} for column in columns
    )
    rows.yaml_set_anchor("columns")
    return rows


def _flow(rows: Iterable[Mapping[str, Any]]) -> Any:
    """Return a list that stands one element a line."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    sequence = CommentedSeq()
    for row in rows:
        element = CommentedMap(row)
        element.fa.set_flow_style()
        sequence.append(element)
    return sequence


def _block(text: str) -> Any:
    from ruamel.yaml.scalarstring import LiteralScalarString

    return LiteralScalarString(text)


def _document(source: Any, target: Any, report_key: str, environment: Environment) -> str:
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.width = _WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = io.StringIO()
    yaml.dump(
        {
            "exec": {"max_threads": MAX_STREAMS, "min_output_tasks": 1},
            "in": source,
            "out": target,
            "report": f"s3://{environment.bucket}/{report_key}",
        },
        text,
    )
    return text.getvalue()
