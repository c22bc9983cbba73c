"""The ``_retry`` of a task or group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart.workflow import values
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from featuremart.workflow.values import Config

_EXPONENTIAL = "exponential"
_INTERVAL_TYPES = frozenset({"constant", _EXPONENTIAL})


@dataclass(frozen=True)
class Retry:
    """How often and how soon something that failed is tried again.

    Parameters
    ----------
    limit
        Number of tries after the first one.
    interval
        Seconds before a try.
    exponential
        Whether the interval doubles from try to try.
    max_interval
        Bound of a doubling interval in seconds, None for none.
    """

    limit: int = 0
    interval: int = 0
    exponential: bool = False
    max_interval: int | None = None

    @classmethod
    def of(cls, config: Config) -> Retry:
        """Read ``_retry``: a number, or an object with a limit and an interval.

        Raises
        ------
        ConfigError
            Where it is neither.
        """
        if "_retry" not in config:
            return cls()
        value = config["_retry"]
        if isinstance(value, dict):
            kind = values.optional_text(value, "interval_type") or "constant"
            if kind.lower() not in _INTERVAL_TYPES:
                raise ConfigError(f"Invalid retry_interval_type: {kind}", "_retry")
            return cls(
                values.integer(value, "limit"),
                values.optional_integer(value, "interval") or 0,
                kind.lower() == _EXPONENTIAL,
                values.optional_integer(value, "max_interval"),
            )
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ConfigError(f"Invalid _retry format:{values.json_text(value)}", "_retry")
        return cls(values.as_integer("_retry", value))

    def seconds_before(self, retries_done: int) -> int:
        """Return how long to wait before the next try."""
        if not self.exponential:
            return self.interval
        seconds: int = self.interval * 2**retries_done
        return seconds if self.max_interval is None else min(seconds, self.max_interval)
