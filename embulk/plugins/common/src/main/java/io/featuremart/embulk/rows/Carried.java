package io.featuremart.embulk.rows;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/** How values that Embulk's pages have no type for are carried in those that they have. */
public final class Carried {
    /** Decimal places of a NUMERIC. */
    public static final int NUMERIC_SCALE = 9;

    private static final long MICROS_PER_SECOND = TimeUnit.SECONDS.toMicros(1);
    private static final long NANOS_PER_MICRO = TimeUnit.MICROSECONDS.toNanos(1);

    private Carried() {}

    /**
     * Carries bytes as a string of one character a byte, which the JVM also stores as one byte each.
     *
     * @param value any bytes
     * @return a string of the same length
     */
    public static String bytes(final byte[] value) {
        return new String(value, StandardCharsets.ISO_8859_1);
    }

    /**
     * Returns the bytes that {@link #bytes(byte[])} carried.
     *
     * @param carried a string of characters below 256
     * @return the bytes
     */
    public static byte[] bytes(final String carried) {
        return carried.getBytes(StandardCharsets.ISO_8859_1);
    }

    /**
     * Carries a NUMERIC as its decimal digits.
     *
     * @param value a number of at most nine decimal places
     * @return for example {@code -12.500000000}
     */
    public static String numeric(final BigDecimal value) {
        return value.setScale(NUMERIC_SCALE, RoundingMode.UNNECESSARY).toPlainString();
    }

    /**
     * Returns the unscaled value of a carried NUMERIC.
     *
     * @param carried what {@link #numeric(BigDecimal)} gave
     * @return the number times 10^9
     */
    public static BigInteger numeric(final String carried) {
        return new BigDecimal(carried)
                .setScale(NUMERIC_SCALE, RoundingMode.UNNECESSARY)
                .unscaledValue();
    }

    /**
     * Carries a TIMESTAMP.
     *
     * @param micros microseconds since 1970-01-01 00:00 UTC, negative before it
     * @return the same instant
     */
    public static Instant timestamp(final long micros) {
        return Instant.ofEpochSecond(
                Math.floorDiv(micros, MICROS_PER_SECOND), Math.floorMod(micros, MICROS_PER_SECOND) * NANOS_PER_MICRO);
    }

    /**
     * Returns the microseconds of a carried TIMESTAMP.
     *
     * @param carried an instant of whole microseconds
     * @return microseconds since 1970-01-01 00:00 UTC
     * @throws ArithmeticException where it is finer than a microsecond, or out of range
     */
    public static long timestamp(final Instant carried) {
        if (carried.getNano() % NANOS_PER_MICRO != 0) {
            throw new ArithmeticException(carried + " is finer than a microsecond");
        }
        return Math.addExact(
                Math.multiplyExact(carried.getEpochSecond(), MICROS_PER_SECOND), carried.getNano() / NANOS_PER_MICRO);
    }
}
