"""What a function reaches: the helpers, constants and imports that decide its values, and theirs in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featuremart.catalog.modules import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from featuremart.catalog.modules import Binding, Module


def reached(modules: Mapping[str, Module], start: Module, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Follow names through the modules of a model.

    Parameters
    ----------
    modules
        All modules of the model, by dotted name.
    start
        The module that the names stand in.
    names
        Names of functions or constants.

    Returns
    -------
    dict
        ``module:name`` -> what the name is bound to: the digests of its statements, or the path of an import.
        Names that no module of the model binds are Python's own, and not among them.
    """
    found: dict[str, tuple[str, ...]] = {}
    waiting = [(start, name) for name in names]
    while waiting:
        module, name = waiting.pop()
        key = f"{module.name}:{name}"
        bindings = [binding for binding in module.bindings.get(name, ()) if not binding.declares]
        if key in found or not bindings:
            continue
        found[key] = tuple(_meaning(binding) for binding in bindings)
        for binding in bindings:
            if binding.imported is not None:
                waiting += _named(modules, binding.imported.path)
            else:
                waiting += _used(modules, module, binding)
    return found


def _meaning(binding: Binding) -> str:
    return binding.syntax.digest if binding.imported is None else f"import {binding.imported.path}"


def _used(modules: Mapping[str, Module], module: Module, binding: Binding) -> Iterator[tuple[Module, str]]:
    """Yield the names that a statement uses, those of the model's other modules (``_geo.distance``) included."""
    own = binding.syntax.names & module.bindings.keys()
    modules_used = {
        name
        for name in own
        for bound in module.bindings[name]
        if bound.imported and _is_own(bound.imported.path)
    }
    for name in own:
        yield module, name
    if modules_used:
        for path in binding.syntax.paths:
            if path.partition(".")[0] in modules_used:
                yield from _named(modules, module.resolve_path(path), used=True)


def _is_own(path: str) -> bool:
    return path.partition(".")[0] == FOLDER


def _named(modules: Mapping[str, Module], path: str, *, used: bool = False) -> Iterator[tuple[Module, str]]:
    """Yield the names of the model's modules that a full path means.

    The import of a module means none of its names: which of them count, its uses say. A use of the module as a
    value (``getattr(_geo, name)``) may mean any of them.
    """
    if not _is_own(path):
        return
    parts = path.split(".")
    for end in range(len(parts), 1, -1):
        module = modules.get(".".join(parts[:end]))
        if module is not None:
            names = parts[end : end + 1] or (list(module.bindings) if used else [])
            yield from ((module, name) for name in names)
            return
