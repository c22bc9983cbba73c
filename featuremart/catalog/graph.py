"""Who depends on what: features of a table, tables and sources of a catalog."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from featuremart.catalog.model import ParameterKind
from featuremart.errors import WorkFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from featuremart.catalog.model import Catalog, FeatureSpec, TableSpec


def feature_order(features: Iterable[FeatureSpec]) -> tuple[FeatureSpec, ...]:
    """Sort features so that each comes after the features that it takes as parameters.

    Parameters
    ----------
    features
        Of one table. A parameter that names a feature which is not among them is left out of account.

    Returns
    -------
    tuple of FeatureSpec
        The same features; those that do not depend on each other in the order given.

    Raises
    ------
    WorkFailed
        Where they go in a circle, which a loaded catalog never does.
    """
    by_name = {feature.name: feature for feature in features}
    cycle = find_cycle({name: needed_features(feature) for name, feature in by_name.items()})
    if cycle:
        raise WorkFailed(
            f"features depend on each other in a circle: {' -> '.join(cycle)}", next_command="mart check"
        )
    ordered: dict[str, FeatureSpec] = {}

    def place(feature: FeatureSpec) -> None:
        if feature.name not in ordered:
            for name in needed_features(feature):
                if name in by_name:
                    place(by_name[name])
            ordered[feature.name] = feature

    for feature in by_name.values():
        place(feature)
    return tuple(ordered.values())


def needed_features(feature: FeatureSpec) -> tuple[str, ...]:
    """Return the names of the features that a feature takes as parameters."""
    return tuple(
        parameter.name for parameter in feature.parameters if parameter.kind is ParameterKind.FEATURE
    )


def find_cycle(needs: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return one circle of names, the first repeated at its end, or nothing where there is none.

    Parameters
    ----------
    needs
        Name -> names that it depends on.
    """
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()


def upstream(catalog: Catalog, table: TableSpec) -> tuple[str, ...]:
    """Return the names of the sources that a table is computed from, its own first."""
    return tuple(name for name in table.sources if name in catalog.sources)


def downstream(catalog: Catalog, source: str) -> tuple[TableSpec, ...]:
    """Return the tables that read a source, in order of their ids."""
    return tuple(table for _, table in sorted(catalog.tables.items()) if source in table.sources)
