package io.featuremart.embulk.input.bigquery;

import io.featuremart.embulk.rows.Carried;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.run.WorkFailed;
import java.nio.charset.StandardCharsets;
import org.apache.arrow.vector.BaseIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.TimeStampMicroTZVector;
import org.apache.arrow.vector.TimeStampMicroVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.embulk.spi.PageBuilder;

/** Copies the values of one Arrow column into pages. */
abstract class ArrowCell {
    private final FieldVector vector;

    private ArrowCell(final FieldVector vector) {
        this.vector = vector;
    }

    /** Says whether a row has no value. */
    final boolean isNull(final int row) {
        return vector.isNull(row);
    }

    /** Copies a value that is not null. */
    abstract void copy(int row, int index, PageBuilder pages);

    /** Returns the copier of a declared column; the vector must hold what BigQuery sends for its type. */
    static ArrowCell of(final ColumnSpec column, final FieldVector vector) {
        return switch (column.type()) {
            case INT64 -> of(signed(column, vector), (from, row, index, pages) ->
                    pages.setLong(index, from.getValueAsLong(row)));
            case FLOAT64 -> of(cast(column, vector, Float8Vector.class), (from, row, index, pages) ->
                    pages.setDouble(index, from.get(row)));
            case BOOL -> of(cast(column, vector, BitVector.class), (from, row, index, pages) ->
                    pages.setBoolean(index, from.get(row) != 0));
            case STRING -> of(cast(column, vector, VarCharVector.class), (from, row, index, pages) ->
                    pages.setString(index, new String(from.get(row), StandardCharsets.UTF_8)));
            case BYTES -> of(cast(column, vector, VarBinaryVector.class), (from, row, index, pages) ->
                    pages.setString(index, Carried.bytes(from.get(row))));
            case DATE -> of(cast(column, vector, DateDayVector.class), (from, row, index, pages) ->
                    pages.setLong(index, from.get(row)));
            case DATETIME -> of(cast(column, vector, TimeStampMicroVector.class), (from, row, index, pages) ->
                    pages.setLong(index, from.get(row)));
            case TIMESTAMP -> of(cast(column, vector, TimeStampMicroTZVector.class), (from, row, index, pages) ->
                    pages.setTimestamp(index, Carried.timestamp(from.get(row))));
            case NUMERIC -> of(cast(column, vector, DecimalVector.class), (from, row, index, pages) ->
                    pages.setString(index, Carried.numeric(from.getObject(row))));
        };
    }

    private static <V extends FieldVector> ArrowCell of(final V vector, final Copier<V> copier) {
        return new ArrowCell(vector) {
            @Override
            void copy(final int row, final int index, final PageBuilder pages) {
                copier.copy(vector, row, index, pages);
            }
        };
    }

    /** BigQuery sends 64 bits; a narrower signed integer loses nothing either. */
    private static BaseIntVector signed(final ColumnSpec column, final FieldVector vector) {
        if (vector.getField().getType() instanceof ArrowType.Int type && !type.getIsSigned()) {
            throw mismatch(column, vector);
        }
        return cast(column, vector, BaseIntVector.class);
    }

    private static <V extends FieldVector> V cast(
            final ColumnSpec column, final FieldVector vector, final Class<V> wanted) {
        if (!wanted.isInstance(vector)) {
            throw mismatch(column, vector);
        }
        return wanted.cast(vector);
    }

    private static WorkFailed mismatch(final ColumnSpec column, final FieldVector vector) {
        return new WorkFailed("column " + column.name() + " is declared " + column.type() + ", the Storage API sends "
                + vector.getField().getType());
    }

    @FunctionalInterface
    private interface Copier<V> {
        void copy(V from, int row, int index, PageBuilder pages);
    }
}
