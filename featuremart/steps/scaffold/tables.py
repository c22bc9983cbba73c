"""``mart new table``: a module with one feature, its test, and its tasks in the model's workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from featuremart import catalog as catalog_room
from featuremart.catalog.model import TableKind
from featuremart.catalog.modules import FOLDER
from featuremart.catalog.parameters import known_with_event
from featuremart.errors import UsageError, Where, did_you_mean
from featuremart.lake.columns import ColumnType
from featuremart.steps.check_workflows import FOLDER as WORKFLOWS
from featuremart.steps.scaffold.examples import EXAMPLES, imports_for
from featuremart.steps.scaffold.files import Written, write_all
from featuremart.steps.scaffold.models import refuse_name
from featuremart.steps.scaffold.rendering import render
from featuremart.steps.scaffold.workflows import with_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from featuremart.catalog.model import ModelSpec, SourceColumn, SourceSpec

TESTS = "tests/features"


def new_table(
    root: Path, model: str, name: str, *, source: str, kind: str | None, keys: Sequence[str], days: int
) -> Written:
    """Write a table with one feature.

    Parameters
    ----------
    root
        The repository's root.
    model
        Name of its model.
    name
        Its own name: the module's.
    source
        Name of what it is computed from.
    kind
        ``row``, ``window`` or ``snapshot``; row or snapshot, as the source is, where not given.
    keys
        Columns that identify a row; the first fitting one where none are given.
    days
        Of a window.

    Raises
    ------
    UsageError
        For a name that is taken, unknown or cannot be one, and for what does not go together.
    """
    refuse_name(name, what="a feature table")
    catalog, problems = catalog_room.read(root)
    found_model = catalog.model(model)
    file = f"{FOLDER}/{model}/{name}.py"
    if (root / file).exists():
        raise UsageError(f"the table {model}.{name} is there already", where=Where(file))
    if source not in catalog.sources:
        broken = [problem for problem in problems if problem.where.file == f"embulk/sources/{source}.sql"]
        if broken:
            raise UsageError(f"the source {source} is broken: {broken[0].message}", where=broken[0].where)
    found_source = catalog.source(source)
    if name == source:
        raise UsageError(
            f"the table has the name of its source {source}",
            next_command=f"say what it tells: {name}_history",
        )
    draft = _draft(found_model, name, found_source, kind, keys, days)
    workflow = f"{WORKFLOWS}/{model}.dig"
    contents = {
        file: draft.module(),
        f"{TESTS}/{model}/test_{name}.py": draft.test(),
        workflow: with_table(
            _workflow(root / workflow, found_model, found_source),
            workflow,
            model=model,
            table=name,
            source=found_source,
        ),
    }
    taken = next((path for path in contents if path != workflow and (root / path).exists()), None)
    if taken is not None:
        raise UsageError("this file is there already", where=Where(taken))
    return write_all(root, contents, next_commands=(f"edit {file}", "mart check", f"pytest {TESTS}/{model}"))


def _workflow(path: Path, model: ModelSpec, source: SourceSpec) -> str:
    if path.exists():
        with path.open(encoding="utf-8", newline="") as stream:
            return stream.read()
    headline = model.doc.summary or f"Features for {model.predicts}."
    return render("workflow", headline=headline, model=model.name, timezone=source.timezone)


@dataclass(frozen=True)
class _Draft:
    """A table to be: everything that its module and its test say."""

    model: ModelSpec
    name: str
    source: SourceSpec
    kind: TableKind
    keys: tuple[SourceColumn, ...]
    column: SourceColumn | None
    """What the example feature looks at; None for one that counts rows."""
    days: int

    @property
    def feature(self) -> str:
        return f"{self.source.name}_count" if self.column is None else f"has_{self.column.name}"

    @property
    def group(self) -> str:
        """Return the keys as pandas wants them."""
        names = [f'"{key.name}"' for key in self.keys]
        return names[0] if len(names) == 1 else f"[{', '.join(names)}]"

    def module(self) -> str:
        return render(
            f"{self.kind}_table",
            source=self.source.name,
            keys=", ".join(f'"{key.name}"' for key in self.keys),
            event_time=self.source.event_time,
            feature=self.feature,
            column=self.column.name if self.column else "",
            group=self.group,
            days=self.days,
            # it stands within a docstring
            predicts=self.model.predicts.replace("\\", "/").replace('"', "'") or "what the model predicts",
        )

    def test(self) -> str:
        example = EXAMPLES[self.column.type] if self.column else None
        types = [key.type for key in self.keys if self.kind is not TableKind.ROW]
        types += [self.column.type] if self.column else []
        return render(
            f"{self.kind}_test",
            model=self.model.name,
            table=self.name,
            source=self.source.name,
            feature=self.feature,
            imports=imports_for(types),
            column=self.column.name if self.column else "",
            first=example.first if example else "",
            dtype=example.dtype if example else "",
            key_columns=self._key_columns(),
            first_key=self._key("first"),
            second_key=self._key("second"),
        )

    def _key_columns(self) -> str:
        """Return the key columns of a frame: of a window, the first key stands there twice."""
        lines = []
        for key in self.keys:
            example = EXAMPLES[key.type]
            values = [example.first] * (2 if self.kind is TableKind.WINDOW else 1) + [example.second]
            lines.append(f'"{key.name}": pd.Series([{", ".join(values)}], dtype="{example.dtype}"),\n')
        return "".join(" " * 12 + line for line in lines)

    def _key(self, which: str) -> str:
        values = [getattr(EXAMPLES[key.type], which) for key in self.keys]
        return values[0] if len(values) == 1 else f"({', '.join(values)})"


def _draft(
    model: ModelSpec, name: str, source: SourceSpec, kind: str | None, keys: Sequence[str], days: int
) -> _Draft:
    wanted = TableKind(kind) if kind else TableKind.SNAPSHOT if source.is_snapshot else TableKind.ROW
    if source.is_snapshot is not (wanted is TableKind.SNAPSHOT):
        fitting = "snapshot" if source.is_snapshot else "row or window"
        state = "has no days" if source.is_snapshot else "has days"
        raise UsageError(
            f"a {wanted} table cannot read {source.name}, which {state}", next_command=f"--kind {fitting}"
        )
    usable = [
        column for column in source.columns if wanted is not TableKind.ROW or known_with_event(column, source)
    ]
    found_keys = _keys(source, wanted, keys, usable)
    column = None if wanted is TableKind.WINDOW else _example_column(source, usable, found_keys)
    if wanted is TableKind.SNAPSHOT and column is None:
        raise UsageError(
            f"{source.name} has no column beside its keys", next_command=f"edit {source.where.file}"
        )
    return _Draft(model, name, source, wanted, found_keys, column, days)


def _keys(
    source: SourceSpec, kind: TableKind, names: Sequence[str], usable: Sequence[SourceColumn]
) -> tuple[SourceColumn, ...]:
    """Find the keys that are named, or the first column that can be one."""
    fitting = {column.name: column for column in usable if column.type is not ColumnType.FLOAT64}
    for name in names:
        if name not in fitting:
            message = f"{name} cannot be a key of a {kind} table on {source.name}"
            raise UsageError(message, next_command=f"--key: {did_you_mean(name, fitting)}")
    if names:
        return tuple(fitting[name] for name in dict.fromkeys(names))
    candidates = [
        column for column in fitting.values() if column.required and column.name != source.event_time
    ]
    if kind is TableKind.WINDOW and len(candidates) > 1:
        # the first column identifies a row of the source; a window is about something that comes again
        candidates = [column for column in candidates[1:] if column.type is ColumnType.STRING] or candidates[
            1:
        ]
    if not candidates:
        raise UsageError(
            f"no column of {source.name} is never null, as a key is", next_command="--key COLUMN"
        )
    return (candidates[0],)


def _example_column(
    source: SourceSpec, usable: Sequence[SourceColumn], keys: Sequence[SourceColumn]
) -> SourceColumn | None:
    """Find a column for the example feature: one that may be null says more."""
    others = [column for column in usable if column not in keys and column.name != source.event_time]
    return next((column for column in others if not column.required), others[0] if others else None)
