package io.featuremart.embulk.rows;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigDecimal;
import java.time.Instant;
import org.embulk.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CarriedTest {
    @Test
    void everyByteIsCarried() {
        final byte[] all = new byte[256];
        for (int value = 0; value < all.length; value++) {
            all[value] = (byte) value;
        }
        assertEquals(all.length, Carried.bytes(all).length());
        assertArrayEquals(all, Carried.bytes(Carried.bytes(all)));
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0.000000000",
        "1E+3, 1000.000000000",
        "-0.000000001, -0.000000001",
        "99999999999999999999999999999.999999999, 99999999999999999999999999999.999999999"
    })
    void aNumericIsCarriedAsItsDigits(final String value, final String carried) {
        final BigDecimal number = new BigDecimal(value);
        assertEquals(carried, Carried.numeric(number));
        assertEquals(number.movePointRight(9).toBigIntegerExact(), Carried.numeric(carried));
    }

    @Test
    void aNumericWithATenthPlaceIsRefused() {
        assertThrows(ArithmeticException.class, () -> Carried.numeric(new BigDecimal("0.0000000001")));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, -62_135_596_800_000_000L, 253_402_300_799_999_999L, 1_362_898_800_123_456L})
    void aTimestampIsCarriedToTheMicrosecond(final long micros) {
        assertEquals(micros, Carried.timestamp(Carried.timestamp(micros)));
    }

    @Test
    void aTimestampFinerThanAMicrosecondIsRefused() {
        assertThrows(ArithmeticException.class, () -> Carried.timestamp(Instant.ofEpochSecond(0, 1)));
    }

    @Test
    void aColumnNeedsAType() {
        assertThrows(ConfigException.class, () -> new ColumnSpec("tailnum", null, false));
    }
}
