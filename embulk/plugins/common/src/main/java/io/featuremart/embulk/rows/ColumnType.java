package io.featuremart.embulk.rows;

import org.embulk.spi.type.Type;
import org.embulk.spi.type.Types;

/**
 * A GoogleSQL type that columns of the mart may have, and the Embulk type that carries it without loss.
 *
 * <p>Embulk's pages know booleans, longs, doubles, strings and timestamps; the declared type says what a carried value
 * means.
 */
public enum ColumnType {
    /** A long. */
    INT64(Types.LONG),
    /** A double, with its NaN, infinities and signed zeros. */
    FLOAT64(Types.DOUBLE),
    /** A boolean. */
    BOOL(Types.BOOLEAN),
    /** A string. */
    STRING(Types.STRING),
    /** A string of one character a byte, see {@link Carried#bytes(String)}. */
    BYTES(Types.STRING),
    /** A long: days since 1970-01-01. */
    DATE(Types.LONG),
    /** A long: microseconds since 1970-01-01 00:00 on a clock without a time zone. */
    DATETIME(Types.LONG),
    /** A timestamp, in whole microseconds. */
    TIMESTAMP(Types.TIMESTAMP),
    /** A string: the decimal digits with nine places, see {@link Carried#numeric(String)}. */
    NUMERIC(Types.STRING);

    private final transient Type carrier;

    ColumnType(final Type carrier) {
        this.carrier = carrier;
    }

    /**
     * Returns the Embulk type that carries values of this type.
     *
     * @return one of Embulk's own types
     */
    public Type carrier() {
        return carrier;
    }
}
