"""BigQuery over plain authorised REST, for the small questions.

Importing google-cloud-bigquery takes two seconds; a plan that finds nothing to do must be said sooner. Interface:
https://cloud.google.com/bigquery/docs/reference/rest
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from featuremart.errors import TransientError
from featuremart.mart import answers
from featuremart.mart.cells import Field, Parameter, read_fields, read_rows
from featuremart.mart.transport import CALLERS, Transport

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from featuremart.config.settings import Environment

_PAGE = 10_000
_WAIT_MILLISECONDS = 10_000
"""How long BigQuery holds an answer back for a query that is not done yet."""


@dataclass(frozen=True)
class TableInfo:
    """What BigQuery says about one table or view.

    Parameters
    ----------
    name
        Without project and dataset.
    kind
        ``TABLE``, ``VIEW`` or another of BigQuery's words.
    columns
        In order.
    rows
        Rows it holds; of a table that is written by load jobs alone it is exact at once.
    last_modified
        When its data or description last changed; None where that tells nothing, as for a view.
    expires
        When BigQuery drops it; None for never.
    description, labels
        As stored.
    clustering
        Columns it is clustered by.
    partition_column
        Column it is partitioned on by day; None for a table without partitions.
    """

    name: str
    kind: str
    columns: tuple[Field, ...]
    rows: int
    last_modified: dt.datetime | None
    expires: dt.datetime | None = None
    description: str = ""
    labels: Mapping[str, str] | None = None
    clustering: tuple[str, ...] = ()
    partition_column: str | None = None


def table_info(resource: Mapping[str, Any]) -> TableInfo:
    """Read a ``Table`` resource."""
    kind = resource.get("type", "TABLE")
    return TableInfo(
        name=resource["tableReference"]["tableId"],
        kind=kind,
        columns=read_fields(resource.get("schema", {})),
        rows=int(resource.get("numRows") or 0),
        last_modified=_instant(resource.get("lastModifiedTime")) if kind == "TABLE" else None,
        expires=_instant(resource.get("expirationTime")),
        description=resource.get("description") or "",
        labels=dict(resource.get("labels") or {}),
        clustering=tuple(resource.get("clustering", {}).get("fields", ())),
        partition_column=resource.get("timePartitioning", {}).get("field"),
    )


def _instant(milliseconds: str | int | None) -> dt.datetime | None:
    if milliseconds is None:
        return None
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=int(milliseconds))


@dataclass(frozen=True)
class Page:
    """Some rows of a result, in order.

    Parameters
    ----------
    fields
        The columns.
    rows
        Tuples of Python values.
    total_rows
        Of the whole result.
    job
        Id of the query job.
    bytes_processed
        What the query read.
    """

    fields: tuple[Field, ...]
    rows: list[tuple[Any, ...]]
    total_rows: int
    job: str
    bytes_processed: int

    def dicts(self) -> list[dict[str, Any]]:
        """Return the rows as dicts."""
        names = [item.name for item in self.fields]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Estimate:
    """What BigQuery says of a query without running it.

    Parameters
    ----------
    statement_type
        ``SELECT``, ``INSERT`` and so on.
    bytes_processed
        Upper bound of what it would read.
    """

    statement_type: str
    bytes_processed: int


class Rest:
    """BigQuery as one environment reaches it.

    Parameters
    ----------
    environment
        Names the endpoint, project, location and limit. Where it names no endpoint, Google's own is called with
        the default credentials.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._transport = Transport(environment)

    def table(self, dataset: str, name: str) -> TableInfo | None:
        """Return what BigQuery says about a table, None where there is none."""
        try:
            return table_info(
                self._get(f"datasets/{quote(dataset)}/tables/{quote(name)}", what=f"{dataset}.{name}")
            )
        except answers.NotThere:
            return None

    def tables(self, dataset: str) -> list[str]:
        """Return the names of a dataset's tables and views; none where the dataset is missing."""
        names: list[str] = []
        query: dict[str, str] = {"maxResults": str(_PAGE)}
        while True:
            try:
                page = self._get(f"datasets/{quote(dataset)}/tables", query, what=f"tables of {dataset}")
            except answers.NotThere:
                return []
            names += [item["tableReference"]["tableId"] for item in page.get("tables", ())]
            if not page.get("nextPageToken"):
                return names
            query["pageToken"] = page["nextPageToken"]

    def infos(self, dataset: str, names: Sequence[str]) -> dict[str, TableInfo | None]:
        """Return what BigQuery says about several tables, asked at once."""
        if not names:
            return {}
        with ThreadPoolExecutor(min(CALLERS, len(names)), thread_name_prefix="bigquery") as pool:
            return dict(zip(names, pool.map(lambda name: self.table(dataset, name), names), strict=True))

    def last_modified(self, names: Sequence[str]) -> dict[str, str | None]:
        """Return when the data of tables last changed.

        Parameters
        ----------
        names
            ``dataset.table``.

        Returns
        -------
        dict
            Name -> ISO instant; None for a view, whose time tells nothing about what it reads.

        Raises
        ------
        NotThere
            Where a table is missing.
        """
        if not names:
            return {}
        with ThreadPoolExecutor(min(CALLERS, len(names)), thread_name_prefix="bigquery") as pool:
            return dict(zip(names, pool.map(self._last_modified, names), strict=True))

    def _last_modified(self, full_name: str) -> str | None:
        dataset, _, name = full_name.rpartition(".")
        info = self.table(dataset, name)
        if info is None:
            raise answers.NotThere(f"table {full_name} is not in project {self.environment.gcp_project}")
        return info.last_modified.isoformat() if info.last_modified else None

    def create_table(self, dataset: str, resource: Mapping[str, Any]) -> bool:
        """Create a table or view.

        Parameters
        ----------
        dataset
            Where.
        resource
            A ``Table`` resource.

        Returns
        -------
        bool
            False where it was there.
        """
        name = resource["tableReference"]["tableId"]
        what = f"create {dataset}.{name}"
        return (
            self._transport.call(
                "POST", f"datasets/{quote(dataset)}/tables", body=resource, what=what, present=409
            )
            is not None
        )

    def patch_table(self, dataset: str, name: str, resource: Mapping[str, Any]) -> None:
        """Change a table's description: the keys of a ``Table`` resource that are given."""
        path = f"datasets/{quote(dataset)}/tables/{quote(name)}"
        self._transport.call("PATCH", path, body=resource, what=f"change {dataset}.{name}")

    def query(self, sql: str, parameters: Sequence[Parameter] = (), *, what: str = "query") -> Page:
        """Run one statement and return all of its rows.

        Parameters
        ----------
        sql
            A statement; a script takes no parameters.
        parameters
            Its named parameters.
        what
            What it is for, named in messages.
        """
        first, *more = self.pages(sql, parameters, what=what)
        rows = [*first.rows, *(row for page in more for row in page.rows)]
        return Page(first.fields, rows, first.total_rows, first.job, first.bytes_processed)

    def pages(
        self,
        sql: str,
        parameters: Sequence[Parameter] = (),
        *,
        what: str = "query",
        limit_bytes: int | None = None,
        deadline: float = 600,
    ) -> Iterator[Page]:
        """Run one statement and yield its rows by pages, at least one.

        Parameters
        ----------
        sql, parameters, what
            As in :meth:`query`.
        limit_bytes
            BigQuery refuses the query where it would bill more; the environment's limit where not given.
        deadline
            Seconds after which it is cancelled.
        """
        answer = self._run(sql, parameters, what=what, limit_bytes=limit_bytes, deadline=deadline)
        fields = read_fields(answer.get("schema", {}))
        job = answer["jobReference"]["jobId"]
        total, processed = int(answer.get("totalRows") or 0), int(answer.get("totalBytesProcessed") or 0)
        while True:
            yield Page(fields, read_rows(fields, answer.get("rows", ())), total, job, processed)
            if not answer.get("pageToken"):
                return
            answer = self._results(job, what=what, pageToken=answer["pageToken"])

    def dry_run(self, sql: str) -> Estimate:
        """Let BigQuery check a query without running it.

        Raises
        ------
        QueryRefused
            Where it is wrong, with BigQuery's own message.
        """
        body = {"configuration": {"dryRun": True, "query": {"query": sql, "useLegacySql": False}}}
        body["jobReference"] = {"location": self.environment.gcp_location}
        statistics = self._transport.call("POST", "jobs", body=body, what="query")["statistics"]
        query = statistics.get("query", {})
        return Estimate(query.get("statementType", ""), int(query.get("totalBytesProcessed") or 0))

    def destination(self, job: str) -> str:
        """Return the table that BigQuery keeps a query's result in for a day, as the Storage API names it."""
        found = self._get(f"jobs/{job}", self._place, what="query")["configuration"]["query"][
            "destinationTable"
        ]
        return f"projects/{found['projectId']}/datasets/{found['datasetId']}/tables/{found['tableId']}"

    def _run(
        self,
        sql: str,
        parameters: Sequence[Parameter],
        *,
        what: str,
        limit_bytes: int | None,
        deadline: float,
    ) -> dict[str, Any]:
        ends = time.monotonic() + deadline
        body: dict[str, Any] = {
            "query": sql,
            "useLegacySql": False,
            "location": self.environment.gcp_location,
            "maximumBytesBilled": str(limit_bytes or self.environment.max_bytes_billed),
            "maxResults": _PAGE,
            "timeoutMs": _WAIT_MILLISECONDS,
            "formatOptions": {"useInt64Timestamp": True},
            # one id for all tries of this call: BigQuery runs the statement once
            "requestId": uuid.uuid4().hex,
        }
        if parameters:
            body |= {"parameterMode": "NAMED", "queryParameters": [item.to_api() for item in parameters]}
        answer: dict[str, Any] = self._transport.call("POST", "queries", body=body, what=what)
        job = answer["jobReference"]["jobId"]
        while not answer.get("jobComplete"):
            if time.monotonic() > ends:
                self._transport.call("POST", f"jobs/{job}/cancel", query=self._place, what=what)
                raise TransientError(f"{what}: not done after {deadline:.0f} s, and cancelled")
            answer = self._results(job, what=what, timeoutMs=str(_WAIT_MILLISECONDS))
        return answer

    def _results(self, job: str, *, what: str, **query: str) -> dict[str, Any]:
        options = {
            "maxResults": str(_PAGE),
            "formatOptions.useInt64Timestamp": "true",
            **self._place,
            **query,
        }
        return self._get(f"queries/{job}", options, what=what)

    @property
    def _place(self) -> dict[str, str]:
        return {"location": self.environment.gcp_location}

    def _get(self, path: str, query: Mapping[str, str] | None = None, *, what: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._transport.call("GET", path, query=query, what=what)
        return answer
