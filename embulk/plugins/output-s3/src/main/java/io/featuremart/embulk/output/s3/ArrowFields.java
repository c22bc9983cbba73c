package io.featuremart.embulk.output.s3;

import io.featuremart.embulk.rows.Carried;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.rows.ColumnType;
import java.util.List;
import org.apache.arrow.vector.types.DateUnit;
import org.apache.arrow.vector.types.FloatingPointPrecision;
import org.apache.arrow.vector.types.TimeUnit;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.Field;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.arrow.vector.types.pojo.Schema;

/** The mart's columns as Arrow names them. */
final class ArrowFields {
    private static final int LONG_BITS = 64;
    private static final int NUMERIC_PRECISION = 38;
    private static final int NUMERIC_BITS = 128;

    private ArrowFields() {}

    /** Returns the schema of files of some columns. */
    static Schema schema(final List<ColumnSpec> columns) {
        return new Schema(columns.stream()
                .map(column -> new Field(
                        column.name(), new FieldType(!column.required(), type(column.type()), null), List.of()))
                .toList());
    }

    private static ArrowType type(final ColumnType type) {
        return switch (type) {
            case INT64 -> new ArrowType.Int(LONG_BITS, true);
            case FLOAT64 -> new ArrowType.FloatingPoint(FloatingPointPrecision.DOUBLE);
            case BOOL -> ArrowType.Bool.INSTANCE;
            case STRING -> ArrowType.Utf8.INSTANCE;
            case BYTES -> ArrowType.Binary.INSTANCE;
            case DATE -> new ArrowType.Date(DateUnit.DAY);
            case DATETIME -> new ArrowType.Timestamp(TimeUnit.MICROSECOND, null);
            case TIMESTAMP -> new ArrowType.Timestamp(TimeUnit.MICROSECOND, "UTC");
            case NUMERIC -> new ArrowType.Decimal(NUMERIC_PRECISION, Carried.NUMERIC_SCALE, NUMERIC_BITS);
        };
    }
}
