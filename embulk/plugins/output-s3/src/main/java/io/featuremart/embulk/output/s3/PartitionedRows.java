package io.featuremart.embulk.output.s3;

import io.featuremart.embulk.output.s3.PartitionWriter.Shared;
import io.featuremart.embulk.output.s3.PartitionWriter.Target;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.run.WorkFailed;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.embulk.config.ConfigException;
import org.embulk.spi.PageReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Distributes rows over the writers of their partitions, within bounded memory whatever the order of the rows.
 *
 * <p>When the memory of the gathered rows grows over the limit, the partition that holds the most of them writes its
 * batch. Rows in order of partitions make full batches; rows in no order make smaller ones, never more memory.
 */
final class PartitionedRows implements AutoCloseable {
    private static final Logger LOGGER = LoggerFactory.getLogger(PartitionedRows.class);

    private final BufferAllocator allocator = new RootAllocator();
    private final Set<String> labels;
    private final int partitionIndex;
    private final long bufferBytes;
    private final Shared shared;
    private final Map<Long, PartitionWriter> byDay = new HashMap<>();
    private final Map<String, PartitionWriter> byLabel = new HashMap<>();
    private final RowEncoding encoding = new RowEncoding();
    private PartitionWriter snapshot;

    /**
     * Distributes rows.
     *
     * @param task what is configured
     * @param sink takes ended files
     */
    PartitionedRows(final S3OutputPlugin.PluginTask task, final PartitionWriter.Sink sink) {
        final List<ColumnSpec> columns = task.getColumns();
        labels = task.getPartitions().keySet();
        partitionIndex = task.getPartitionColumn()
                .map(name -> columns.stream().map(ColumnSpec::name).toList().indexOf(name))
                .orElse(-1);
        if (partitionIndex < 0 && task.getPartitionColumn().isPresent()) {
            throw new ConfigException("no column " + task.getPartitionColumn().get() + " to partition by");
        }
        bufferBytes = task.getBufferBytes();
        shared = new Shared(
                columns, columns.stream().map(Cell::of).toList(), allocator, task.getRollBytes(), sink);
    }

    /** Adds the row that a reader stands at. */
    void add(final PageReader row) {
        final PartitionWriter writer = partitionIndex < 0 ? snapshot() : ofDay(row);
        writer.add(row, encoding);
        if (writer.batchRows() >= PartitionWriter.BATCH_ROWS) {
            writer.flush();
        } else if (allocator.getAllocatedMemory() > bufferBytes) {
            byLabel.values().stream()
                    .max(Comparator.comparingLong(PartitionWriter::batchBytes))
                    .orElseThrow()
                    .flush();
        }
    }

    /** Writes all that is gathered and hands over all files. */
    void finish() {
        byLabel.values().forEach(PartitionWriter::finish);
        LOGGER.info("wrote {} partitions, holding at most {} KiB of rows", byLabel.size(), peakMemory() >> 10);
    }

    /** Returns the most bytes of rows that were held at one time. */
    long peakMemory() {
        return allocator.getPeakMemoryAllocation();
    }

    /** Returns the checksum of a partition's rows. */
    ContentChecksum checksum(final String label) {
        final PartitionWriter writer = byLabel.get(label);
        return writer == null ? new ContentChecksum() : writer.checksum();
    }

    private PartitionWriter snapshot() {
        if (snapshot == null) {
            snapshot = open(labels.iterator().next());
        }
        return snapshot;
    }

    private PartitionWriter ofDay(final PageReader row) {
        if (row.isNull(partitionIndex)) {
            throw new WorkFailed("column " + shared.columns().get(partitionIndex).name()
                    + " has a NULL: it says which partition a row belongs to");
        }
        return byDay.computeIfAbsent(
                row.getLong(partitionIndex), day -> open(LocalDate.ofEpochDay(day).toString()));
    }

    private PartitionWriter open(final String label) {
        if (!labels.contains(label)) {
            throw new WorkFailed("the query gives rows of " + label + ", a partition that was not asked for");
        }
        final PartitionWriter writer = new PartitionWriter(new Target(label, shared));
        byLabel.put(label, writer);
        return writer;
    }

    @Override
    public void close() {
        byLabel.values().forEach(PartitionWriter::close);
        allocator.close();
    }
}
