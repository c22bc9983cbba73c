"""Authorised HTTP to BigQuery's REST interface: one call, repeated where the answer is transient."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from featuremart.errors import TransientError, UsageError
from featuremart.mart import answers
from featuremart.mart.retries import caller

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featuremart.config.settings import Environment

CALLERS = 8
"""Calls at once at the most."""
_GOOGLE = "https://bigquery.googleapis.com"
_SCOPE = "https://www.googleapis.com/auth/bigquery"
_SECONDS_A_CALL = 30


class Transport:
    """Calls of one environment's BigQuery.

    Parameters
    ----------
    environment
        Names endpoint and project. Where it names no endpoint, Google's own is called with the default
        credentials; an endpoint on this machine gets none.
    """

    def __init__(self, environment: Environment) -> None:
        self.environment = environment

    def call(
        self,
        method: str,
        path: str,
        *,
        what: str,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        present: int = 0,
    ) -> Any:
        """Call, and call again where the answer is transient: only what may be repeated is called this way.

        Parameters
        ----------
        method, path, query, body
            The request; the path is below ``projects/<project>/``.
        what
            What it is for, named in messages.
        present
            HTTP status that means that it is there already.

        Returns
        -------
        Any
            The JSON body; None for the status ``present``.

        Raises
        ------
        MartError
            What BigQuery's answer means.
        """
        url = f"{self._base}/{path}" + (f"?{urlencode(query)}" if query else "")
        again = caller(attempts=4, timeout=60, first=0.2, longest=5)
        return again(TransientError, self._once, method, url, body, what=what, present=present)

    def _once(self, method: str, url: str, body: Mapping[str, Any] | None, *, what: str, present: int) -> Any:
        status, data = self._send(method, url, body, what=what)
        if status == present:
            return None
        if status >= 400:  # noqa: PLR2004 - HTTP's own border
            raise answers.meaning_of_body(data, what=what, status=status)
        return data

    def _send(self, method: str, url: str, body: Mapping[str, Any] | None, *, what: str) -> tuple[int, Any]:
        from urllib3.exceptions import HTTPError

        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data else {}
        try:
            answer = self._http.request(
                method, url, body=data, headers=headers, timeout=_SECONDS_A_CALL, retries=False
            )
            return answer.status, _json(answer.data)
        except HTTPError as error:
            next_command = "mart servers" if self.environment.is_local else None
            raise answers.no_answer(what, error, next_command=next_command) from error
        except self._auth_errors as error:
            raise answers.no_credentials(what, error) from error

    @cached_property
    def _auth_errors(self) -> tuple[type[Exception], ...]:
        if self.environment.endpoints.bigquery:
            return ()
        from google.auth.exceptions import GoogleAuthError

        return (GoogleAuthError,)

    @cached_property
    def _base(self) -> str:
        endpoint = self.environment.endpoints.bigquery
        if self.environment.is_local and endpoint is None:
            raise UsageError("the servers of the local environment are not running", next_command="mart up")
        return f"{endpoint or _GOOGLE}/bigquery/v2/projects/{quote(self.environment.gcp_project)}"

    @cached_property
    def _http(self) -> Any:
        import urllib3

        pool = urllib3.PoolManager(maxsize=CALLERS)
        if self.environment.endpoints.bigquery:
            return pool
        import google.auth
        from google.auth.transport.urllib3 import AuthorizedHttp

        credentials, _ = google.auth.default(scopes=[_SCOPE])
        return AuthorizedHttp(credentials, pool)


def _json(data: bytes) -> Any:
    """Read a body; a proxy's HTML page is no JSON, and then the status alone tells what it means."""
    try:
        return json.loads(data) if data else {}
    except ValueError:
        return {}
