"""The errors of ECS, in its words: a launcher decides by them."""

from __future__ import annotations

from typing import Any


class Refusal(Exception):
    """A call that is answered with an error.

    Parameters
    ----------
    code
        Name of the exception as botocore knows it.
    message
        As ECS writes it.
    status
        HTTP status.
    more
        Further members of the exception.
    """

    def __init__(self, code: str, message: str, *, status: int = 400, **more: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.more = more


def invalid(message: str) -> Refusal:
    """Refuse a parameter."""
    return Refusal("InvalidParameterException", message)


def client_error(message: str) -> Refusal:
    """Refuse what the caller wants."""
    return Refusal("ClientException", message)


def cluster_not_found() -> Refusal:
    """Refuse an unknown cluster."""
    return Refusal("ClusterNotFoundException", "Cluster not found.")


def token_in_use(arns: list[str]) -> Refusal:
    """Refuse a client token that another request was made with."""
    return Refusal(
        "ConflictException",
        "The RunTask request could not be processed due to conflicts. The provided clientToken is already in use "
        "with a different RunTask request.",
        resourceIds=arns,
    )


def server_error(message: str) -> Refusal:
    """Say that the server itself could not."""
    return Refusal("ServerException", message, status=500)
