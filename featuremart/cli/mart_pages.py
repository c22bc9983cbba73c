"""What ``mart tables`` and ``mart describe`` show: the code and the mart side by side, and where they differ."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from featuremart.errors import ProblemsFound, UsageError, did_you_mean

if TYPE_CHECKING:
    from featuremart.catalog.model import Catalog, Check, FeatureSpec, TableSpec
    from featuremart.mart.rest import Rest, TableInfo
    from featuremart.mart.state import TableState

_SHORT = 12


def list_tables(rest: Rest, *, as_json: bool) -> None:
    """Print the tables of the mart, one a line."""
    from featuremart.mart.state import table_states

    catalog = _catalog()
    declared = {table.mart_name: table for table in catalog.tables.values()}
    states = table_states(rest)
    rows = [_line(name, declared.get(name), states.get(name)) for name in sorted({*declared, *states})]
    if as_json:
        for row in rows:
            click.echo(json.dumps(row))
        return
    if not rows:
        click.echo("no table is declared, and none is published; next: mart new model NAME")
        return
    _print_lines([{key: _cell(value) for key, value in row.items()} for row in rows])


def _line(name: str, table: TableSpec | None, state: TableState | None) -> dict[str, Any]:
    model, _, short = name.partition("__")
    return {
        "model": model,
        "table": short,
        "kind": str(table.kind) if table else "not in the code",
        "partitions": state.partitions if state else 0,
        "first_day": state.first_day.isoformat() if state and state.first_day else None,
        "last_day": state.last_day.isoformat() if state and state.last_day else None,
        "rows": state.rows if state else 0,
        "last_published": state.published_at.isoformat(timespec="seconds") if state else None,
        "code": state.fingerprint[:_SHORT] if state else None,
        "note": _note(table, state),
    }


def _note(table: TableSpec | None, state: TableState | None) -> str:
    if state is None:
        return "never published"
    if table is None:
        return ""
    if state.fingerprint != table.code_fingerprint:
        return "the code changed since"
    return "some partitions are of older code" if state.code_fingerprints > 1 else ""


def describe_table(rest: Rest, name: str, *, as_json: bool) -> None:
    """Print what a table or feature means, as the code and the mart say.

    Parameters
    ----------
    rest
        BigQuery.
    name
        ``model.table``, its mart name, or either with ``.feature`` behind it.
    as_json
        For a program.

    Raises
    ------
    UsageError
        Where neither code nor mart knows the name, with the nearest ones.
    """
    catalog = _catalog()
    mart_name, feature = _split(name)
    table = next((one for one in catalog.tables.values() if one.mart_name == mart_name), None)
    info = rest.table(rest.environment.mart_dataset, mart_name)
    if table is None and info is None:
        known = {*catalog.tables, *(f"{one.replace('__', '.', 1)}" for one in _mart_tables(rest))}
        hint = did_you_mean(mart_name.replace("__", ".", 1), known)
        raise UsageError(f"no table {name!r} in the code or in the mart: {hint}", next_command="mart tables")
    page = (
        _table_page(rest, mart_name, table, info)
        if feature is None
        else _feature_page(rest, mart_name, feature, table, info)
    )
    if as_json:
        click.echo(json.dumps(page, ensure_ascii=False, default=str))
    elif feature is None:
        _print_table(page)
    else:
        _print_feature(page)


def _split(name: str) -> tuple[str, str | None]:
    """Return the mart table and the feature that a name means."""
    parts = name.split(".")
    if "__" in parts[0]:
        table, rest = parts[0], parts[1:]
    else:
        table, rest = "__".join(parts[:2]), parts[2:]
    if len(rest) > 1:
        raise UsageError(
            f"{name!r} is no table and no feature", next_command="mart describe MODEL.TABLE.FEATURE"
        )
    return table, rest[0] if rest else None


def _mart_tables(rest: Rest) -> list[str]:
    names = rest.tables(rest.environment.mart_dataset)
    return [name for name in names if "__" in name and not name.startswith("mart_")]


def _catalog() -> Catalog:
    """Load the catalog; where the code is broken, the mart can be looked at nevertheless."""
    from featuremart.catalog import Catalog, load
    from featuremart.config.settings import load_settings

    try:
        return load(load_settings().root)
    except ProblemsFound as error:
        click.echo(f"the code is left out, it has {len(error.problems)} problems: mart check", err=True)
        return Catalog()


def _table_page(rest: Rest, name: str, table: TableSpec | None, info: TableInfo | None) -> dict[str, Any]:
    from featuremart.mart.state import table_states
    from featuremart.steps.describe_table import text_of

    columns = {item.name: item for item in info.columns} if info else {}
    features = {feature.name: feature for feature in table.features} if table else {}
    names = [*(column.name for column in table.output_columns)] if table else []
    names += [one for one in columns if one not in names] + [
        one for one in features if one not in {*names, *columns}
    ]
    return {
        "table": name,
        "about": text_of(table.doc) if table else (info.description if info else ""),
        "owner": table.owner if table else None,
        "file": str(table.where) if table else None,
        "keys": list(table.keys) if table else list(info.clustering if info else ()),
        "grain": _grain(table) if table else None,
        "state": _line(name, table, table_states(rest).get(name)),
        "columns": [
            _column(one, table, features.get(one), columns, published=info is not None) for one in names
        ],
    }


def _grain(table: TableSpec) -> str:
    keys = ", ".join(table.keys)
    if table.kind == "snapshot":
        return f"one row for each {keys}; replaced whole"
    if table.kind == "window":
        return f"one row for each {keys} and day, from the last {table.window_days} days of {table.source}"
    return f"one row for each {keys}, in the partition of its day; from {table.source}"


def _column(
    name: str, table: TableSpec | None, feature: FeatureSpec | None, mart: dict[str, Any], *, published: bool
) -> dict[str, Any]:
    declared = {column.name: column for column in table.output_columns} if table else {}
    found = mart.get(name)
    kind = (
        str(declared[name].type)
        if name in declared
        else (found.full_type if found else str(feature.type) if feature else "")
    )
    about = feature.doc.summary if feature else (found.description if found else "")
    return {
        "name": name,
        "type": kind,
        "required": declared[name].required if name in declared else bool(found and found.mode == "REQUIRED"),
        "about": about,
        "check": check_text(feature.check) if feature else "",
        "difference": _difference(name, declared, feature, found, published=published),
    }


def _difference(
    name: str, declared: dict[str, Any], feature: FeatureSpec | None, found: Any, *, published: bool
) -> str:
    if feature is not None and feature.rejected is not None:
        return f"rejected: {feature.rejected}"
    if not published or (name in declared and found is None):
        return "not published yet"
    if name not in declared:
        return "not in the code"
    kind = str(declared[name].type)
    return "" if found.full_type == kind else f"{found.full_type} in the mart"


def check_text(check: Check) -> str:
    """Return what a check demands, in one line."""
    parts = []
    if check.between is not None:
        low, high = check.between
        parts.append(
            f"between {low} and {high}"
            if None not in check.between
            else f"at least {low}"
            if high is None
            else f"at most {high}"
        )
    if check.nulls is not True:
        parts.append("no nulls" if check.nulls is False else f"at most {check.nulls:.0%} nulls")
    if check.unique:
        parts.append("unique")
    if check.isin is not None:
        parts.append(f"one of {', '.join(map(str, check.isin))}")
    if check.matches is not None:
        parts.append(f"matches {check.matches}")
    return "; ".join(parts)


def _feature_page(
    rest: Rest, table_name: str, name: str, table: TableSpec | None, info: TableInfo | None
) -> dict[str, Any]:
    features = {feature.name: feature for feature in table.features} if table else {}
    columns = {item.name: item for item in info.columns} if info else {}
    if name not in features and name not in columns:
        known = {*features, *columns}
        raise UsageError(
            f"{table_name} has no column {name!r}: {did_you_mean(name, known)}",
            next_command=f"mart describe {table_name}",
        )
    feature = features.get(name)
    column = _column(name, table, feature, columns, published=info is not None)
    if feature is None:
        return {"table": table_name, **column, "profile": _profile(rest, table_name, name)}
    return {
        "table": table_name,
        **column,
        "body": feature.doc.body,
        "sections": dict(feature.doc.sections),
        "from": [parameter.name for parameter in feature.parameters],
        "file": str(feature.where),
        "profile": _profile(rest, table_name, name),
    }


def _profile(rest: Rest, table: str, feature: str) -> dict[str, Any] | None:
    """Return the newest profile of a feature, None where none was published."""
    from featuremart.mart.state import newest_profile

    return newest_profile(rest, table, feature)


def _print_table(page: dict[str, Any]) -> None:
    click.echo(f"{page['table']}\n\n{page['about']}\n")
    state = page["state"]
    facts = {
        "owner": page["owner"],
        "file": page["file"],
        "keys": ", ".join(page["keys"]),
        "grain": page["grain"],
        "published": _published_text(state),
    }
    for title, text in facts.items():
        if text:
            click.echo(f"{title:<10} {text}")
    click.echo()
    _print_lines(
        [
            {
                "column": column["name"],
                "type": column["type"] + (" required" if column["required"] else ""),
                "about": column["about"].split("\n")[0],
                "check": column["check"],
                "note": column["difference"],
            }
            for column in page["columns"]
        ]
    )


def _published_text(state: dict[str, Any]) -> str:
    if not state["last_published"]:
        return str(state["note"])
    days = f"{state['first_day']} to {state['last_day']}, " if state["first_day"] else ""
    note = f" ({state['note']})" if state["note"] else ""
    return f"{days}{state['rows']:,} rows, last at {state['last_published']}{note}"


def _print_feature(page: dict[str, Any]) -> None:
    click.echo(
        f"{page['table']}.{page['name']}  {page['type']}{' required' if page['required'] else ''}\n\n{page['about']}"
    )
    if page.get("body"):
        click.echo(f"\n{page['body']}")
    for title, text in page.get("sections", {}).items():
        click.echo(f"\n{title}:\n  " + text.replace("\n", "\n  "))
    click.echo()
    for title, text in (
        ("check", page["check"]),
        ("note", page["difference"]),
        ("from", ", ".join(page.get("from", ()))),
        ("file", page.get("file")),
        ("values", _profile_text(page["profile"])),
    ):
        if text:
            click.echo(f"{title:<7} {text}")


def _profile_text(profile: dict[str, Any] | None) -> str:
    if profile is None:
        return ""
    parts = [f"{profile['count']:,} values, {profile['nulls']:,} nulls"]
    if "distinct" in profile:
        parts.append(f"{profile['distinct']:,} different")
    if "quantiles" in profile:
        parts.append(", ".join(f"{float(q):.0%}: {value:g}" for q, value in profile["quantiles"].items()))
    if profile.get("top"):
        parts.append(
            "most frequent: " + ", ".join(f"{value} ({count:,})" for value, count in profile["top"][:5])
        )
    return f"{'; '.join(parts)} ({profile['partition']})"


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _print_lines(rows: list[dict[str, str]]) -> None:
    """Print aligned columns, without those that are empty throughout; on a terminal, no wider than it."""
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    if sys.stdout.isatty():
        _draw(names, rows)
        return
    widths = {name: max(len(name), *(len(row[name]) for row in rows)) for name in names}
    for row in [{name: name for name in names}, *rows]:
        click.echo("  ".join(row[name].ljust(widths[name]) for name in names).rstrip())


def _draw(names: list[str], rows: list[dict[str, str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[name]) for name in names))
    Console().print(table)
