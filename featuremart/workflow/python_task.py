"""Run the function of a ``py>`` task; this file is copied beside the task's input and run by any Python 3.

It provides the module ``digdag``, with which the function stores and exports parameters and adds tasks::

    import digdag

    def run(day, limit=3):
        digdag.env.store({"rows": limit})
        digdag.env.add_subtask({"echo>": "done"})

Arguments: the function's name (``package.module.function``, ``package.module.Class.method``; a class alone means
its ``run``), the file of its input and the file of its output, both JSON.
"""

import inspect
import json
import os
import sys
import traceback
import types


class Environment:
    """What a function leaves behind: ``digdag.env``."""

    def __init__(self, params):
        self.params = params
        self.subtask_config = {}
        self.export_params = {}
        self.store_params = {}
        self.state_params = {}

    def set_state(self, params=None, **more):
        """Keep parameters until the task is tried again."""
        self.state_params.update(params or {}, **more)

    def export(self, params=None, **more):
        """Give parameters to the tasks that this one adds."""
        self.export_params.update(params or {}, **more)

    def store(self, params=None, **more):
        """Give parameters to all tasks that come after this one."""
        self.store_params.update(params or {}, **more)

    def add_subtask(self, function=None, **params):
        """Add a task: a function with its parameters, or the task as it would stand in the file."""
        if function is None or isinstance(function, dict):
            task = dict(function or {}, **params)
        else:
            task = dict(params, **{"py>": "{}.{}".format(function.__module__, function.__qualname__)})
        try:
            json.dumps(task)
        except (TypeError, ValueError) as error:
            raise TypeError("Parameters must be serializable using JSON: {}".format(error)) from error
        self.subtask_config["+subtask{}".format(len(self.subtask_config))] = task


def find(command):
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


def attribute(module, wanted, path, name):
    """Take something out of a module."""
    try:
        return getattr(module, wanted)
    except AttributeError:
        raise AttributeError("Module '{}' has no attribute '{}'".format(path, name))


def arguments(function, is_method, params):
    """Choose the parameters that a function names; all of them where it takes any."""
    if function is object.__init__:
        return {}
    spec = inspect.getfullargspec(function)
    names = spec.args[1:] if is_method else spec.args
    required = len(names) - len(spec.defaults or ())
    for name in names[: max(required, 0)]:
        if name not in params:
            raise TypeError(
                "Method '{}' requires parameter '{}' but not set".format(function.__qualname__, name)
            )
    return params if spec.varkw else {name: params[name] for name in names if name in params}


def call(command, params):
    """Call what a command names."""
    function, method = find(command)
    if method is not None:
        instance = function(**arguments(function.__init__, True, params))
        function = getattr(instance, method)
    function(**arguments(function, method is not None, params))


def main(command, input_file, output_file):
    """Call the function, and write down what it left behind or why it failed."""
    with open(input_file, encoding="utf-8") as file:
        params = json.load(file)["params"]
    module = sys.modules["digdag"] = types.ModuleType("digdag")
    module.env = environment = Environment(params)
    sys.path.append(os.getcwd())
    failure = None
    output = {}
    try:
        call(command, params)
    except SystemExit as error:
        cause = "Possible cause: Invalid python module call, duplicate module name with standard library"
        failure = Exception("Failed to call python command with code:{}".format(error.code), cause)
        output["error"] = described(error, "{} {}".format(*failure.args))
    except Exception as error:
        failure = error
        output["error"] = described(error, str(error))
    output["subtask_config"] = environment.subtask_config
    output["export_params"] = environment.export_params
    output["store_params"] = environment.store_params
    with open(output_file, "w", encoding="utf-8") as file:
        json.dump(output, file)
    if failure is not None:
        raise failure


def described(error, message):
    """Write an error as an object."""
    trace = traceback.format_exception(type(error), error, error.__traceback__)
    return {"class": type(error).__name__, "message": message, "backtrace": trace}


if __name__ == "__main__":
    main(*sys.argv[1:])
