"""A job runs once, whatever happens between asking for it and hearing of its end.

The emulator answers a job id that it knows by running it again, so these rules are held against a small job store
that keeps BigQuery's: an id is taken for ever, an answer may be lost, a job may be hidden for a moment.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from featuremart.errors import TransientError, WorkFailed
from featuremart.mart.answers import Conflict, QueryRefused
from featuremart.mart.jobs import run_once

ABORTED = {
    "reason": "invalidQuery",
    "message": "Transaction is aborted due to concurrent update against table mart.t",
}
BACKEND = {
    "reason": "backendError",
    "message": "Error encountered during execution. Retrying may solve the problem.",
}
WRONG = {"reason": "invalidQuery", "message": "Unrecognized name: nope at [1:8]"}


class JobStore(ThreadingHTTPServer):
    """BigQuery's jobs: what was run, and what shall go wrong next.

    ``outcomes`` holds the error of each job that will be run, None for one that ends well. ``faults`` holds what
    happens to each insert: ``lost`` runs the job and answers nothing, ``unavailable`` answers 503 and runs nothing,
    ``raced`` lets somebody else insert the same id first. ``hidden`` is how often a job that is there is denied,
    ``running`` how often it is said to be not done yet.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.jobs = {}
        self.ran = []
        self.bodies = []
        self.outcomes = deque()
        self.faults = deque()
        self.hidden = 0
        self.running = 0
        self.cancelled = []

    def insert(self, body):
        job_id = body["jobReference"]["jobId"]
        if job_id in self.jobs:
            return False
        error = self.outcomes.popleft() if self.outcomes else None
        status = {"state": "DONE", **({"errorResult": error, "errors": [error]} if error else {})}
        self.jobs[job_id] = {
            "jobReference": {"projectId": "p", "jobId": job_id, "location": "US"},
            "configuration": body["configuration"],
            "status": status,
            "statistics": {"query": {"statementType": "SCRIPT"}},
        }
        self.ran.append(job_id)
        return True


class Handler(BaseHTTPRequestHandler):
    """The three calls that a query job needs."""

    def log_message(self, *_):
        """Say nothing."""

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def refuse(self, status, reason):
        self.answer(
            status,
            {"error": {"code": status, "message": reason, "errors": [{"reason": reason, "message": reason}]}},
        )

    def do_POST(self):
        store = self.server
        if self.path.split("?")[0].endswith("/cancel"):
            job_id = self.path.split("/")[-2]
            store.cancelled.append(job_id)
            return self.answer(200, {"job": store.jobs[job_id]})
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        store.bodies.append(body)
        fault = store.faults.popleft() if store.faults else None
        if fault == "unavailable":
            return self.refuse(503, "backendError")
        if fault == "raced":
            store.insert(body)
        if not store.insert(body):
            return self.refuse(409, "duplicate")
        if fault == "lost":
            self.close_connection = True
            return None
        return self.answer(200, store.jobs[body["jobReference"]["jobId"]])

    def do_GET(self):
        store = self.server
        job = store.jobs.get(self.path.split("?")[0].rsplit("/", 1)[1])
        if job is None:
            return self.refuse(404, "notFound")
        if store.hidden:
            store.hidden -= 1
            return self.refuse(404, "notFound")
        if store.running:
            store.running -= 1
            return self.answer(200, {**job, "status": {"state": "RUNNING"}, "jobComplete": False})
        if "/queries/" in self.path:
            if error := job["status"].get("errorResult"):
                return self.refuse(400, error["reason"])
            return self.answer(
                200, {"jobReference": job["jobReference"], "jobComplete": True, "totalRows": "0"}
            )
        return self.answer(200, job)


@pytest.fixture
def store():
    server = JobStore()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(store):
    options = ClientOptions(api_endpoint=f"http://127.0.0.1:{store.server_port}")
    with bigquery.Client("p", AnonymousCredentials(), client_options=options, location="US") as client:
        yield lambda **options: run_once(
            client,
            "SELECT 1",
            name="job",
            what="publish",
            max_bytes_billed=5,
            labels={"run": "Run 1"},
            **options,
        )


