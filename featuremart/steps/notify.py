"""Tell the owner of a workflow that a run failed. Whatever happens here, the run's own verdict stays."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from featuremart.steps.verdict import verdicts_of

if TYPE_CHECKING:
    from featuremart.steps.context import Context

URL = "MART_NOTIFY_URL"
"""Environment variable with the webhook's address: it is a secret, so it stands in no file."""
_TIMEOUT = 5.0


def notify(context: Context, workflow: str) -> None:
    """Say that a run failed, with the verdicts that its steps left.

    Digdag's own ``${error.message}`` is not used: it is evaluated again where it is written, so that the text of an
    error could run code.

    Parameters
    ----------
    context
        Surroundings; its identity names the run.
    workflow
        Which workflow failed.
    """
    message = failure_message(context, workflow)
    context.say(message["text"])
    address = os.environ.get(URL)
    if address:
        _post(context, address, message)


def failure_message(context: Context, workflow: str) -> dict[str, Any]:
    """Return the notification: who should know, which run, and the cause of each failed step."""
    run = context.identity.run
    model = context.catalog.models.get(workflow)
    owner = model.owner if model else "nobody"
    failed = verdicts_of(context.store, run)
    causes = [f"{verdict.task}: {verdict.error()}" for verdict in failed]
    if not causes:
        causes = [
            "no step left a verdict: the cause was transient or outside of the steps, see the run's log"
        ]
    lines = [f"workflow {workflow} failed (run {run}, {context.environment.name}; owner: {owner})", *causes]
    return {
        "text": "\n".join(lines),
        "workflow": workflow,
        "run": run,
        "environment": context.environment.name,
        "owner": owner,
        "failed": [verdict.model_dump() for verdict in failed],
    }


def _post(context: Context, address: str, message: dict[str, Any]) -> None:
    """Send the message; a notifier that does not answer must not fail the run a second time."""
    import urllib3

    try:
        answer = urllib3.request(
            "POST",
            address,
            body=json.dumps(message).encode(),
            headers={"Content-Type": "application/json"},
            timeout=_TIMEOUT,
            retries=2,
        )
    except urllib3.exceptions.HTTPError as error:
        context.say(f"the notification could not be sent: {type(error).__name__}")
        return
    if answer.status >= 300:  # noqa: PLR2004 - HTTP's own boundary of success
        context.say(f"the notification was answered with HTTP {answer.status}")
