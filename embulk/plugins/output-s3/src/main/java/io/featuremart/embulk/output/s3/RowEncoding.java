package io.featuremart.embulk.output.s3;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The canonical bytes of one row, which its checksum is made of.
 *
 * <p>The cells follow each other in the order of the declared columns. NULL is one byte 0. Any other value is one byte 1
 * and then, big-endian throughout:
 *
 * <ul>
 *   <li>INT64: 8 bytes, two's complement; DATE: the same of its days, DATETIME and TIMESTAMP: of their microseconds,
 *       since 1970-01-01;
 *   <li>FLOAT64: the 8 bytes of its IEEE 754 form; every NaN is 7ff8000000000000, while 0.0 and -0.0 differ;
 *   <li>BOOL: one byte, 1 or 0;
 *   <li>STRING: 4 bytes with the number of UTF-8 bytes, then those; BYTES: the same of its bytes;
 *   <li>NUMERIC: 16 bytes, two's complement, of the number times 10^9.
 * </ul>
 */
final class RowEncoding {
    private static final int NUMERIC_BYTES = 16;
    private static final int FIRST_SIZE = 1024;

    private ByteBuffer buffer = ByteBuffer.allocate(FIRST_SIZE);

    /** Begins the next row. */
    void clear() {
        buffer.clear();
    }

    /** Returns the number of bytes so far. */
    int size() {
        return buffer.position();
    }

    /** Returns the row's bytes; valid from 0 to {@link #size()} until the next change. */
    byte[] array() {
        return buffer.array();
    }

    void putNull() {
        room(1).put((byte) 0);
    }

    void putLong(final long value) {
        room(1 + Long.BYTES).put((byte) 1).putLong(value);
    }

    void putDouble(final double value) {
        putLong(Double.doubleToLongBits(value));
    }

    void putBoolean(final boolean value) {
        room(2).put((byte) 1).put((byte) (value ? 1 : 0));
    }

    void putBytes(final byte[] value) {
        room(1 + Integer.BYTES + value.length).put((byte) 1).putInt(value.length).put(value);
    }

    void putNumeric(final BigInteger unscaled) {
        final byte[] digits = unscaled.toByteArray();
        final byte[] padded = new byte[NUMERIC_BYTES];
        Arrays.fill(padded, (byte) (unscaled.signum() < 0 ? -1 : 0));
        System.arraycopy(digits, 0, padded, padded.length - digits.length, digits.length);
        room(1 + NUMERIC_BYTES).put((byte) 1).put(padded);
    }

    private ByteBuffer room(final int bytes) {
        if (buffer.remaining() < bytes) {
            final int size = Math.max(buffer.capacity() * 2, Math.addExact(buffer.position(), bytes));
            buffer = ByteBuffer.allocate(size).put(buffer.flip());
        }
        return buffer;
    }
}
