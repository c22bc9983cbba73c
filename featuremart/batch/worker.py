"""One request from beginning to end: reads ahead, computes in order, writes behind.

Reading and writing wait for S3, so threads do both while the next partition is computed; functions run in one
thread, in order of partitions. Memory is bounded: the raw days that the coming few partitions read, the one
partition being computed, and a few encoded ones on their way out.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.batch.checks import Checks
from featuremart.batch.engine import Engine
from featuremart.batch.inputs import days_read
from featuremart.batch.output import Finished, find_done, write
from featuremart.batch.raw import read_raw
from featuremart.errors import MartError, TransientError, WorkFailed
from featuremart.lake.days import Partition, parse_partition, partition_label

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from featuremart.batch.frames import Prepared
    from featuremart.batch.objects import Objects
    from featuremart.batch.request import BatchRequest, PartitionDone, PartitionWork
    from featuremart.lake.manifest import Manifest

AHEAD = 3
"""Partitions whose inputs are read before their turn."""

BEHIND = 3
"""Partitions that may wait to be written."""

THREADS = 6


class Stopped(TransientError):
    """The worker was told to stop."""


@dataclass(frozen=True)
class _Ready:
    """One raw partition that was read and prepared."""

    key: str
    manifest: Manifest
    prepared: Prepared


class Worker:
    """Carries out one request.

    Parameters
    ----------
    store
        The lake.
    request
        What to compute.
    functions
        Feature name -> function.
    say
        Takes one line of the log.
    """

    def __init__(
        self,
        store: Objects,
        request: BatchRequest,
        functions: Mapping[str, Callable[..., object]],
        say: Callable[[str], None],
    ) -> None:
        self._store = store
        self._request = request
        self._engine = Engine(request.table, request.sources, functions)
        self._checks = Checks(request.table)
        self._say = say
        self._stop = threading.Event()
        self._raw: dict[tuple[str, Partition], Future[_Ready]] = {}
        self.done: list[PartitionDone] = []

    def run(self) -> None:
        """Compute all partitions; ``done`` grows as their manifests are written.

        Raises
        ------
        WorkFailed, TransientError
            For the first partition that cannot be made. Those before it stay done.
        """
        writing: deque[Future[PartitionDone]] = deque()
        with ThreadPoolExecutor(THREADS, thread_name_prefix="s3") as pool:
            try:
                for work, there in self._upcoming(pool):
                    begun = time.perf_counter()
                    if there is not None:
                        self._tell(there, begun)
                        self.done.append(there)
                        continue
                    finished = self._compute(work)
                    writing.append(pool.submit(self._write, finished, begun))
                    while len(writing) > BEHIND:
                        self.done.append(writing.popleft().result())
                while writing:
                    self.done.append(writing.popleft().result())
            except MartError:
                self._finish(writing)
                raise
            except BaseException:
                self._stop.set()
                pool.shutdown(cancel_futures=True)
                self._finish(writing)
                raise

    def _upcoming(self, pool: ThreadPoolExecutor) -> Iterator[tuple[PartitionWork, PartitionDone | None]]:
        """Yield the partitions in order, those that exist already with what they are; read the others ahead."""
        coming: deque[tuple[PartitionWork, Future[PartitionDone | None]]] = deque()
        waiting = iter(self._request.partitions)
        while True:
            while len(coming) <= 2 * AHEAD and (work := next(waiting, None)) is not None:
                coming.append((work, pool.submit(find_done, self._store, self._request, work)))
            if not coming:
                return
            needed = set()
            for work, there in list(coming)[: AHEAD + 1]:
                if there.result() is None:
                    needed |= self._read(pool, work)
            # days that no coming partition reads are let go
            self._raw = {day: future for day, future in self._raw.items() if day in needed}
            work, there = coming.popleft()
            yield work, there.result()

    def _read(self, pool: ThreadPoolExecutor, work: PartitionWork) -> set[tuple[str, Partition]]:
        days = {(source, day) for source, partitions in self._days(work).items() for day in partitions}
        for source, day in sorted(days - self._raw.keys(), key=str):
            self._raw[source, day] = pool.submit(self._prepared, source, day)
        return days

    def _prepared(self, source: str, day: Partition) -> _Ready:
        label = partition_label(day)
        key = self._request.inputs.get(source, {}).get(label)
        if key is None:
            raise WorkFailed(
                f"{self._request.table.id} reads source {source} of {label}, which the request does not name",
                next_command=f"mart extract {source}" + ("" if day is None else f" --date {label}"),
            )
        raw = read_raw(self._store, key, self._request.sources[source], self._engine.columns(source))
        return _Ready(raw.key, raw.manifest, self._engine.prepare(source, day, raw.rows))

    def _compute(self, work: PartitionWork) -> Finished:
        partition = parse_partition(work.partition)
        raw = {
            source: [self._raw[source, day].result() for day in days]
            for source, days in self._days(work).items()
        }
        own = raw[self._request.table.source][-1].manifest if raw[self._request.table.source] else None
        extracted_at = own.extracted_at if own is not None and partition is None else None
        rows = self._engine.compute(
            partition,
            {source: [part.prepared for part in parts] for source, parts in raw.items()},
            extracted_at=extracted_at,
        )
        self._checks.enforce(work.partition, rows, source_rows=own.rows if own is not None else 0)
        inputs = {part.key: part.manifest.content_checksum for parts in raw.values() for part in parts}
        return Finished(work, rows, inputs, extracted_at)

    def _days(self, work: PartitionWork) -> dict[str, tuple[Partition, ...]]:
        return days_read(self._request.table, self._request.sources, parse_partition(work.partition))

    def _write(self, finished: Finished, begun: float) -> PartitionDone:
        if self._stop.is_set():
            raise Stopped("stopped before the partition was written")
        done = write(self._store, self._request, finished)
        self._tell(done, begun)
        return done

    def _finish(self, writing: deque[Future[PartitionDone]]) -> None:
        """Wait for what was computed before a partition failed; its failure stays the one that is told."""
        for reading in self._raw.values():
            reading.cancel()
        self.done += [f.result() for f in writing if not f.cancelled() and f.exception() is None]

    def _tell(self, done: PartitionDone, begun: float) -> None:
        how = f"{time.perf_counter() - begun:.2f} s" if done.made else "was made before"
        self._say(f"{self._request.table.id} {done.partition}: {done.rows:,} rows, {how}")
