package io.featuremart.embulk.output.s3;

import io.featuremart.embulk.aws.S3Objects;
import io.featuremart.embulk.rows.ColumnSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.embulk.config.ConfigDiff;
import org.embulk.config.ConfigException;
import org.embulk.config.ConfigSource;
import org.embulk.config.TaskReport;
import org.embulk.config.TaskSource;
import org.embulk.spi.Exec;
import org.embulk.spi.OutputPlugin;
import org.embulk.spi.Page;
import org.embulk.spi.PageReader;
import org.embulk.spi.Schema;
import org.embulk.spi.TransactionalPageOutput;
import org.embulk.util.config.Config;
import org.embulk.util.config.ConfigDefault;
import org.embulk.util.config.ConfigMapperFactory;
import org.embulk.util.config.Task;

/**
 * Writes rows to S3 as Arrow files, each partition under a prefix of its own.
 *
 * <p>Its result tells, for every partition that was asked for, rows or none: exact keys, sizes and digests of the
 * objects, the number of rows and their {@link ContentChecksum}.
 */
public final class S3OutputPlugin implements OutputPlugin {
    private static final ConfigMapperFactory MAPPERS =
            ConfigMapperFactory.builder().addDefaultModules().build();
    private static final String PARTITIONS = "partitions";

    /** The plugin's configuration. */
    public interface PluginTask extends Task {
        /**
         * Returns the bucket.
         *
         * @return its name
         */
        @Config("bucket")
        String getBucket();

        /**
         * Returns the key prefixes of the partitions.
         *
         * @return by ISO day, or one prefix by any label where there is no partition column
         */
        @Config(PARTITIONS)
        LinkedHashMap<String, String> getPartitions();

        /**
         * Returns the DATE column that says which partition a row belongs to.
         *
         * @return absent for a snapshot
         */
        @Config("partition_column")
        @ConfigDefault("null")
        Optional<String> getPartitionColumn();

        /**
         * Returns the columns of the files.
         *
         * @return in the order of the pages
         */
        @Config("columns")
        List<ColumnSpec> getColumns();

        /**
         * Returns how many bytes of memory the gathered rows may take before some are written.
         *
         * @return bytes, of each task
         */
        @Config("buffer_bytes")
        @ConfigDefault("67108864")
        long getBufferBytes();

        /**
         * Returns from which size on a file is ended and another begun.
         *
         * @return bytes
         */
        @Config("roll_bytes")
        @ConfigDefault("268435456")
        long getRollBytes();
    }

    @Override
    public ConfigDiff transaction(
            final ConfigSource config, final Schema schema, final int taskCount, final OutputPlugin.Control control) {
        final PluginTask task = MAPPERS.createConfigMapper().map(config, PluginTask.class);
        ColumnSpec.checkSame(task.getColumns(), schema);
        if (task.getPartitions().isEmpty()) {
            throw new ConfigException("partitions names none");
        }
        if (task.getPartitionColumn().isEmpty() && task.getPartitions().size() > 1) {
            throw new ConfigException("without a partition_column there can be one partition only");
        }
        final List<TaskReport> reports = control.run(task.toTaskSource());
        final ConfigDiff diff = MAPPERS.newConfigDiff();
        diff.set("columns", task.getColumns());
        diff.set(PARTITIONS, joined(task, reports));
        return diff;
    }

    private static List<Partition> joined(final PluginTask task, final List<TaskReport> reports) {
        final Map<String, List<TaskPartition>> parts = new HashMap<>();
        for (final TaskReport report : reports) {
            for (final TaskPartition part : report.get(TaskPartition[].class, PARTITIONS)) {
                parts.computeIfAbsent(part.partition(), label -> new ArrayList<>()).add(part);
            }
        }
        return task.getPartitions().keySet().stream()
                .map(label -> Partition.of(label, parts.getOrDefault(label, List.of()), task.getColumns()))
                .toList();
    }

    @Override
    public TransactionalPageOutput open(final TaskSource taskSource, final Schema schema, final int taskIndex) {
        return new Output(MAPPERS.createTaskMapper().map(taskSource, PluginTask.class), schema, taskIndex);
    }

    @Override
    public ConfigDiff resume(
            final TaskSource taskSource, final Schema schema, final int taskCount, final OutputPlugin.Control control) {
        throw new UnsupportedOperationException("a run is not resumed: it is run again");
    }

    @Override
    public void cleanup(
            final TaskSource taskSource, final Schema schema, final int taskCount, final List<TaskReport> reports) {
        // Embulk calls this after success too. What a failed task wrote it has removed itself; what other tasks of the
        // same run had ended by then stays, under an attempt that no manifest will ever name.
    }

    private static final class Output implements TransactionalPageOutput {
        private final PluginTask task;
        private final S3Objects s3 = S3Objects.open();
        private final Uploads uploads;
        private final PartitionedRows rows;
        private final PageReader reader;

        private Output(final PluginTask task, final Schema schema, final int taskIndex) {
            this.task = task;
            this.uploads = new Uploads(s3, task.getBucket(), task.getPartitions(), taskIndex);
            this.rows = new PartitionedRows(task, uploads::take);
            this.reader = Exec.getPageReader(schema);
        }

        @Override
        public void add(final Page page) {
            reader.setPage(page);
            while (reader.nextRecord()) {
                rows.add(reader);
            }
        }

        @Override
        public void finish() {
            rows.finish();
            uploads.await();
        }

        @Override
        public void abort() {
            uploads.undo();
        }

        @Override
        public TaskReport commit() {
            return MAPPERS.newTaskReport()
                    .set(
                            PARTITIONS,
                            task.getPartitions().keySet().stream()
                                    .map(label -> new TaskPartition(
                                            label, rows.checksum(label).partial(), uploads.of(label)))
                                    .toList());
        }

        @Override
        public void close() {
            reader.close();
            uploads.close();
            rows.close();
            s3.close();
        }
    }
}
