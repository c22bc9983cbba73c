"""Start the servers of the local environment, say how they are, stop them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from featuremart.errors import UsageError, WorkFailed
from featuremart.local import ports as free_ports
from featuremart.local import processes
from featuremart.local import record as files
from featuremart.local.definitions import SERVERS, Ports, Server, arguments, endpoints
from featuremart.local.home import Home
from featuremart.local.images import models
from featuremart.local.provision import provision

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import psutil

    from featuremart.config.settings import Environment, Settings

START_WITHIN = 60.0
"""Seconds until a server must answer; it takes three."""
_LOCK_WITHIN = 180.0
_TASK_STOP_WITHIN = 10.0
_POLL = 0.05
_LOG_LINES = 15
_NEEDED = ("bqemulator", "moto", "psutil", "werkzeug")
_TRIES = 3


def _silent(_: str) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class ServerStatus:
    """How one server is.

    Parameters
    ----------
    name
        ``aws``, ``bigquery``, ``ecs``.
    state
        ``running``, ``not answering`` or ``stopped``.
    pid, started
        Its process, and since when in seconds since 1970; None while stopped.
    ports
        By purpose; those to try next time while stopped.
    memory
        Resident bytes; 0 while stopped.
    log
        Its log file.
    """

    name: str
    state: str
    pid: int | None
    started: float | None
    ports: Ports
    memory: int
    log: Path

    @property
    def endpoint(self) -> str:
        """Return where it listens, as a URL; "-" where no port was chosen yet."""
        return f"http://{free_ports.LOOPBACK}:{self.ports['http']}" if "http" in self.ports else "-"

    def as_json(self) -> dict[str, Any]:
        """Return all of it as what JSON can hold."""
        return {
            "name": self.name,
            "state": self.state,
            "pid": self.pid,
            "started": self.started,
            "endpoint": self.endpoint,
            "ports": self.ports,
            "memory_bytes": self.memory,
            "log": str(self.log),
        }


def up(
    settings: Settings, environment: str | None = None, *, say: Callable[[str], None] = _silent
) -> Environment:
    """Start the servers that do not run, and furnish them; what runs and is furnished is left alone.

    Parameters
    ----------
    settings
        Of the repository.
    environment
        Its name; the default one if None.
    say
        Told one line about each thing that a person would want to know.

    Returns
    -------
    Environment
        With the endpoints of the servers.

    Raises
    ------
    UsageError
        Where the environment has no servers on this machine.
    WorkFailed
        Where a server does not start, with the end of its log.
    """
    wanted = settings.declared(environment)
    home = Home.of(settings, wanted)
    _check_installed()
    home.make()
    with _locked(home, say):
        ports = _start_all(home, wanted, say)
        furnished = wanted.model_copy(update={"endpoints": endpoints(ports)})
        provision(furnished, models(home.root))
        _write(home, ports, furnished)
    return furnished


def down(settings: Settings, environment: str | None = None, *, say: Callable[[str], None] = _silent) -> None:
    """Stop every server of this repository, however it was started or left behind."""
    home = Home.of(settings, settings.declared(environment))
    if not home.folder.is_dir() and not _found(home):
        return
    home.folder.mkdir(exist_ok=True)  # somebody may have removed it under servers that run
    with _locked(home, say):
        found = _found(home)
        for server in reversed(SERVERS):
            processes.stop(found.get(server.name, ()), within=server.stop_within)
        # an ECS server that was killed left its tasks behind
        processes.stop(processes.of_task(home.ecs), within=_TASK_STOP_WITHIN)
        processes.kill_task(home.ecs)
        known = files.read(home.servers_file)
        remembered = {name: files.ServerRecord(ports=entry.ports) for name, entry in known.servers.items()}
        files.write(home.servers_file, files.Record(servers=remembered))


def status(settings: Settings, environment: str | None = None) -> list[ServerStatus]:
    """Return how each server is."""
    home = Home.of(settings, settings.declared(environment))
    known = files.read(home.servers_file).servers
    found = _found(home)
    return [_status(server, home, known.get(server.name), found.get(server.name, {})) for server in SERVERS]


def _status(
    server: Server, home: Home, known: files.ServerRecord | None, running: Iterable[psutil.Process]
) -> ServerStatus:
    import psutil

    ports = known.ports if known else {}
    log = home.logs / server.log_name()
    process = next((one for one in running if known and one.pid == known.pid), None)
    if process is None:
        return ServerStatus(server.name, "stopped", None, None, ports, 0, log)
    try:
        memory, started = process.memory_info().rss, process.create_time()
    except psutil.Error:
        return ServerStatus(server.name, "stopped", None, None, ports, 0, log)
    state = "running" if server.answers(ports) else "not answering"
    return ServerStatus(server.name, state, process.pid, started, ports, memory, log)


def _check_installed() -> None:
    """Refuse to begin where the servers' own packages are missing: production does without them."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"the local environment needs packages that are not installed: {', '.join(missing)}",
            next_command="pip install 'featuremart[local]'",
        )


