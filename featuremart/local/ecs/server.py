"""HTTP: one POST a call, JSON both ways, as boto3 speaks to ECS; and the way to script faults."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from featuremart.local import faults
from featuremart.local.ecs.control import Control
from featuremart.local.ecs.refusals import Refusal
from featuremart.local.ecs.task import Script
from featuremart.local.home import Home
from featuremart.local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

STOP_TASKS_WITHIN = 125.0
"""Seconds: the longest stop timeout of a task, and a little more."""
_TARGET = "AmazonEC2ContainerServiceV20141113."
_LARGEST = 2**20


def main() -> None:
    """Serve until told to stop; running tasks are stopped then."""
    parser = argparse.ArgumentParser(prog="featuremart.local.ecs")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--http", type=int, required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--aws", required=True, help="endpoint of S3 and CloudWatch Logs")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    from werkzeug.serving import make_server

    home = Home(options.root, options.home)
    control = Control(
        home, region=options.region, aws_endpoint=options.aws, logs=_logs(options.aws, options.region)
    )
    server = make_server(LOOPBACK, options.http, Application(control), threaded=True)
    control.restore()
    try:
        server.serve_forever()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        control.close(STOP_TASKS_WITHIN)


def _logs(endpoint: str, region: str) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.session.Session().client(
        "logs",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - the word that moto is given
        # a task's end waits for its log: better to try again ourselves than to hang in a retry
        config=Config(
            retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5, max_pool_connections=50
        ),
    )


class Application:
    """The server as a WSGI application.

    Parameters
    ----------
    control
        Carries the calls out.
    """

    def __init__(self, control: Control) -> None:
        self._control = control
        self._faults = faults.FaultBook()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        try:
            answer = self._route(environ)
            status = 200
        except Refusal as refusal:
            answer = {"__type": refusal.code, "message": refusal.message, **refusal.more}
            status = refusal.status
        except _ResponseLost:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError from None
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body)))]
        start_response(f"{status} {'OK' if status == 200 else 'Refused'}", headers)  # noqa: PLR2004 - HTTP's own
        return [body]

    def _route(self, environ: dict[str, Any]) -> dict[str, Any]:
        # a web page whose host name was turned to this address must not start tasks
        if environ.get("HTTP_HOST", "").partition(":")[0] not in {LOOPBACK, "localhost"}:
            raise Refusal("AccessDeniedException", "this server answers this machine alone")
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if (method, path) == ("GET", "/__health__"):
            return {"status": "ok"}
        document = _body(environ)
        if (method, path) == ("POST", faults.PATH):
            return self._set_faults(document, environ)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        call = target.removeprefix(_TARGET)
        if method != "POST" or not target.startswith(_TARGET) or call not in self._control.calls:
            raise Refusal(
                "UnknownOperationException", f"the ECS server of this machine does not know {target!r}"
            )
        if not isinstance(document, dict):
            raise Refusal("SerializationException", "the request is no JSON object")
        return self._carry_out(call, document)

    def _set_faults(self, document: Any, environ: dict[str, Any]) -> dict[str, Any]:
        if environ.get("CONTENT_TYPE") != "application/json":  # what a web page cannot send without asking
            raise Refusal("SerializationException", "send application/json")
        try:
            rules = faults.RULES.validate_python(document)
        except ValidationError as error:
            raise Refusal("InvalidParameterException", str(error)) from error
        self._faults.replace(rules)
        return {"rules": len(rules)}

    def _carry_out(self, call: str, document: dict[str, Any]) -> dict[str, Any]:
        """Do what a call asks, with what was scripted to go wrong with it."""
        actions = self._faults.take(call, self._control.families_of(call, document))
        for action in actions:
            if isinstance(action, faults.Delay):
                time.sleep(action.seconds)
            elif isinstance(action, faults.Fail):
                raise Refusal(action.code, action.message, status=action.status)
            elif isinstance(action, faults.Missing):
                return {"taskArns": []} if call == "ListTasks" else self._control.missing_tasks(document)
        refused = next((action for action in actions if isinstance(action, faults.Refuse)), None)
        if refused and not refused.runs:
            return {"tasks": [], "failures": [{"reason": refused.reason}]}
        if call == "RunTask":
            answer = self._control.run_task(document, _script(actions))
        else:
            answer = self._control.calls[call](document)
        if any(isinstance(action, faults.DropResponse) for action in actions):
            raise _ResponseLost
        return {"tasks": [], "failures": [{"reason": refused.reason}]} if refused else answer


class _ResponseLost(Exception):
    """The answer is not to reach the caller."""


def _script(actions: list[faults.Action]) -> Script:
    """Return what is to go wrong with the tasks of a call."""
    script = Script()
    for action in actions:
        match action:
            case faults.StickProvisioning():
                script = script.model_copy(update={"stuck": True})
            case faults.DelayStart(seconds=seconds):
                script = script.model_copy(update={"start_delay": seconds})
            case faults.FailToStart(reason=reason):
                script = script.model_copy(update={"start_failure": reason})
            case faults.LoseExitCode():
                script = script.model_copy(update={"lose_exit_code": True})
            case faults.InterruptSpot(after=after):
                script = script.model_copy(update={"interrupt_after": after})
            case faults.Kill(after=after):
                script = script.model_copy(update={"kill_after": after})
            case _:
                pass  # it is about the call, not the task
    return script


def _body(environ: dict[str, Any]) -> Any:
    size = int(environ.get("CONTENT_LENGTH") or 0)
    if size > _LARGEST:
        raise Refusal("SerializationException", "the request is larger than 1 MiB", status=413)
    try:
        return json.loads(environ["wsgi.input"].read(size) or b"{}")
    except ValueError:
        raise Refusal("SerializationException", "the request is not JSON") from None
