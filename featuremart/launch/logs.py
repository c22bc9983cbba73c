"""The log lines of a task, read from CloudWatch Logs as they come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_logs import CloudWatchLogsClient


@dataclass
class LogTail:
    """Reads one log stream from where it last stopped.

    Parameters
    ----------
    client
        CloudWatch Logs.
    group, stream
        Of the task; the stream appears with its first line.
    """

    client: CloudWatchLogsClient
    group: str
    stream: str
    _token: str | None = field(default=None, init=False)

    def lines(self) -> Iterator[str]:
        """Yield the lines that came since the last call; none while CloudWatch does not answer."""
        from botocore.exceptions import BotoCoreError, ClientError

        while True:
            position: Any = {"nextToken": self._token} if self._token else {}
            try:
                page = self.client.get_log_events(
                    logGroupName=self.group, logStreamName=self.stream, startFromHead=True, **position
                )
            except (BotoCoreError, ClientError):
                # The log is for people: a task's verdict never depends on it.
                return
            for event in page["events"]:
                yield event["message"]
            if page["nextForwardToken"] == self._token or not page["events"]:
                self._token = page["nextForwardToken"]
                return
            self._token = page["nextForwardToken"]