def test_it_runs_with_its_limit_and_labels(store, run):
    run()

    assert store.ran == ["job_g0"]
    configuration = store.bodies[0]["configuration"]
    assert configuration["query"]["maximumBytesBilled"] == "5"
    assert configuration["labels"] == {"run": "run_1"}


def test_a_second_time_finds_the_first(store, run):
    run()
    run()

    assert store.ran == ["job_g0"]


@pytest.mark.parametrize("fault", ["lost", "raced", "unavailable"])
def test_an_answer_that_is_lost_or_late_starts_no_second_job(store, run, fault):
    store.faults.append(fault)

    run()

    assert store.ran == ["job_g0"]


def test_a_job_that_is_denied_after_it_was_said_to_be_there_is_waited_for(store, run):
    store.faults.append("raced")
    store.hidden = 3

    run()

    assert (store.ran, store.hidden) == (["job_g0"], 0)


def test_a_job_that_somebody_else_began_is_waited_for(store, run):
    run()
    store.running = 3

    run()

    assert (store.ran, store.running) == (["job_g0"], 0)


def test_a_job_that_takes_too_long_is_cancelled(store, run):
    run()
    store.running = 1000

    with pytest.raises(TransientError, match="not done after 0 s, and cancelled"):
        run(deadline=0.3)

    assert store.cancelled == ["job_g0"]


@pytest.mark.parametrize(
    ("outcome", "error"), [(BACKEND, TransientError), (ABORTED, Conflict), (WRONG, QueryRefused)]
)
def test_a_failed_job_says_what_it_means_and_the_next_try_is_another_generation(store, run, outcome, error):
    store.outcomes.append(outcome)

    with pytest.raises(error) as failed:
        run()
    assert failed.type is error
    assert store.ran == ["job_g0"]

    run()
    assert store.ran == ["job_g0", "job_g1"]


def test_generations_are_passed_only_by_failures(store, run):
    store.outcomes.extend([BACKEND, BACKEND, None])
    for _ in range(2):
        with pytest.raises(TransientError):
            run()

    run()
    run()

    assert store.ran == ["job_g0", "job_g1", "job_g2"]


def test_an_insert_that_was_lost_and_failed_is_tried_again(store, run):
    store.faults.append("lost")
    store.outcomes.extend([BACKEND, None])

    run()

    assert store.ran == ["job_g0", "job_g1"]


def test_a_server_that_is_gone_is_transient(store, run, monkeypatch):
    monkeypatch.setattr("featuremart.mart.jobs._CALL_SECONDS", 0.2)
    store.server_close()

    with pytest.raises(TransientError, match="publish: BigQuery did not answer"):
        run()


def test_a_job_of_another_kind_is_no_answer(store, run):
    store.jobs["job_g0"] = {
        "jobReference": {"projectId": "p", "jobId": "job_g0", "location": "US"},
        "configuration": {"load": {"destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t"}}},
        "status": {"state": "DONE"},
    }

    with pytest.raises(WorkFailed, match="no query"):
        run()


def test_a_job_that_never_appears_is_transient(store, run, monkeypatch):
    monkeypatch.setattr("featuremart.mart.jobs._APPEARS_WITHIN", 0.1)
    store.faults.append("raced")
    store.hidden = 1000

    with pytest.raises(TransientError, match="does not show it"):
        run()


def test_failing_for_ever_ends(store, run, monkeypatch):
    monkeypatch.setattr("featuremart.mart.jobs._MOST_GENERATIONS", 2)
    store.outcomes.extend([BACKEND, BACKEND])
    for _ in range(2):
        with pytest.raises(TransientError, match="Retrying may solve"):
            run()

    with pytest.raises(TransientError, match="it failed 2 times"):
        run()