@contextmanager
def _locked(home: Home, say: Callable[[str], None]) -> Iterator[None]:
    """Keep a second ``mart up`` or ``mart down`` waiting."""
    from filelock import FileLock, Timeout

    lock = FileLock(home.lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("another mart up or mart down is at work: waiting for it")
        try:
            lock.acquire(timeout=_LOCK_WITHIN)
        except Timeout:
            raise WorkFailed(
                f"another mart up or mart down has held {home.lock_file} for {_LOCK_WITHIN:.0f} s",
                next_command="mart servers",
            ) from None
    try:
        yield
    finally:
        lock.release()


def _found(home: Home) -> dict[str, dict[psutil.Process, list[str]]]:
    """Return the processes of this home's servers with their command lines, whether anything remembers them or not."""
    found: dict[str, dict[psutil.Process, list[str]]] = {}
    for process, line in processes.with_words(("--home", str(home.folder))):
        for server in SERVERS:
            if server.module in line:
                found.setdefault(server.name, {})[process] = line
    return found


def _start_all(home: Home, environment: Environment, say: Callable[[str], None]) -> dict[str, Ports]:
    """Leave every server running as it is meant to, and return their ports."""
    tries = _TRIES
    while True:
        ports = _choose_ports(home, say)
        started = _start(home, environment, ports, say)
        if not started:
            return ports
        _write(home, ports, None)
        fallen = _wait(started, ports)
        if fallen is None:
            return ports
        tries -= 1
        # Somebody may have been quicker to take its port; else it fell for a reason of its own.
        hangs = fallen.name in _found(home)
        if hangs or not tries or all(free_ports.is_free(port) for port in ports[fallen.name].values()):
            what = f"does not answer after {START_WITHIN:.0f} s" if hangs else "does not start"
            raise WorkFailed(
                f"the {fallen.name} server {what}; the end of its log:\n{_tail(home, fallen)}",
                next_command=f"less {home.logs / fallen.log_name()}",
            )


def _choose_ports(home: Home, say: Callable[[str], None]) -> dict[str, Ports]:
    """Return the ports of all servers: those that one has, else those it had if they are free, else others."""
    known = files.read(home.servers_file).servers
    found = _found(home)
    chosen: dict[str, Ports] = {}
    taken = {port for entry in known.values() for port in entry.ports.values()}
    for server in SERVERS:
        entry = known.get(server.name)
        before = entry.ports if entry else {}
        running = bool(entry and any(process.pid == entry.pid for process in found.get(server.name, ())))
        chosen[server.name] = {}
        for purpose in server.purposes:
            port = before.get(purpose)
            if port is None or not (running or free_ports.is_free(port)):
                replaced = port
                port = free_ports.choose(f"{home.folder} {server.name} {purpose}", taken=taken)
                taken.add(port)
                if replaced is not None:
                    say(f"{server.name}: port {replaced} is in use by another program; {port} from now on")
            chosen[server.name][purpose] = port
    return chosen


def _start(
    home: Home, environment: Environment, ports: dict[str, Ports], say: Callable[[str], None]
) -> dict[Server, int]:
    """Start what does not run as it should, stopping what runs otherwise; return the new process numbers."""
    found = _found(home)
    started = {}
    for server in SERVERS:
        line = arguments(server, home, environment, ports)
        running = found.get(server.name, {})
        if list(running.values()) == [line] and server.answers(ports[server.name]):
            continue
        if running:
            say(f"{server.name}: was not as it should be, restarting it")
            processes.stop(running, within=server.stop_within)
        log = home.logs / server.log_name()
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        variables = processes.plain_environment({"PYTHONPATH": str(home.code)})
        started[server] = processes.spawn(line, environment=variables, log=log)
    return started


def _wait(started: dict[Server, int], ports: dict[str, Ports]) -> Server | None:
    """Wait until all answer; return the first that fell, or does not answer in time, instead."""
    waiting = list(started)
    deadline = time.monotonic() + START_WITHIN
    while waiting:
        for server in waiting:
            if processes.is_gone(started[server]) or time.monotonic() > deadline:
                return server
        waiting = [server for server in waiting if not server.answers(ports[server.name])]
        time.sleep(_POLL)
    return None


def _tail(home: Home, server: Server) -> str:
    log = home.logs / server.log_name()
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-_LOG_LINES:]) or "    (it is empty)"


def _write(home: Home, ports: dict[str, Ports], furnished: Environment | None) -> None:
    """Remember processes and ports, and the endpoints once the servers are furnished."""
    found = _found(home)
    servers = {}
    for name, of_server in ports.items():
        process = next(iter(found.get(name, {})), None)
        servers[name] = files.ServerRecord(
            ports=of_server,
            pid=process.pid if process else None,
            started=process.create_time() if process else None,
        )
    record = files.Record(servers=servers, **({"endpoints": furnished.endpoints} if furnished else {}))
    files.write(home.servers_file, record)
