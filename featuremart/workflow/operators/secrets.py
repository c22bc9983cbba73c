"""``${secret:key}`` in a command or its environment: read at the last moment, and shown nowhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from featuremart.workflow.operators.request import Services

_SECRET = re.compile(r"\$\{([\s\S]*?):([\s\S]+?)\}")


def secret_text(text: str, services: Services) -> str:
    """Put secrets in.

    Parameters
    ----------
    text
        With ``${secret:key}`` in it.
    services
        Knows the secrets, and hides them from logs.

    Raises
    ------
    ConfigError
        Where there is no such secret.
    """

    def read(match: re.Match[str]) -> str:
        kind, key = (group.strip() for group in match.groups())
        if kind != "secret":
            raise ConfigError(f"Invalid parametrization: '{match.group()}'")
        secret = services.secrets(key)
        if secret is None:
            raise ConfigError(f"Secret not found for key: '{key}'")
        services.hide(secret)
        return secret

    return _SECRET.sub(read, text)
