"""Jobs that run once, whatever happens between asking for them and hearing that they are done.

The id of a job follows from what it does. An answer that is lost, a process that is killed while it waits, a
second process with the same work: each finds the job under its id and waits for it. The id of a failed job can
never be used again, so it ends with a generation, which is raised only after the job of the one before was seen
to be done and failed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from featuremart.errors import TransientError, WorkFailed
from featuremart.mart.answers import translated
from featuremart.mart.table import label_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.cloud.bigquery import Client, QueryJobConfig
    from google.cloud.bigquery.job import QueryJob

_CALL_SECONDS = 60.0
_APPEARS_WITHIN = 30.0
_MOST_GENERATIONS = 50


def run_once(
    client: Client,
    sql: str,
    *,
    name: str,
    what: str,
    max_bytes_billed: int,
    labels: Mapping[str, str],
    deadline: float = 1800.0,
) -> QueryJob:
    """Run a statement or script, or wait for the job that runs it already.

    Parameters
    ----------
    client
        BigQuery's client.
    sql
        The statement or script.
    name
        Follows from what the job does, and names it: letters, digits, ``_`` and ``-``, at most 1,000.
    what
        What it is for, named in messages.
    max_bytes_billed
        BigQuery refuses the job where it would bill more.
    labels
        Who pays, and for what.
    deadline
        Seconds after which the job is cancelled.

    Returns
    -------
    QueryJob
        Done, without an error.

    Raises
    ------
    TransientError
        Where BigQuery was not there, or cancelled the job for another one.
    WorkFailed
        Where the job failed for good.
    """
    for generation in range(_MOST_GENERATIONS):
        job_id = f"{name}_g{generation}"
        job = _find(client, job_id, what=what)
        if job is None:
            config = _config(max_bytes_billed, labels)
            submitted = _submit(client, sql, job_id, config, what=what)
            if submitted is not None:
                return _wait(submitted, what=what, deadline=deadline)
            job = _appeared(client, job_id, what=what)
        if not (job.state == "DONE" and job.error_result):
            return _wait(job, what=what, deadline=deadline)
    raise TransientError(f"{what}: it failed {_MOST_GENERATIONS} times", next_command="mart runs")


def _config(max_bytes_billed: int, labels: Mapping[str, str]) -> QueryJobConfig:
    from google.cloud.bigquery import QueryJobConfig

    return QueryJobConfig(
        use_legacy_sql=False,
        maximum_bytes_billed=max_bytes_billed,
        labels={key: label_value(value) for key, value in labels.items()},
    )


def _submit(client: Client, sql: str, job_id: str, config: QueryJobConfig, *, what: str) -> QueryJob | None:
    """Ask for the job; None where one of this id is there already, ours with a lost answer or another's."""
    from google.api_core.exceptions import Conflict
    from google.cloud.bigquery import DEFAULT_RETRY

    with translated(what):
        try:
            return client.query(
                sql,
                job_config=config,
                job_id=job_id,
                retry=DEFAULT_RETRY.with_timeout(_CALL_SECONDS),
                # a job with an id of our own cannot be asked for again by the library
                job_retry=None,
                timeout=_CALL_SECONDS,
            )
        except Conflict:
            return None


def _find(client: Client, job_id: str, *, what: str) -> QueryJob | None:
    from google.api_core.exceptions import NotFound
    from google.cloud.bigquery import DEFAULT_RETRY, QueryJob

    with translated(what):
        try:
            job = client.get_job(
                job_id, retry=DEFAULT_RETRY.with_timeout(_CALL_SECONDS), timeout=_CALL_SECONDS
            )
        except NotFound:
            return None
    if not isinstance(job, QueryJob):
        raise WorkFailed(f"{what}: job {job_id} is no query")
    return job


def _appeared(client: Client, job_id: str, *, what: str) -> QueryJob:
    """Return a job that BigQuery said is there; for a moment it may yet say that it is not."""
    deadline = time.monotonic() + _APPEARS_WITHIN
    pause = 0.05
    while (job := _find(client, job_id, what=what)) is None:
        if time.monotonic() > deadline:
            raise TransientError(f"{what}: BigQuery has a job {job_id} and does not show it")
        time.sleep(pause)
        pause = min(pause * 2, 2.0)
    return job


def _wait(job: QueryJob, *, what: str, deadline: float) -> QueryJob:
    from concurrent.futures import TimeoutError as NotInTime

    from google.cloud.bigquery import DEFAULT_RETRY

    retry = DEFAULT_RETRY.with_timeout(_CALL_SECONDS)
    with translated(what):
        try:
            job.result(retry=retry, job_retry=None, timeout=deadline)
        except NotInTime:
            job.cancel(retry=retry, timeout=_CALL_SECONDS)
            raise TransientError(f"{what}: not done after {deadline:.0f} s, and cancelled") from None
    return job
