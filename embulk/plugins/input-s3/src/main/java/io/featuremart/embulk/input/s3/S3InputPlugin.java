package io.featuremart.embulk.input.s3;

import io.featuremart.embulk.aws.S3Objects;
import io.featuremart.embulk.parquet.ParquetRows;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.run.WorkFailed;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.embulk.config.ConfigDiff;
import org.embulk.config.ConfigSource;
import org.embulk.config.TaskReport;
import org.embulk.config.TaskSource;
import org.embulk.spi.Exec;
import org.embulk.spi.InputPlugin;
import org.embulk.spi.PageBuilder;
import org.embulk.spi.PageOutput;
import org.embulk.spi.Schema;
import org.embulk.util.config.Config;
import org.embulk.util.config.ConfigMapperFactory;
import org.embulk.util.config.Task;

/**
 * Reads the rows of Parquet objects on S3, in the order that they are named.
 *
 * <p>An object is read only where size and digest are those that are named, and its rows are counted. One task reads
 * them all: they become one load job, which must be whole.
 */
public final class S3InputPlugin implements InputPlugin {
    private static final ConfigMapperFactory MAPPERS =
            ConfigMapperFactory.builder().addDefaultModules().build();

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
         * Returns the objects.
         *
         * @return in the order they are read
         */
        @Config("objects")
        List<NamedObject> getObjects();

        /**
         * Returns the columns that every object holds.
         *
         * @return in the order of the pages
         */
        @Config("columns")
        List<ColumnSpec> getColumns();
    }

    /**
     * How many rows a partition has.
     *
     * @param partition its label
     * @param rows how many
     */
    record PartitionRows(String partition, long rows) {}

    @Override
    public ConfigDiff transaction(final ConfigSource config, final InputPlugin.Control control) {
        final PluginTask task = MAPPERS.createConfigMapper().map(config, PluginTask.class);
        control.run(task.toTaskSource(), ColumnSpec.pageSchema(task.getColumns()), 1);
        final Map<String, Long> rows = new LinkedHashMap<>();
        task.getObjects().forEach(object -> rows.merge(object.partition(), object.rows(), Long::sum));
        final ConfigDiff diff = MAPPERS.newConfigDiff();
        diff.set(
                "partitions",
                rows.entrySet().stream()
                        .map(entry -> new PartitionRows(entry.getKey(), entry.getValue()))
                        .toList());
        return diff;
    }

    @Override
    public TaskReport run(
            final TaskSource taskSource, final Schema schema, final int taskIndex, final PageOutput output) {
        final PluginTask task = MAPPERS.createTaskMapper().map(taskSource, PluginTask.class);
        final ParquetRows parquet = new ParquetRows(task.getColumns());
        try (S3Objects s3 = S3Objects.open();
                PageBuilder pages = Exec.getPageBuilder(Exec.getBufferAllocator(), schema, output)) {
            for (final NamedObject object : task.getObjects()) {
                try (VerifiedDownload copy = new VerifiedDownload(s3, task.getBucket(), object)) {
                    read(parquet, object, copy, pages);
                }
            }
            pages.finish();
        }
        return MAPPERS.newTaskReport();
    }

    private static void read(
            final ParquetRows parquet, final NamedObject object, final VerifiedDownload copy, final PageBuilder pages) {
        final long rows;
        try {
            rows = parquet.read(copy.path(), pages);
        } catch (final WorkFailed error) {
            throw new WorkFailed(object.key() + ": " + error.getMessage(), error);
        }
        if (rows != object.rows()) {
            throw new WorkFailed(
                    object.key() + " has " + rows + " rows, its manifest names " + object.rows());
        }
    }

    @Override
    public ConfigDiff resume(
            final TaskSource taskSource, final Schema schema, final int taskCount, final InputPlugin.Control control) {
        throw new UnsupportedOperationException("a run is not resumed: it is run again");
    }

    @Override
    public void cleanup(
            final TaskSource taskSource, final Schema schema, final int taskCount, final List<TaskReport> reports) {
        // nothing was made
    }

    @Override
    public ConfigDiff guess(final ConfigSource config) {
        throw new UnsupportedOperationException("the columns are declared");
    }
}
