"""Work-arounds for how the BigQuery server describes its tables: each with its reason.

``tests/local/test_bigquery_tables.py`` fails as soon as a newer emulator makes one unnecessary.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def apply() -> None:
    """Change the emulator where a table and its description part."""
    writes_change_last_modified()
    described_columns_exist()
    alter_changes_the_description()


def writes_change_last_modified() -> None:
    """Move a table's last-modified time when its rows change.

    The emulator moves it for a new description only. A plan reads from it whether a source has to be extracted
    again.
    """
    manager: Any = import_module("bqemulator.versioning.snapshots").SnapshotManager
    record_change = manager.record_change

    def record_and_touch(self: Any, project: str, dataset: str, table: str) -> Any:
        catalog, now = self._catalog, self._clock.now()
        meta = catalog.get_table(project, dataset, table)
        if meta is not None:
            catalog.update_table(meta.model_copy(update={"last_modified_time": now}))
        return record_change(self, project, dataset, table)

    manager.record_change = record_and_touch


def described_columns_exist() -> None:
    """Add the columns that a table's new description has and the table has not.

    BigQuery adds columns by ``tables.patch``; the emulator changes the description alone, and the table then
    refuses rows with the new columns.
    """
    repository: Any = import_module("bqemulator.catalog.duckdb_repository").DuckDBCatalogRepository
    types = import_module("bqemulator.storage.type_map")
    identifiers = import_module("bqemulator.storage.sql_identifiers")
    update_table = repository.update_table

    def update_and_add(self: Any, table: Any) -> Any:
        before = self.get_table(table.project_id, table.dataset_id, table.table_id)
        known = {field.name for field in before.schema_.fields} if before else set()
        added = [field for field in table.schema_.fields if field.name not in known]
        if before and table.table_type == "TABLE":
            reference = identifiers.quoted_table_ref(table.project_id, table.dataset_id, table.table_id)
            columns = types.bq_schema_to_duckdb_columns(
                [{"name": f.name, "type": f.type, "mode": f.mode} for f in added]
            )
            for name, dtype in columns:
                self._engine.execute(f'ALTER TABLE {reference} ADD COLUMN IF NOT EXISTS "{name}" {dtype}')
        return update_table(self, table)

    repository.update_table = update_and_add


def alter_changes_the_description() -> None:
    """Let a table's description follow ``ALTER TABLE``.

    The emulator changes the table alone: its description goes on to name columns that are gone.
    """
    jobs: Any = import_module("bqemulator.api.routes.jobs")
    execute = jobs.execute_query_job

    async def execute_and_describe(
        project: str, job: str, sql: str, parameters: Any, context: Any, **options: Any
    ) -> Any:
        done = await execute(project, job, sql, parameters, context, **options)
        if done.statistics.get("query", {}).get("statementType") == "ALTER_TABLE":
            _describe_altered(project, sql, context)
        return done

    jobs.execute_query_job = execute_and_describe


def _describe_altered(project: str, sql: str, context: Any) -> None:
    import sqlglot

    statement: Any = sqlglot.parse_one(sql, read="bigquery")
    target = statement.this
    meta = context.catalog.get_table(target.catalog or project, target.db, target.name)
    if meta is None:
        return
    fields = list(meta.schema_.fields)
    for action in statement.args.get("actions", ()):
        fields = _altered(fields, action)
    schema = meta.schema_.model_copy(update={"fields": tuple(fields)})
    now = context.clock.now()
    context.catalog.update_table(meta.model_copy(update={"schema_": schema, "last_modified_time": now}))


def _altered(fields: list[Any], action: Any) -> list[Any]:
    """Return the fields after one action of an ``ALTER TABLE``."""
    from sqlglot import exp

    if isinstance(action, exp.Drop):
        return [field for field in fields if field.name != action.this.name]
    if isinstance(action, exp.RenameColumn):
        return [
            field.model_copy(update={"name": action.args["to"].name})
            if field.name == action.this.name
            else field
            for field in fields
        ]
    if isinstance(action, exp.AlterColumn) and action.args.get("dtype"):
        dtype = action.args["dtype"].sql(dialect="bigquery")
        return [
            field.model_copy(update={"type": dtype}) if field.name == action.this.name else field
            for field in fields
        ]
    if isinstance(action, exp.ColumnDef) and action.name not in {field.name for field in fields}:
        kind = import_module("bqemulator.catalog.models").TableFieldSchema
        return [
            *fields,
            kind(name=action.name, type=action.args["kind"].sql(dialect="bigquery"), mode="NULLABLE"),
        ]
    return fields
