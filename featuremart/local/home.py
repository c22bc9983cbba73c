"""The folder ``.mart/`` of a repository: what lies where in it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from featuremart.errors import UsageError, WorkFailed

if TYPE_CHECKING:
    from featuremart.config.settings import Environment, Settings


@dataclass(frozen=True)
class Home:
    """Where the local servers of one repository keep what they know.

    Parameters
    ----------
    root
        The repository: the working directory of a task, and the place of ``features/``.
    folder
        ``<root>/.mart``; everything that the servers write lies under it.
    """

    root: Path
    folder: Path

    @classmethod
    def of(cls, settings: Settings, environment: Environment) -> Home:
        """Return the home of an environment.

        Raises
        ------
        UsageError
            Where the environment has no servers on this machine.
        """
        if environment.servers is None:
            raise UsageError(
                f"environment {environment.name!r} is in the cloud: it has no servers on this machine",
                next_command="mart servers --env local",
            )
        root = settings.root.resolve()
        return cls(root, (root / environment.servers).parent)

    @property
    def servers_file(self) -> Path:
        """Return the file that the endpoints, ports and processes stand in."""
        return self.folder / "servers.json"

    @property
    def lock_file(self) -> Path:
        """Return the lock that ``mart up`` and ``mart down`` hold."""
        return self.folder / "servers.lock"

    @property
    def logs(self) -> Path:
        """Return the folder of the servers' logs."""
        return self.folder / "logs"

    @property
    def objects(self) -> Path:
        """Return the folder of the S3 objects."""
        return self.folder / "s3"

    @property
    def bigquery(self) -> Path:
        """Return the folder of the warehouse and mart."""
        return self.folder / "bigquery"

    @property
    def ecs(self) -> Path:
        """Return the folder of the ECS server's tasks and task definitions."""
        return self.folder / "ecs"

    @property
    def venvs(self) -> Path:
        """Return the folder of the workers' virtual environments."""
        return self.folder / "venvs"

    @property
    def embulk(self) -> Path:
        """Return the folder of the Embulk build."""
        return self.folder / "embulk"

    @property
    def code(self) -> Path:
        """Return the folder that holds the package ``featuremart`` and nothing else of this interpreter's."""
        return self.folder / "code"

    def make(self) -> None:
        """Make the folder, and find out whether it can be written.

        Raises
        ------
        WorkFailed
            Where it cannot: the disk is full, or the folder is not ours.
        """
        probe = self.folder / ".probe"
        try:
            for folder in (self.logs, self.objects, self.bigquery, self.ecs, self.code):
                folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"x" * 4096)
            probe.unlink()
            self._link_code()
        except OSError as error:
            raise WorkFailed(
                f"{self.folder} cannot be written: {error.strerror or error}",
                next_command=f"df -h {self.root}",
            ) from error

    def _link_code(self) -> None:
        """Point ``code/featuremart`` at the package that runs now.

        A worker has an interpreter and libraries of its own and only needs our code: with the folder that
        the package is installed in, it would get our libraries too.
        """
        package = Path(__file__).parent.parent
        link = self.code / package.name
        if link.is_symlink() and link.resolve() == package:
            return
        beside = self.code / f".{package.name}.new"
        beside.unlink(missing_ok=True)
        beside.symlink_to(package, target_is_directory=True)
        beside.replace(link)

    @property
    def python_path(self) -> str:
        """Return the ``PYTHONPATH`` of a task: the repository first, then our code alone."""
        return f"{self.root}:{self.code}"

    def server_arguments(self, module: str) -> list[str]:
        """Return how one of our servers is started; its process is found again by these words."""
        return [sys.executable, "-m", module, "--home", str(self.folder)]
