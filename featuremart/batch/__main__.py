"""Entry point of every worker image: ``python -m featuremart.batch s3://bucket/runs/.../request.json``.

Exit codes: 0 done, 1 failed for good, 2 usage or configuration, 75 worth trying again (also after SIGTERM).
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featuremart.errors import EXIT_DONE, MartError, TransientError, UsageError, WorkFailed

if TYPE_CHECKING:
    from types import FrameType

    from featuremart.batch.request import BatchRequest, BatchResult
    from featuremart.batch.worker import Worker
    from featuremart.lake.store import ObjectStore

_KIB = 1024
_STARTED = time.perf_counter()


class _Terminated(BaseException):
    """SIGTERM came. No Exception: an author's ``except Exception`` must not swallow it."""


def main(arguments: list[str]) -> int:
    """Carry out the request that the only argument names.

    Parameters
    ----------
    arguments
        Of the command line, without the program's name.

    Returns
    -------
    int
        The exit code.
    """
    signal.signal(signal.SIGTERM, _terminate)
    hold_little()
    if len(arguments) != 1 or not arguments[0].startswith("s3://"):
        _say("usage: python -m featuremart.batch s3://bucket/runs/RUN/TASK/ATTEMPT/request.json")
        return UsageError.exit_code
    try:
        return _Task(arguments[0]).run()
    except _Terminated:
        _say("stopped by SIGTERM")
        return TransientError.exit_code
    except MartError as error:
        _say(str(error))
        return error.exit_code


class _Task:
    """One request, its log lines and its result object."""

    def __init__(self, uri: str) -> None:
        from featuremart.batch.request import REQUEST, RESULT
        from featuremart.lake.store import split_uri

        self.uri = uri
        bucket, self.key = split_uri(uri)
        if not self.key.endswith("/" + REQUEST):
            raise UsageError(f"{uri} does not end with /{REQUEST}")
        self.result_key = self.key.removesuffix(REQUEST) + RESULT
        self.store = open_store(bucket)
        self.worker: Worker | None = None
        self._imported, self._cpu = time.perf_counter(), time.process_time()

    def run(self) -> int:
        """Run the worker, and write how it ended whatever happens."""
        error = self._attempt()
        # the result must be written: a second SIGTERM changes nothing any more
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        result = self._result(error)
        try:
            self.store.put(self.result_key, result.model_dump_json(indent=1).encode())
        except MartError as unwritten:
            error = error or unwritten
            _say(f"the result could not be written: {unwritten}")
        self._conclude(error, result)
        return error.exit_code if error else EXIT_DONE

    def _attempt(self) -> MartError | None:
        try:
            request = self._read()
            self.worker = self._prepare(request)
            self._imported, self._cpu = time.perf_counter(), time.process_time()
            self._announce(request)
            self.worker.run()
        except _Terminated:
            return TransientError("the worker was told to stop (SIGTERM)")
        except MartError as raised:
            return raised
        except MemoryError:
            return WorkFailed(
                "the worker ran out of memory", next_command="give the table or model more memory="
            )
        except Exception as raised:  # noqa: BLE001 - the last resort: a bug of ours must still leave a result
            traceback.print_exc(file=sys.stdout)
            return WorkFailed(f"the worker broke: {type(raised).__name__}: {raised}")
        return None

    def _read(self) -> BatchRequest:
        from featuremart.batch.request import parse_request

        return parse_request(self.store.get(self.key), uri=self.uri)

    def _prepare(self, request: BatchRequest) -> Worker:
        """Import what is heavy: pandas, pyarrow, pandera and the author's module."""
        from featuremart.batch.functions import check_code, load_functions
        from featuremart.batch.worker import Worker

        check_code(request.table)
        return Worker(self.store, request, load_functions(request.table), _say)

    def _announce(self, request: BatchRequest) -> None:
        labels = [work.partition for work in request.partitions]
        days = (
            f"{len(labels)} partitions, {labels[0]} to {labels[-1]}" if len(labels) > 1 else "".join(labels)
        )
        _say(f"{request.table.id}: {days} (run {request.run}, attempt {request.attempt}, {request.revision})")

    def _result(self, error: MartError | None) -> BatchResult:
        from featuremart.batch.request import BatchResult

        return BatchResult(
            exit_code=error.exit_code if error else EXIT_DONE,
            done=tuple(self.worker.done) if self.worker else (),
            message=error.message if error else "",
            where=str(error.where or "") if error else "",
            next_command=(error.next_command or "") if error else "",
            seconds=time.perf_counter() - self._imported,
            cpu_seconds=time.process_time() - self._cpu,
            import_seconds=self._imported - _STARTED,
            peak_memory=peak_memory(),
        )

    def _conclude(self, error: MartError | None, result: BatchResult) -> None:
        if error is not None:
            _say(f"failed with {len(result.done)} partitions done: {error}")
            return
        _say(
            f"done: {len(result.done)} partitions, {sum(done.rows for done in result.done):,} rows, "
            f"{result.seconds:.1f} s, peak {result.peak_memory / 2**20:,.0f} MiB"
        )


def hold_little() -> None:
    """Let Arrow take its memory from the system's allocator; to be called before pyarrow is imported.

    Arrow's own one keeps what each thread freed: over a year of small days it held 45 of a worker's 195 MB.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def peak_memory() -> int:
    """Return the most bytes that this process held at any time.

    Not ``getrusage``: its figure survives ``exec``, so it tells of whoever started the worker.
    """
    status = Path("/proc/self/status").read_text("ascii", "replace")
    return next(int(line.split()[1]) * _KIB for line in status.splitlines() if line.startswith("VmHWM:"))


def open_store(bucket: str) -> ObjectStore:
    """Return the lake by the AWS environment: role credentials on Fargate, an endpoint of this machine locally."""
    import boto3
    from botocore.config import Config

    from featuremart.lake.store import ObjectStore

    local = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    config = Config(
        retries={"mode": "standard", "max_attempts": 5},
        s3={"addressing_style": "path"} if local else {},
    )
    return ObjectStore(boto3.session.Session().client("s3", config=config), bucket)


def _terminate(number: int, frame: FrameType | None) -> Any:
    del number, frame
    raise _Terminated


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
