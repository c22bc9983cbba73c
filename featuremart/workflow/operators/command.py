"""Operators that run a process: a shell script, a Python function."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featuremart.workflow import values
from featuremart.workflow.operators.request import CommandFailed, Result
from featuremart.workflow.operators.secrets import secret_text
from featuremart.workflow.values import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from featuremart.workflow.operators.request import TaskRequest
    from featuremart.workflow.values import Config

_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z_0-9]*")


def sh(request: TaskRequest) -> Result:
    """Run a shell script, with every parameter that has a fitting name as an environment variable."""
    params = _with_defaults(request, "sh")
    shell = _words(params, "shell") if "shell" in params else ["/bin/sh"]
    script = secret_text(values.text(params, "_command"), request.services)
    environment = {
        key: values.plain_text(values.required(params, key)) for key in params if _VARIABLE.fullmatch(key)
    }
    with _scratch(request, "sh") as (folder, scratch):
        runner = scratch / "runner.sh"
        runner.write_text(script, encoding="utf-8", errors="replace")
        code = _run(request, [*shell, os.path.relpath(runner, folder)], folder, environment)
    if code != 0:
        raise CommandFailed(f"Command failed with code {code}")
    return Result()


def py(request: TaskRequest) -> Result:
    """Call a Python function with the parameters that it names; it may store, export and make tasks."""
    params = _with_defaults(request, "py")
    python = _words(params, "python") if "python" in params else ["python"]
    with _scratch(request, "py") as (folder, scratch):
        runner, given, made = scratch / "runner.py", scratch / "input.json", scratch / "output.json"
        files = [os.path.relpath(path, folder) for path in (given, made)]
        if "_command" in params:
            source = (resources.files("featuremart.workflow") / "python_task.py").read_text(encoding="utf-8")
            arguments = [values.text(params, "_command"), *files]
        else:
            source, arguments = values.text(params, "script"), files
        given.write_text(json.dumps({"params": params}), encoding="utf-8")
        runner.write_text(source, encoding="utf-8", errors="replace")
        code = _run(request, [*python, os.path.relpath(runner, folder), *arguments], folder, {})
        output = json.loads(made.read_text(encoding="utf-8")) if made.is_file() else None
    if code != 0:
        raise CommandFailed(_python_error(code, output))
    if output is None:
        raise CommandFailed("the Python function ended the process without a result")
    return Result(
        subtasks=values.nested_or_empty(output, "subtask_config"),
        export_params=values.nested_or_empty(output, "export_params"),
        store_params=values.nested_or_empty(output, "store_params"),
    )


def _with_defaults(request: TaskRequest, operator: str) -> Config:
    params = values.copy_config(request.config)
    values.merge_missing(params, values.nested_or_empty(params, operator))
    return params


def _words(params: Config, key: str) -> list[str]:
    value = params[key]
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise values.unexpected(key, "array type", value)
    return [values.as_text(key, word) for word in value]


@contextmanager
def _scratch(request: TaskRequest, operator: str) -> Iterator[tuple[Path, Path]]:
    """Yield the folder to run in and a new one for the scripts, gone afterwards."""
    project = request.services.project.directory
    name = values.optional_text(request.config, "_workdir") or ""
    folder = Path(os.path.normpath(project / name))
    if not folder.is_relative_to(project):
        raise ConfigError(f"Working directory must not be outside of project path: {name}", "_workdir")
    request.services.scratch.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f"digdag-{operator}-", dir=request.services.scratch))
    try:
        yield folder, scratch
    finally:
        shutil.rmtree(scratch)


def _run(request: TaskRequest, command: list[str], folder: Path, variables: dict[str, str]) -> int:
    environment = {**request.services.environment, **variables}
    for key, value in values.nested_or_empty(request.local, "_env").items():
        if not _VARIABLE.fullmatch(key):
            raise ConfigError(f"Invalid _env key name: {key}", "_env")
        if value is None:
            raise ConfigError(f"Parameter '{key}' is required but null", "_env")
        environment[key] = secret_text(values.as_text(key, value), request.services)
    try:
        return request.services.processes.run(command, folder, environment, request.write)
    except (OSError, ValueError) as error:
        raise CommandFailed(
            f'Cannot run program "{command[0]}" (in directory "{folder.name}"): {error}'
        ) from error


def _python_error(code: int, output: Any) -> str:
    message = f"Python command failed with code {code}"
    if not isinstance(output, dict):
        return message
    error = values.as_object(output.get("error"))
    lines = error.get("backtrace")
    trace = "".join(f"\n\tfrom {line}" for line in lines) if isinstance(lines, list) else ""
    return f"{message}\nError messages from python: {error.get('message')} ({error.get('class')}){trace}"
