package io.featuremart.embulk.output.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.rows.ColumnType;
import java.math.BigInteger;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ContentChecksumTest {
    private static final List<ColumnSpec> COLUMNS = List.of(new ColumnSpec("a", ColumnType.INT64, false));

    private static RowEncoding row(final Consumer<RowEncoding> cells) {
        final RowEncoding encoding = new RowEncoding();
        cells.accept(encoding);
        return encoding;
    }

    @SafeVarargs
    private static String checksum(final Consumer<RowEncoding>... rows) {
        final ContentChecksum checksum = new ContentChecksum();
        for (final Consumer<RowEncoding> cells : rows) {
            checksum.add(row(cells));
        }
        return checksum.hex(COLUMNS);
    }

    @Test
    void itsDefinitionIsKept() {
        // counted by another program: changing the definition makes everything downstream be computed again
        assertEquals(
                "8ea07fa9324907200601c5c5bfce4dd7bb399d34766acd1db860333bbd1b8c46",
                checksum(row -> row.putLong(1), RowEncoding::putNull));
    }

    @Test
    void theOrderOfRowsIsNothingToIt() {
        assertEquals(
                checksum(row -> row.putLong(1), row -> row.putLong(2)),
                checksum(row -> row.putLong(2), row -> row.putLong(1)));
    }

    @Test
    void equalRowsCount() {
        assertNotEquals(checksum(row -> row.putLong(1)), checksum(row -> row.putLong(1), row -> row.putLong(1)));
        assertNotEquals(checksum(), checksum(row -> row.putLong(1), row -> row.putLong(1)));
    }

    @Test
    void partsAddUpToTheWhole() {
        final ContentChecksum whole = new ContentChecksum();
        final ContentChecksum first = new ContentChecksum();
        final ContentChecksum second = new ContentChecksum();
        for (long value = 0; value < 1000; value++) {
            final long cell = value;
            final RowEncoding encoded = row(encoding -> encoding.putLong(cell));
            whole.add(encoded);
            (value % 3 == 0 ? first : second).add(encoded);
        }
        final ContentChecksum joined = new ContentChecksum();
        joined.addPartial(first.partial());
        joined.addPartial(second.partial());
        assertEquals(whole.hex(COLUMNS), joined.hex(COLUMNS));
        assertEquals(1000, joined.rows());
    }

    @Test
    void valuesThatAreNotTheSameDiffer() {
        assertNotEquals(checksum(row -> row.putDouble(0.0)), checksum(row -> row.putDouble(-0.0)));
        assertNotEquals(checksum(row -> row.putDouble(Double.NaN)), checksum(RowEncoding::putNull));
        assertNotEquals(checksum(row -> row.putBytes(new byte[0])), checksum(RowEncoding::putNull));
        assertNotEquals(
                checksum(row -> {
                    row.putBytes(new byte[] {1});
                    row.putBytes(new byte[0]);
                }),
                checksum(row -> {
                    row.putBytes(new byte[0]);
                    row.putBytes(new byte[] {1});
                }));
        assertNotEquals(
                checksum(row -> row.putNumeric(BigInteger.ONE)), checksum(row -> row.putNumeric(BigInteger.ONE.negate())));
    }

    @Test
    void everyNotANumberIsOne() {
        final double other = Double.longBitsToDouble(0xfff8000000000001L);
        assertEquals(checksum(row -> row.putDouble(Double.NaN)), checksum(row -> row.putDouble(other)));
    }

    @Test
    void theColumnsArePartOfIt() {
        final ContentChecksum rows = new ContentChecksum();
        assertNotEquals(rows.hex(COLUMNS), rows.hex(List.of(new ColumnSpec("b", ColumnType.INT64, false))));
        assertNotEquals(rows.hex(COLUMNS), rows.hex(List.of(new ColumnSpec("a", ColumnType.DATE, false))));
    }
}
