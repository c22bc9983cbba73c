package io.featuremart.embulk.parquet;

import static org.apache.parquet.schema.LogicalTypeAnnotation.dateType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.decimalType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.stringType;
import static org.apache.parquet.schema.LogicalTypeAnnotation.timestampType;

import io.featuremart.embulk.rows.Carried;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.rows.ColumnType;
import io.featuremart.embulk.run.WorkFailed;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.parquet.schema.LogicalTypeAnnotation;
import org.apache.parquet.schema.LogicalTypeAnnotation.TimeUnit;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.PrimitiveType;
import org.apache.parquet.schema.PrimitiveType.PrimitiveTypeName;
import org.apache.parquet.schema.Type;
import org.apache.parquet.schema.Types;

/** The mart's columns as Parquet names them: as pyarrow writes them, and as BigQuery loads them. */
final class ParquetSchemas {
    /** Bytes of a NUMERIC: a 128-bit integer. */
    static final int NUMERIC_BYTES = 16;

    private static final int NUMERIC_PRECISION = 38;

    private ParquetSchemas() {}

    /**
     * Returns the schema of a file of some columns.
     *
     * @param columns in order
     * @return the schema
     */
    static MessageType of(final List<ColumnSpec> columns) {
        return new MessageType(
                "rows", columns.stream().<Type>map(ParquetSchemas::field).toList());
    }

    /**
     * Checks that a file holds exactly the declared columns, in any order.
     *
     * @param columns as declared
     * @param schema of the file
     * @throws WorkFailed where a column is missing, is not declared, or has another type
     */
    static void check(final List<ColumnSpec> columns, final MessageType schema) {
        final Set<String> left = new TreeSet<>();
        schema.getFields().forEach(field -> left.add(field.getName()));
        for (final ColumnSpec column : columns) {
            if (!left.remove(column.name())) {
                throw new WorkFailed("the Parquet file has no column " + column.name());
            }
            final Type found = schema.getType(column.name());
            if (!sameType(found, field(column))) {
                throw new WorkFailed("column " + column.name() + " is declared " + column.type()
                        + ", the Parquet file has " + found);
            }
        }
        if (!left.isEmpty()) {
            throw new WorkFailed("the Parquet file has columns that are not declared: " + String.join(", ", left));
        }
    }

    private static boolean sameType(final Type found, final PrimitiveType wanted) {
        if (!found.isPrimitive() || found.isRepetition(Type.Repetition.REPEATED)) {
            return false;
        }
        final PrimitiveType primitive = found.asPrimitiveType();
        return primitive.getPrimitiveTypeName() == wanted.getPrimitiveTypeName()
                && primitive.getTypeLength() == wanted.getTypeLength()
                && java.util.Objects.equals(found.getLogicalTypeAnnotation(), wanted.getLogicalTypeAnnotation());
    }

    private static PrimitiveType field(final ColumnSpec column) {
        return Types.primitive(
                        physical(column.type()),
                        column.required() ? Type.Repetition.REQUIRED : Type.Repetition.OPTIONAL)
                .length(column.type() == ColumnType.NUMERIC ? NUMERIC_BYTES : 0)
                .as(logical(column.type()))
                .named(column.name());
    }

    private static PrimitiveTypeName physical(final ColumnType type) {
        return switch (type) {
            case INT64, DATETIME, TIMESTAMP -> PrimitiveTypeName.INT64;
            case FLOAT64 -> PrimitiveTypeName.DOUBLE;
            case BOOL -> PrimitiveTypeName.BOOLEAN;
            case STRING, BYTES -> PrimitiveTypeName.BINARY;
            case DATE -> PrimitiveTypeName.INT32;
            case NUMERIC -> PrimitiveTypeName.FIXED_LEN_BYTE_ARRAY;
        };
    }

    private static LogicalTypeAnnotation logical(final ColumnType type) {
        return switch (type) {
            case INT64, FLOAT64, BOOL, BYTES -> null;
            case STRING -> stringType();
            case DATE -> dateType();
            case DATETIME -> timestampType(false, TimeUnit.MICROS);
            case TIMESTAMP -> timestampType(true, TimeUnit.MICROS);
            case NUMERIC -> decimalType(Carried.NUMERIC_SCALE, NUMERIC_PRECISION);
        };
    }
}
