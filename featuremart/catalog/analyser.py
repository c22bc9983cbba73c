"""What a query makes and reads, told by the GoogleSQL analyser for the tables of one warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from featuremart.catalog.zetasql_service import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from featuremart.catalog.warehouse import TableSchema, WarehouseColumn
    from featuremart.lake.columns import ColumnType

_KIND_OF_TYPE = {"FLOAT64": "DOUBLE"}
_TYPE_OF_KIND = {"DOUBLE": "FLOAT64"}
_INGESTION_TIME = {"_PARTITIONTIME": "TIMESTAMP", "_PARTITIONDATE": "DATE"}
"""Columns of a table that is partitioned by ingestion time; its schema does not tell whether it is."""


@dataclass(frozen=True)
class OutputColumn:
    """A column that a query makes.

    Parameters
    ----------
    name
        Empty where the query gives it none.
    type
        Its GoogleSQL type, for example ``INT64`` or ``ARRAY<STRING>``.
    """

    name: str
    type: str


class Analyser:
    """Judges queries on a set of tables.

    Parameters
    ----------
    schemas
        ``dataset.table`` -> its columns: the committed ones, or those that the warehouse has now.
    folder
        Where the analyser's compiled code is kept: the user's cache where not given.
    announce
        Told one line before a long compilation.
    """

    def __init__(
        self,
        schemas: Mapping[str, TableSchema],
        *,
        folder: Path | None = None,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.schemas = schemas
        self._service = Service(folder, announce)
        self._options = self._service.language
        self._registered = (0, 0)

    def analyse(self, sql: str, parameters: Mapping[str, ColumnType]) -> tuple[OutputColumn, ...]:
        """Return the columns that a query makes.

        Parameters
        ----------
        sql
            One query.
        parameters
            Its query parameters and their types, without the at sign.

        Raises
        ------
        Refused
            Where it is no query on these tables, with the line and column that the analyser names.
        """
        from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages
        from zetasql.wasi._pb2.zetasql.proto import options_pb2
        from zetasql.wasi._pb2.zetasql.public import options_pb2 as public

        options = options_pb2.AnalyzerOptionsProto(
            language_options=self._options,
            error_message_mode=public.ERROR_MESSAGE_ONE_LINE,
            default_timezone="UTC",
        )
        for name, type_ in parameters.items():
            options.query_parameters.add(name=name, type=_scalar(type_))
        request = messages.AnalyzeRequest(
            options=options, sql_statement=sql, registered_catalog_id=self._catalog_number()
        )
        answer = self._service.ask("Analyze", request, messages.AnalyzeResponse.FromString)
        return tuple(
            OutputColumn("" if column.name.startswith("$") else column.name, _type_text(column.column.type))
            for column in answer.resolved_statement.resolved_query_stmt_node.output_column_list
        )

    def tables(self, sql: str) -> tuple[str, ...]:
        """Return the tables that a query names, sorted; it need not be right otherwise.

        Raises
        ------
        Refused
            Where its grammar is wrong.
        """
        from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages

        request = messages.ExtractTableNamesFromStatementRequest(sql_statement=sql, options=self._options)
        reader = messages.ExtractTableNamesFromStatementResponse.FromString
        answer = self._service.ask("ExtractTableNamesFromStatement", request, reader)
        return tuple(sorted({".".join(table.table_name_segment) for table in answer.table_name}))

    def _catalog_number(self) -> int:
        """Return the number of the tables with the service, telling it of them where it does not know them."""
        from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2 as messages

        start, number = self._registered
        if start != self._service.starts:
            request = messages.RegisterCatalogRequest(simple_catalog=_catalog(self.schemas, self._options))
            answer = self._service.ask("RegisterCatalog", request, messages.RegisterResponse.FromString)
            number = answer.registered_id
            self._registered = (self._service.starts, number)
        return number


def _catalog(schemas: Mapping[str, TableSchema], language: Any) -> Any:
    from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2

    root = simple_catalog_pb2.SimpleCatalogProto(name="warehouse")
    root.builtin_function_options.language_options.CopyFrom(language)
    root.custom_function.extend(_functions_of_bigquery())
    datasets: dict[str, Any] = {}
    for table, columns in schemas.items():
        dataset, _, name = table.partition(".")
        if dataset not in datasets:
            datasets[dataset] = root.catalog.add(name=dataset)
        _add_table(datasets[dataset], name, columns)
        # BigQuery reads `dataset.table` within one pair of backquotes as two names
        _add_table(root, table, columns)
    return root


def _add_table(catalog: Any, name: str, columns: TableSchema) -> None:
    table = catalog.table.add(name=name)
    for column in columns:
        table.column.add(name=column.name, type=_column_type(column))
    for pseudo, type_ in _INGESTION_TIME.items():
        table.column.add(name=pseudo, type=_scalar(type_), is_pseudo_column=True)


def _column_type(column: WarehouseColumn) -> Any:
    from zetasql.wasi._pb2.zetasql.public import type_pb2

    made = _scalar(column.type)
    if column.type == "STRUCT":
        for part in column.fields:
            made.struct_type.field.add(field_name=part.name, field_type=_column_type(part))
    if column.mode == "REPEATED":
        array = type_pb2.TypeProto(type_kind=type_pb2.TYPE_ARRAY)
        array.array_type.element_type.CopyFrom(made)
        return array
    return made


def _scalar(type_: str) -> Any:
    from zetasql.wasi._pb2.zetasql.public import type_pb2

    return type_pb2.TypeProto(type_kind=type_pb2.TypeKind.Value(f"TYPE_{_KIND_OF_TYPE.get(type_, type_)}"))


def _type_text(type_: Any) -> str:
    from zetasql.wasi._pb2.zetasql.public import type_pb2

    kind = str(type_pb2.TypeKind.Name(type_.type_kind)).removeprefix("TYPE_")
    if kind == "ARRAY":
        return f"ARRAY<{_type_text(type_.array_type.element_type)}>"
    if kind == "STRUCT":
        parts = (f"{part.field_name} {_type_text(part.field_type)}" for part in type_.struct_type.field)
        return f"STRUCT<{', '.join(parts)}>"
    return _TYPE_OF_KIND.get(kind, kind)


def _functions_of_bigquery() -> list[Any]:
    """Describe functions that BigQuery has and the analyser lacks, as far as a source's query may want them."""
    from zetasql.wasi._pb2.zetasql.proto import function_pb2
    from zetasql.wasi._pb2.zetasql.public import function_pb2 as public

    any_type, other = public.ARG_TYPE_ANY_1, public.ARG_TYPE_ANY_2

    def argument(kind: Any, type_: str = "") -> Any:
        made = function_pb2.FunctionArgumentTypeProto(kind=kind, num_occurrences=1)
        if type_:
            made.type.CopyFrom(_scalar(type_))
        return made

    def function(name: str, mode: Any, result: Any, *arguments: Any) -> Any:
        made = function_pb2.FunctionProto(name_path=[name], group="bigquery", mode=mode)
        made.signature.add(argument=arguments, return_type=result)
        return made

    aggregate, scalar = public.FunctionEnums.AGGREGATE, public.FunctionEnums.SCALAR
    truth, text = argument(public.ARG_TYPE_FIXED, "BOOL"), argument(public.ARG_TYPE_FIXED, "STRING")
    return [
        function("max_by", aggregate, argument(any_type), argument(any_type), argument(other)),
        function("min_by", aggregate, argument(any_type), argument(any_type), argument(other)),
        function("contains_substr", scalar, truth, argument(any_type), text),
        function("search", scalar, truth, argument(any_type), text),
    ]
