"""A task's output, line by line into CloudWatch Logs, as the awslogs driver sends it."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from mypy_boto3_logs import CloudWatchLogsClient

    from featuremart.local.ecs.task import LogTarget

_LONGEST = 256 * 1024 - 26
"""Bytes of one event that CloudWatch Logs takes."""
_MOST_EVENTS = 10_000
_MOST_BYTES = 700_000
"""Of one call; the limit is 1 MiB with 26 bytes more for each event."""
_PAUSE = 0.1
"""Seconds until CloudWatch Logs is asked again when it did not answer."""
_MOST_CALLS = 5
"""At a time, while the task runs: whoever talks faster than that must not keep its runner from looking after it."""


class NoLog(Exception):
    """The log stream cannot be made: a task does not start without."""


class LogShipper:
    """Sends what is appended to a file.

    Parameters
    ----------
    client
        CloudWatch Logs.
    target
        Group and stream.
    output
        The file; ``shipped`` beside it remembers how far it was sent.
    """

    def __init__(self, client: CloudWatchLogsClient, target: LogTarget, output: Path) -> None:
        self._client = client
        self._target = target
        self._output = output
        self._mark = output.with_name("shipped")
        self._sent = int(self._mark.read_text()) if self._mark.exists() else 0

    def open(self) -> None:
        """Make the stream, and the group where it may be made.

        Raises
        ------
        NoLog
            Where CloudWatch Logs does not answer or has no such group.
        """
        try:
            if self._target.create_group:
                self._make(self._client.create_log_group, logGroupName=self._target.group)
            self._make(
                self._client.create_log_stream,
                logGroupName=self._target.group,
                logStreamName=self._target.stream,
            )
        except _errors() as error:
            raise NoLog(f"failed to create Cloudwatch log stream: {error}") from error

    def ship(self) -> None:
        """Send the whole lines that came since the last time, or some of them; the others are sent next time."""
        for _ in range(_MOST_CALLS):
            if not self._send(to_end=False):
                return

    def finish(self, *, within: float) -> None:
        """Send all that is left, also a last line without an end.

        Parameters
        ----------
        within
            Seconds; what is not sent by then stays in the file, and the log says so.
        """
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            sent = self._send(to_end=True)
            if sent == 0:
                return
            if sent is None:
                time.sleep(_PAUSE)
        left = self._output.stat().st_size - self._sent
        if not left:
            return
        with suppress(*_errors()):  # the log is for people: how a task ended never depends on it
            self._put(
                [
                    f"(the last {left} bytes came too fast for the log: for an hour they stand in {self._output})"
                ]
            )

    def _send(self, *, to_end: bool) -> int | None:
        """Send what one call takes; return its size in the file, None where CloudWatch Logs did not take it."""
        lines, size = self._next_lines(to_end=to_end)
        if not size:
            return 0
        try:
            self._put(lines)
        except _errors():
            return None
        self._sent += size
        with suppress(OSError):  # on a full disk, a server that is killed now sends some lines twice
            # whole or not at all: half a number would keep the next server from starting
            beside = self._mark.with_suffix(".new")
            beside.write_text(str(self._sent))
            beside.replace(self._mark)
        return size

    def _next_lines(self, *, to_end: bool) -> tuple[list[str], int]:
        """Return whole lines that are not sent yet, as many as one call takes, and their size in the file."""
        with self._output.open("rb") as file:
            file.seek(self._sent)
            data = file.read(_MOST_BYTES)
        whole = to_end and len(data) < _MOST_BYTES
        end = len(data) if whole else data.rfind(b"\n") + 1
        if not end and len(data) >= _LONGEST:  # a line longer than an event does not wait for its end
            end = len(data)
        pieces = data[:end].splitlines(keepends=True)[:_MOST_EVENTS]
        cut = [piece[at : at + _LONGEST] for piece in pieces for at in range(0, len(piece), _LONGEST)]
        texts = [piece.decode("utf-8", errors="replace").rstrip("\r\n") for piece in cut]
        return texts, sum(map(len, pieces))

    def _put(self, lines: list[str]) -> None:
        from botocore.exceptions import ClientError

        now = int(time.time() * 1000)
        # CloudWatch Logs takes no empty message; the driver sends a space as well
        events: Any = [{"timestamp": now, "message": line or " "} for line in lines]
        where: Any = {"logGroupName": self._target.group, "logStreamName": self._target.stream}
        try:
            self._client.put_log_events(**where, logEvents=events)
        except ClientError as error:
            if error.response["Error"].get("Code") != "ResourceNotFoundException":
                raise
            # the server of the logs was restarted, and had no events of this stream to keep
            self._make(self._client.create_log_group, logGroupName=self._target.group)
            self._make(self._client.create_log_stream, **where)
            self._client.put_log_events(**where, logEvents=events)

    @staticmethod
    def _make(call: Any, **what: str) -> None:
        from botocore.exceptions import ClientError

        try:
            call(**what)
        except ClientError as error:
            if error.response["Error"].get("Code") != "ResourceAlreadyExistsException":
                raise


def _errors() -> tuple[type[Exception], ...]:
    """Return what boto3 raises where a service does not answer or refuses."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError)
