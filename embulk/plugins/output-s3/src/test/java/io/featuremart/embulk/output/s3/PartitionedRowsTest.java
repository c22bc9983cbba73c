package io.featuremart.embulk.output.s3;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.rows.ColumnType;
import io.featuremart.embulk.rows.TestPages;
import io.featuremart.embulk.run.WorkFailed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.ipc.ArrowFileReader;
import org.embulk.config.ConfigException;
import org.embulk.config.ConfigSource;
import org.embulk.spi.Page;
import org.embulk.util.config.ConfigMapperFactory;
import org.junit.jupiter.api.Test;

class PartitionedRowsTest {
    private static final ConfigMapperFactory MAPPERS =
            ConfigMapperFactory.builder().addDefaultModules().build();
    private static final LocalDate FIRST = LocalDate.of(2013, 1, 1);
    private static final int DAYS = 40;
    private static final List<ColumnSpec> COLUMNS = List.of(
            new ColumnSpec("number", ColumnType.INT64, true),
            new ColumnSpec("text", ColumnType.STRING, false),
            new ColumnSpec("partition_day", ColumnType.DATE, true));

    private final Map<String, List<Long>> numbers = new TreeMap<>();
    private final List<Long> fileRows = new ArrayList<>();

    private static S3OutputPlugin.PluginTask task(final long bufferBytes, final long rollBytes) {
        return task("partition_day", bufferBytes, rollBytes);
    }

    private static S3OutputPlugin.PluginTask task(
            final String partitionColumn, final long bufferBytes, final long rollBytes) {
        final Map<String, String> partitions = new LinkedHashMap<>();
        for (int day = 0; day < DAYS; day++) {
            partitions.put(FIRST.plusDays(day).toString(), "raw/" + day + "/");
        }
        final ConfigSource config = MAPPERS.newConfigSource()
                .set("bucket", "lake")
                .set("partitions", partitions)
                .set("partition_column", partitionColumn)
                .set("columns", COLUMNS)
                .set("buffer_bytes", bufferBytes)
                .set("roll_bytes", rollBytes);
        return MAPPERS.createConfigMapper().map(config, S3OutputPlugin.PluginTask.class);
    }

    /** Rows of all days in no order; the number says the day. */
    private static List<Page> shuffled(final int count) {
        final Random random = new Random(1);
        return TestPages.make(COLUMNS, pages -> {
            for (int row = 0; row < count; row++) {
                final int day = random.nextInt(DAYS);
                pages.setLong(0, (long) row * DAYS + day);
                pages.setString(1, row % 5 == 0 ? null : "text " + random.nextLong());
                pages.setLong(2, FIRST.plusDays(day).toEpochDay());
                pages.addRecord();
            }
        });
    }

    private void read(final String label, final PartFile file, final String sha256, final long rows) {
        assertEquals(64, sha256.length());
        fileRows.add(rows);
        try (BufferAllocator allocator = new RootAllocator();
                FileChannel channel = FileChannel.open(file.path());
                ArrowFileReader reader = new ArrowFileReader(channel, allocator, CommonsCompressionFactory.INSTANCE)) {
            assertEquals(channel.size(), file.size());
            while (reader.loadNextBatch()) {
                final BigIntVector vector = (BigIntVector) reader.getVectorSchemaRoot().getVector("number");
                for (int row = 0; row < vector.getValueCount(); row++) {
                    numbers.computeIfAbsent(label, key -> new ArrayList<>()).add(vector.get(row));
                }
            }
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
        file.delete();
    }

    private long write(final S3OutputPlugin.PluginTask task, final List<Page> pages) {
        try (PartitionedRows rows = new PartitionedRows(task, this::read)) {
            TestPages.forEach(COLUMNS, pages, rows::add);
            rows.finish();
            return rows.peakMemory();
        }
    }

    private void assertEveryRowIsInItsDay(final int count) {
        assertEquals(count, numbers.values().stream().mapToInt(List::size).sum());
        numbers.forEach((label, found) -> found.forEach(
                number -> assertEquals(label, FIRST.plusDays(number % DAYS).toString())));
    }

    @Test
    void rowsInNoOrderAllReachTheFileOfTheirDayWithinLittleMemory() {
        final long limit = 1 << 19;
        final long peak = write(task(limit, Long.MAX_VALUE), shuffled(50_000));
        assertEveryRowIsInItsDay(50_000);
        assertEquals(DAYS, fileRows.size());
        assertTrue(peak < 2 * limit, "held " + peak + " bytes");
    }

    @Test
    void theOrderWithinADayIsKept() {
        write(task(1 << 19, Long.MAX_VALUE), shuffled(5_000));
        numbers.values().forEach(found -> assertEquals(found.stream().sorted().toList(), found));
    }

    @Test
    void aFileThatGrowsTooLargeIsEndedAndAnotherBegun() {
        write(task(1 << 19, 2_000), shuffled(20_000));
        assertEveryRowIsInItsDay(20_000);
        assertTrue(fileRows.size() > DAYS, fileRows.toString());
    }

    @Test
    void aDayThatWasNotAskedForIsRefused() {
        final List<Page> pages = TestPages.make(COLUMNS, page -> {
            page.setLong(0, 1);
            page.setNull(1);
            page.setLong(2, FIRST.minusDays(1).toEpochDay());
            page.addRecord();
        });
        assertRefused("2012-12-31", pages);
    }

    @Test
    void aPartitionColumnThatIsNoColumnIsRefused() {
        assertThrows(ConfigException.class, () -> new PartitionedRows(task("day", 1 << 20, 1 << 20), this::read));
    }

    @Test
    void aRowWithoutADayIsRefused() {
        final List<Page> pages = TestPages.make(COLUMNS, page -> {
            page.setLong(0, 1);
            page.setNull(1);
            page.setNull(2);
            page.addRecord();
        });
        assertRefused("partition_day has a NULL", pages);
    }

    @Test
    void aNullInARequiredColumnIsRefused() {
        final List<Page> pages = TestPages.make(COLUMNS, page -> {
            page.setNull(0);
            page.setNull(1);
            page.setLong(2, FIRST.toEpochDay());
            page.addRecord();
        });
        assertRefused("number is required and has a NULL in 2013-01-01", pages);
    }

    private void assertRefused(final String words, final List<Page> pages) {
        final WorkFailed error = assertThrows(WorkFailed.class, () -> write(task(1 << 20, 1 << 20), pages));
        assertTrue(error.getMessage().contains(words), error.getMessage());
    }
}
