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
_MOST_EVENTS = 1000
_MOST_BYTES = 900_000
"""Of one call; the limit is 1 MiB with 26 bytes more for each event."""


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
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if self._target.create_group:
                self._make(self._client.create_log_group, logGroupName=self._target.group)
            self._make(
                self._client.create_log_stream,
                logGroupName=self._target.group,
                logStreamName=self._target.stream,
            )
        except (BotoCoreError, ClientError) as error:
            raise NoLog(f"failed to create Cloudwatch log stream: {error}") from error

    def ship(self, *, to_end: bool = False) -> bool:
        """Send what came since the last time.

        Parameters
        ----------
        to_end
            Also a last line without an end.

        Returns
        -------
        bool
            False where CloudWatch Logs did not take it; it is sent again next time.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        while True:
            lines, size = self._next_lines(to_end=to_end)
            if not size:
                return True
            try:
                self._put(lines)
            except (BotoCoreError, ClientError):
                return False
            self._sent += size
            with suppress(OSError):  # on a full disk, a server that is killed now sends some lines twice
                self._mark.write_text(str(self._sent))

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
