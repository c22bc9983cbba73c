package io.featuremart.embulk.bigquery;

import com.google.cloud.bigquery.Field;
import com.google.cloud.bigquery.FieldList;
import com.google.cloud.bigquery.Schema;
import com.google.cloud.bigquery.StandardSQLTypeName;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.rows.ColumnType;
import io.featuremart.embulk.run.WorkFailed;
import java.util.List;

/** The mart's columns as BigQuery names them. */
public final class Schemas {
    private Schemas() {}

    /**
     * Returns the schema of a table of some columns.
     *
     * @param columns in order
     * @return the schema
     */
    public static Schema of(final List<ColumnSpec> columns) {
        return Schema.of(columns.stream()
                .map(column -> Field.newBuilder(column.name(), typeName(column.type()))
                        .setMode(column.required() ? Field.Mode.REQUIRED : Field.Mode.NULLABLE)
                        .build())
                .toList());
    }

    /**
     * Checks that a query gives the columns that are declared. Whether NULL occurs is seen in the rows alone.
     *
     * @param columns as declared
     * @param schema as BigQuery made it
     * @throws WorkFailed where a column is missing or has another type
     */
    public static void check(final List<ColumnSpec> columns, final Schema schema) {
        final FieldList fields = schema.getFields();
        for (final ColumnSpec column : columns) {
            final Field field = fields.stream()
                    .filter(one -> one.getName().equalsIgnoreCase(column.name()))
                    .findFirst()
                    .orElseThrow(() -> new WorkFailed("the query gives no column " + column.name()));
            if (field.getMode() == Field.Mode.REPEATED || field.getType().getStandardType() != typeName(column.type())) {
                final String mode = field.getMode() == Field.Mode.REPEATED ? "repeated " : "";
                throw new WorkFailed("column " + column.name() + " is declared " + column.type() + ", the query gives "
                        + mode + field.getType().getStandardType());
            }
        }
    }

    private static StandardSQLTypeName typeName(final ColumnType type) {
        return StandardSQLTypeName.valueOf(type.name());
    }
}
