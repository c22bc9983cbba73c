"""What every step has at hand."""

from __future__ import annotations

import datetime as dt
import os
import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from featuremart.config import clients
from featuremart.lake.ledger import Ledger
from featuremart.lake.store import ObjectStore
from featuremart.steps.identity import Identity, identify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from featuremart.catalog.model import Catalog
    from featuremart.config.settings import Environment, Settings
    from featuremart.mart.rest import Rest

MANIFESTS = ".mart/cache/manifests"


@dataclass
class Context:
    """One step's surroundings: made once, handed to everything, each client made when it is first used.

    Parameters
    ----------
    settings
        ``mart.toml``.
    environment
        Where the step runs.
    identity
        Whose outputs it makes.
    say
        Tells a person one line.
    cancelled
        Set when the person or the scheduler wants the step to end.
    """

    settings: Settings
    environment: Environment
    identity: Identity
    say: Callable[[str], None]
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def root(self) -> Path:
        """The repository's root."""
        return self.settings.root

    @cached_property
    def catalog(self) -> Catalog:
        """Everything that is declared; loading it raises on the first visit where something is wrong."""
        from featuremart.catalog import load

        return load(self.root)

    @cached_property
    def store(self) -> ObjectStore:
        """The lake."""
        return ObjectStore(clients.s3(self.environment), self.environment.bucket)

    @cached_property
    def ledger(self) -> Ledger:
        """The lake's manifests, kept on this machine once they were read."""
        return Ledger(self.store, self.root / MANIFESTS)

    @cached_property
    def rest(self) -> Rest:
        """BigQuery, for the small questions."""
        from featuremart.mart.rest import Rest

        return Rest(self.environment)


def make_context(step: str, environment: str | None, say: Callable[[str], None]) -> Context:
    """Read the configuration and the environment variables of this process.

    Parameters
    ----------
    step
        What was typed, for example ``extract flights``.
    environment
        Value of ``--env``, None for the default one.
    say
        Tells a person one line.
    """
    from featuremart.config.settings import load_settings

    settings = load_settings()
    identity = identify(step, os.environ, settings.root, now=dt.datetime.now(dt.UTC))
    return Context(settings, settings.environment(environment), identity, say)
