package io.featuremart.embulk.parquet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.featuremart.embulk.rows.Carried;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.rows.ColumnType;
import io.featuremart.embulk.rows.TestPages;
import io.featuremart.embulk.run.WorkFailed;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.embulk.spi.Page;
import org.embulk.spi.PageBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParquetRoundTripTest {
    private static final List<ColumnSpec> COLUMNS = Arrays.stream(ColumnType.values())
            .map(type -> new ColumnSpec(type.name().toLowerCase(java.util.Locale.ROOT), type, false))
            .toList();

    @TempDir
    private Path folder;

    private static void fill(final PageBuilder pages) {
        for (int row = 0; row < 3; row++) {
            pages.setLong(0, Long.MIN_VALUE + row);
            pages.setDouble(1, List.of(Double.NaN, -0.0, Double.NEGATIVE_INFINITY).get(row));
            pages.setBoolean(2, row == 1);
            pages.setString(3, List.of("", "\uD83D\uDEEB \"\n", "x".repeat(100_000)).get(row));
            pages.setString(4, Carried.bytes(new byte[] {0, -1, (byte) row}));
            pages.setLong(5, -719_162 + row);
            pages.setLong(6, -62_135_596_800_000_000L + row);
            pages.setTimestamp(7, Carried.timestamp(253_402_300_799_999_999L - row));
            pages.setString(8, List.of("-99999999999999999999999999999.999999999", "0.000000001", "-1.000000000")
                    .get(row));
            pages.addRecord();
        }
        for (int index = 0; index < COLUMNS.size(); index++) {
            pages.setNull(index);
        }
        pages.addRecord();
    }

    private Path write(final List<ColumnSpec> columns, final List<Page> pages) {
        final Path path = folder.resolve("rows.parquet");
        try (ParquetFile file = new ParquetFile(path, columns)) {
            TestPages.forEach(columns, pages, file::add);
        }
        return path;
    }

    @Test
    void everyTypeAndNullIsReadAsItWasWritten() {
        final List<List<Object>> written = TestPages.values(COLUMNS, TestPages.make(COLUMNS, ParquetRoundTripTest::fill));
        final Path file = write(COLUMNS, TestPages.make(COLUMNS, ParquetRoundTripTest::fill));
        final List<Page> read =
                TestPages.make(COLUMNS, pages -> assertEquals(4, new ParquetRows(COLUMNS).read(file, pages)));
        assertEquals(written, TestPages.values(COLUMNS, read));
    }

    @Test
    void columnsAreFoundByTheirNames() {
        final List<ColumnSpec> some = List.of(
                new ColumnSpec("a", ColumnType.INT64, true), new ColumnSpec("b", ColumnType.STRING, true));
        final Path file = write(some, TestPages.make(some, pages -> {
            pages.setLong(0, 1);
            pages.setString(1, "one");
            pages.addRecord();
        }));
        final List<ColumnSpec> turned = List.of(some.get(1), some.get(0));
        final List<Page> read = TestPages.make(turned, pages -> new ParquetRows(turned).read(file, pages));
        assertEquals(List.of(List.<Object>of("one", 1L)), TestPages.values(turned, read));
    }

    @Test
    void otherColumnsThanTheDeclaredOnesAreRefused() {
        final Path file = write(COLUMNS, TestPages.make(COLUMNS, ParquetRoundTripTest::fill));
        assertRefused("no column tailnum", file, List.of(new ColumnSpec("tailnum", ColumnType.STRING, false)));
        assertRefused("not declared: bool, bytes", file, List.of(COLUMNS.get(0)));
        assertRefused("int64 is declared TIMESTAMP", file, List.of(new ColumnSpec("int64", ColumnType.TIMESTAMP, false)));
    }

    @Test
    void aNullInARequiredColumnIsRefused() {
        final List<ColumnSpec> nullable = List.of(new ColumnSpec("a", ColumnType.INT64, false));
        final List<ColumnSpec> required = List.of(new ColumnSpec("a", ColumnType.INT64, true));
        final Path file = write(nullable, TestPages.make(nullable, pages -> {
            pages.setNull(0);
            pages.addRecord();
        }));
        assertRefused("a is required and has a NULL", file, required);
    }

    @Test
    void aDamagedFileIsRefused() throws IOException {
        final Path file = folder.resolve("damaged.parquet");
        Files.write(file, new byte[] {'P', 'A', 'R', '1', 0, 0, 0, 0, 1, 2, 3, 4});
        assertThrows(RuntimeException.class, () -> TestPages.make(COLUMNS, pages -> new ParquetRows(COLUMNS).read(file, pages)));
    }

    private static void assertRefused(final String words, final Path file, final List<ColumnSpec> columns) {
        final WorkFailed error = assertThrows(
                WorkFailed.class, () -> TestPages.make(columns, pages -> new ParquetRows(columns).read(file, pages)));
        assertTrue(error.getMessage().contains(words), error.getMessage());
    }
}
