"""The servers that make up the local environment: how each is started, and how one sees that it is up."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from featuremart.config.settings import Endpoints
from featuremart.local.ports import LOOPBACK, listens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from featuremart.config.settings import Environment
    from featuremart.local.home import Home

Ports = dict[str, int]
_TOO_SLOW = 5.0
_SERVER_ERROR = 500


@dataclass(frozen=True)
class Server:
    """One server.

    Parameters
    ----------
    name
        As in ``mart servers`` and ``servers.json``.
    module
        What ``python -m`` runs.
    purposes
        Its ports, HTTP first.
    health
        Path that answers without a server error once the server is up.
    stop_within
        Seconds until it is killed when it was asked to end.
    """

    name: str
    module: str
    purposes: tuple[str, ...]
    health: str
    stop_within: float = 20.0

    def log_name(self) -> str:
        """Return the name of its log file."""
        return f"{self.name}.log"

    def answers(self, ports: Ports) -> bool:
        """Whether the server is up: all of its ports are open, and HTTP gives an answer."""
        if not all(listens(ports[purpose]) for purpose in self.purposes):
            return False
        connection = HTTPConnection(LOOPBACK, ports["http"], timeout=_TOO_SLOW)
        try:
            connection.request("GET", self.health)
            return connection.getresponse().status < _SERVER_ERROR
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


AWS = Server("aws", "featuremart.local.aws", ("http",), "/favicon.ico")
BIGQUERY = Server("bigquery", "featuremart.local.bigquery", ("http", "grpc"), "/readyz")
ECS = Server(
    "ecs", "featuremart.local.ecs", ("http",), "/__health__", stop_within=130.0
)  # its tasks end first

SERVERS = (AWS, BIGQUERY, ECS)
"""In the order in which they are shown; they are stopped in the reverse one."""


def arguments(server: Server, home: Home, environment: Environment, ports: Mapping[str, Ports]) -> list[str]:
    """Return the command line of a server.

    Parameters
    ----------
    server
        Which one.
    home, environment
        Where and what for.
    ports
        Of all servers, by name.
    """
    line = home.server_arguments(server.module)
    for purpose, port in ports[server.name].items():
        line += [f"--{purpose}", str(port)]
    if server is BIGQUERY:
        line += ["--project", environment.gcp_project]
    if server is ECS:
        line += ["--root", str(home.root), "--region", environment.aws_region, "--aws", _url(ports["aws"])]
    return line


def endpoints(ports: Mapping[str, Ports]) -> Endpoints:
    """Return what clients are told."""
    return Endpoints(
        aws=_url(ports["aws"]),
        ecs=_url(ports["ecs"]),
        bigquery=_url(ports["bigquery"]),
        bigquery_storage=f"{LOOPBACK}:{ports['bigquery']['grpc']}",
    )


def _url(ports: Ports) -> str:
    return f"http://{LOOPBACK}:{ports['http']}"
