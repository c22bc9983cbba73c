"""What BigQuery's errors mean: whether the same work may succeed when tried again, and what to type.

Reasons: https://cloud.google.com/bigquery/docs/error-messages
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from featuremart.errors import MartError, TransientError, WorkFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TRANSIENT = frozenset(
    {
        "backendError", "internalError", "jobBackendError", "jobInternalError", "jobRateLimitExceeded",
        "rateLimitExceeded", "tableUnavailable", "timeout", "quotaExceeded",
    }
)  # fmt: skip
_TRANSIENT_STATUS = frozenset({408, 429, 500, 502, 503, 504})
_CONFLICTS = ("aborted due to concurrent update", "could not serialize access")


class NotThere(WorkFailed):
    """BigQuery has no such dataset, table or job."""


class Conflict(TransientError):
    """Somebody else changed the same table at the same time: BigQuery undid or refused this change."""


class QueryRefused(WorkFailed):
    """The query itself is wrong; the message is BigQuery's own."""


def meaning(reason: str, message: str, *, what: str, status: int = 0) -> MartError:
    """Return the error that an answer of BigQuery means.

    Parameters
    ----------
    reason
        BigQuery's own word, for example ``invalidQuery``; may be empty.
    message
        BigQuery's own sentence.
    what
        What was asked for, named in the message.
    status
        HTTP status, 0 where there is none.
    """
    text = f"{what}: {message.strip()}"
    if reason in {"conditionNotMet", "duplicate"} or any(words in message.lower() for words in _CONFLICTS):
        return Conflict(text)
    if reason == "bytesBilledLimitExceeded":
        return WorkFailed(
            text, next_command="raise the limit: --limit-bytes, or max_bytes_billed in mart.toml"
        )
    if reason in _TRANSIENT or (reason == "" and status in _TRANSIENT_STATUS):
        return TransientError(text)
    if reason == "notFound" or status == 404:  # noqa: PLR2004 - an HTTP status is its own name
        return NotThere(text)
    if reason in {"invalidQuery", "invalid"}:
        return QueryRefused(text)
    if reason in {"accessDenied", "authError"} or status in {401, 403}:
        return WorkFailed(
            text, next_command="gcloud auth application-default login, or ask for the right named above"
        )
    return TransientError(text) if status in _TRANSIENT_STATUS else WorkFailed(text)


def meaning_of_body(body: Mapping[str, Any], *, what: str, status: int) -> MartError:
    """Return the error that the JSON body of an HTTP answer means."""
    error = body.get("error", {})
    details = error.get("errors") or [{}]
    return meaning(
        str(details[0].get("reason", "")),
        str(error.get("message") or f"HTTP {status}"),
        what=what,
        status=status,
    )


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the errors of Google's client library into ours.

    Parameters
    ----------
    what
        What is asked for, named in the message.
    """
    from google.api_core import exceptions
    from google.auth.exceptions import GoogleAuthError
    from requests.exceptions import RequestException

    try:
        yield
    except exceptions.RetryError as error:
        raise TransientError(f"{what}: BigQuery did not answer in time: {error.cause or error}") from error
    except exceptions.GoogleAPICallError as error:
        details = error.errors[0] if error.errors else {}
        reason = details.get("reason", "") if isinstance(details, dict) else ""
        raise meaning(reason, error.message, what=what, status=int(error.code or 0)) from error
    except GoogleAuthError as error:
        raise no_credentials(what, error) from error
    except RequestException as error:
        raise no_answer(what, error) from error


def no_answer(what: str, error: Exception, *, next_command: str | None = None) -> TransientError:
    """Return the error of a BigQuery that cannot be reached."""
    return TransientError(f"{what}: BigQuery did not answer: {error}", next_command=next_command)


def no_credentials(what: str, error: Exception) -> WorkFailed:
    """Return the error of a person or machine that Google does not know."""
    return WorkFailed(
        f"{what}: no Google credentials: {error}", next_command="gcloud auth application-default login"
    )
