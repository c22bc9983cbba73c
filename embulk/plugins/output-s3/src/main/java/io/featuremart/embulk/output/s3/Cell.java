package io.featuremart.embulk.output.s3;

import io.featuremart.embulk.rows.Carried;
import io.featuremart.embulk.rows.ColumnSpec;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.BitVector;
import org.apache.arrow.vector.DateDayVector;
import org.apache.arrow.vector.DecimalVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.Float8Vector;
import org.apache.arrow.vector.TimeStampMicroTZVector;
import org.apache.arrow.vector.TimeStampMicroVector;
import org.apache.arrow.vector.VarBinaryVector;
import org.apache.arrow.vector.VarCharVector;
import org.embulk.spi.PageReader;

/** Copies a value that is not null from a page into an Arrow vector and into the row's canonical bytes. */
@FunctionalInterface
interface Cell {
    /**
     * Copies one value.
     *
     * @param row stands at the record
     * @param index of the column
     * @param to the column's vector
     * @param at the row in the vector
     * @param encoding of the row
     */
    void copy(PageReader row, int index, FieldVector to, int at, RowEncoding encoding);

    /** Returns the copier of a declared column. */
    static Cell of(final ColumnSpec column) {
        return switch (column.type()) {
            case INT64 -> (row, index, to, at, encoding) -> {
                final long value = row.getLong(index);
                ((BigIntVector) to).setSafe(at, value);
                encoding.putLong(value);
            };
            case FLOAT64 -> (row, index, to, at, encoding) -> {
                final double value = row.getDouble(index);
                ((Float8Vector) to).setSafe(at, value);
                encoding.putDouble(value);
            };
            case BOOL -> (row, index, to, at, encoding) -> {
                final boolean value = row.getBoolean(index);
                ((BitVector) to).setSafe(at, value ? 1 : 0);
                encoding.putBoolean(value);
            };
            case STRING -> (row, index, to, at, encoding) -> {
                final byte[] value = row.getString(index).getBytes(StandardCharsets.UTF_8);
                ((VarCharVector) to).setSafe(at, value);
                encoding.putBytes(value);
            };
            case BYTES -> (row, index, to, at, encoding) -> {
                final byte[] value = Carried.bytes(row.getString(index));
                ((VarBinaryVector) to).setSafe(at, value);
                encoding.putBytes(value);
            };
            case DATE -> (row, index, to, at, encoding) -> {
                final long value = row.getLong(index);
                ((DateDayVector) to).setSafe(at, Math.toIntExact(value));
                encoding.putLong(value);
            };
            case DATETIME -> (row, index, to, at, encoding) -> {
                final long value = row.getLong(index);
                ((TimeStampMicroVector) to).setSafe(at, value);
                encoding.putLong(value);
            };
            case TIMESTAMP -> (row, index, to, at, encoding) -> {
                final long value = Carried.timestamp(row.getTimestampInstant(index));
                ((TimeStampMicroTZVector) to).setSafe(at, value);
                encoding.putLong(value);
            };
            case NUMERIC -> (row, index, to, at, encoding) -> {
                final BigInteger value = Carried.numeric(row.getString(index));
                ((DecimalVector) to).setSafe(at, new BigDecimal(value, Carried.NUMERIC_SCALE));
                encoding.putNumeric(value);
            };
        };
    }
}
