"""What a package under ``features/`` says about itself."""

from __future__ import annotations

from dataclasses import dataclass

from featuremart.authoring.durations import parse_duration
from featuremart.authoring.refusal import need_bool, need_text
from featuremart.authoring.sizes import need_size


@dataclass(frozen=True, kw_only=True)
class Model:
    """One prediction problem: one package, one worker image, one workflow, one owner.

    Stands in the package's ``__init__.py`` as ``model = Model(...)``; a table may override the sizes.

    Parameters
    ----------
    owner
        Who answers for it: an e-mail address or a team's name.
    predicts
        What the model predicts, in a few words.
    cpu
        Of one Fargate task, in ECS units: 1024 is one vCPU.
    memory
        Of one Fargate task, in MiB.
    spot
        Whether Fargate Spot may run it: cheaper, and may be taken away.
    deadline
        A task is stopped after this time, for example ``"1h"``.

    Raises
    ------
    DeclarationError
        Where an argument is wrong.

    Examples
    --------
    >>> model = Model(owner="flights@example.com", predicts="arrival delay in minutes", memory=2048)
    """

    owner: str
    predicts: str
    cpu: int = 1024
    memory: int = 4096
    spot: bool = True
    deadline: str = "1h"

    def __post_init__(self) -> None:
        need_text(self.owner, "owner", example="team@example.com")
        need_text(self.predicts, "predicts", example="arrival delay in minutes")
        need_size(self.cpu, self.memory)
        need_bool(self.spot, "spot")
        parse_duration(self.deadline, "deadline")
