"""Run the function of a ``py>`` task; this file is copied beside the task's input and run by any Python 3.

It provides the module ``digdag``, with which the function stores and exports parameters and adds tasks::

    import digdag

    def run(day, limit=3):
        digdag.env.store({"rows": limit})
        digdag.env.add_subtask({"echo>": "done"})

Arguments: the function's name (``package.module.function``, ``package.module.Class.method``; a class alone means
its ``run``), the file of its input and the file of its output, both JSON.
"""

from __future__ import annotations

import inspect
import json
import sys
import traceback
import types
from pathlib import Path
from typing import Any


class Environment:
    """What a function leaves behind: ``digdag.env``.

    Parameters
    ----------
    params
        What the task sees.
    """

    def __init__(self, params: dict[str, Any]) -> None:
        self.params = params
        self.subtask_config: dict[str, Any] = {}
        self.export_params: dict[str, Any] = {}
        self.store_params: dict[str, Any] = {}
        self.state_params: dict[str, Any] = {}

    def set_state(self, params: dict[str, Any] | None = None, **more: Any) -> None:
        """Keep parameters until the task is tried again."""
        self.state_params.update(params or {}, **more)

    def export(self, params: dict[str, Any] | None = None, **more: Any) -> None:
        """Give parameters to the tasks that this one adds."""
        self.export_params.update(params or {}, **more)

    def store(self, params: dict[str, Any] | None = None, **more: Any) -> None:
        """Give parameters to all tasks that come after this one."""
        self.store_params.update(params or {}, **more)

    def add_subtask(self, function: Any = None, **params: Any) -> None:
        """Add a task: a function with its parameters, or the task as it would stand in the file."""
        if function is None or isinstance(function, dict):
            task = {**(function or {}), **params}
        else:
            task = {**params, "py>": f"{function.__module__}.{function.__qualname__}"}
        try:
            json.dumps(task)
        except (TypeError, ValueError) as error:
            raise TypeError(f"Parameters must be serializable using JSON: {error}") from error
        self.subtask_config[f"+subtask{len(self.subtask_config)}"] = task


def find(command: str) -> tuple[Any, str | None]:
    """Find what a command names: a class with the name of a method, or a function and None."""
    path, _, name = command.rpartition(".")
    try:
        module = __import__(path, fromlist=[name])
    except ImportError:
        path, _, class_name = path.rpartition(".")
        module = __import__(path, fromlist=[class_name])
        return attribute(module, class_name, path, name), name
    found = attribute(module, name, path, name)
    return (found, "run") if isinstance(found, type) else (found, None)


def attribute(module: types.ModuleType, wanted: str, path: str, name: str) -> Any:
    """Take something out of a module."""
    try:
        return getattr(module, wanted)
    except AttributeError:
        message = f"Module '{path}' has no attribute '{name}'"
        raise AttributeError(message)  # noqa: B904 (the traceback shows both as independent, as on a server)


def arguments(function: Any, params: dict[str, Any], *, is_method: bool) -> dict[str, Any]:
    """Choose the parameters that a function names; all of them where it takes any."""
    if function is object.__init__:
        return {}
    spec = inspect.getfullargspec(function)
    names = spec.args[1:] if is_method else spec.args
    required = max(len(names) - len(spec.defaults or ()), 0)
    for name in names[:required]:
        if name not in params:
            raise TypeError(f"Method '{function.__qualname__}' requires parameter '{name}' but not set")
    return params if spec.varkw else {name: params[name] for name in names if name in params}


def call(command: str, params: dict[str, Any]) -> None:
    """Call what a command names."""
    function, method = find(command)
    if method is not None:
        instance = function(**arguments(function.__init__, params, is_method=True))
        function = getattr(instance, method)
    function(**arguments(function, params, is_method=method is not None))


def main(command: str, input_file: str, output_file: str) -> None:
    """Call the function, and write down what it left behind or why it failed."""
    params = json.loads(Path(input_file).read_text(encoding="utf-8"))["params"]
    environment = Environment(params)
    module = types.ModuleType("digdag")
    module.__dict__["env"] = environment
    sys.modules["digdag"] = module
    sys.path.append(str(Path.cwd()))
    output: dict[str, Any] = {}
    failure: Exception | None = None
    try:
        call(command, params)
    except SystemExit as error:
        cause = "Possible cause: Invalid python module call, duplicate module name with standard library"
        failure = Exception(f"Failed to call python command with code:{error.code}", cause)
        output["error"] = described(error, " ".join(failure.args))
    except Exception as error:  # noqa: BLE001 (whatever a task raises is written down, and raised again below)
        failure = error
        output["error"] = described(error, str(error))
    output["subtask_config"] = environment.subtask_config
    output["export_params"] = environment.export_params
    output["store_params"] = environment.store_params
    Path(output_file).write_text(json.dumps(output), encoding="utf-8")
    if failure is not None:
        raise failure


def described(error: BaseException, message: str) -> dict[str, Any]:
    """Write an error as an object."""
    trace = traceback.format_exception(type(error), error, error.__traceback__)
    return {"class": type(error).__name__, "message": message, "backtrace": trace}


if __name__ == "__main__":
    main(*sys.argv[1:])
