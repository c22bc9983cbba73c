package io.featuremart.embulk.bench;

import io.featuremart.embulk.parquet.ParquetFile;
import io.featuremart.embulk.rows.ColumnSpec;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.embulk.config.ConfigDiff;
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
import org.embulk.util.config.ConfigMapperFactory;
import org.embulk.util.config.Task;

/** Writes rows into local Parquet files: one, or one for each value of a column, all open until the end. */
public final class ParquetOutputPlugin implements OutputPlugin {
    private static final ConfigMapperFactory MAPPERS =
            ConfigMapperFactory.builder().addDefaultModules().build();

    /** The plugin's configuration. */
    public interface PluginTask extends Task {
        /**
         * Returns the folder of the files.
         *
         * @return its path
         */
        @Config("folder")
        String getFolder();

        /**
         * Returns the column that says which file a row belongs to.
         *
         * @return its index, -1 for one file
         */
        @Config("split_by")
        int getSplitBy();

        /**
         * Returns the file's columns.
         *
         * @return in order
         */
        @Config("columns")
        List<ColumnSpec> getColumns();
    }

    @Override
    public ConfigDiff transaction(
            final ConfigSource config, final Schema schema, final int taskCount, final OutputPlugin.Control control) {
        control.run(MAPPERS.createConfigMapper().map(config, PluginTask.class).toTaskSource());
        return MAPPERS.newConfigDiff();
    }

    @Override
    public TransactionalPageOutput open(final TaskSource source, final Schema schema, final int taskIndex) {
        final PluginTask task = MAPPERS.createTaskMapper().map(source, PluginTask.class);
        final Map<Long, ParquetFile> files = new HashMap<>();
        final PageReader reader = Exec.getPageReader(schema);
        return new TransactionalPageOutput() {
            @Override
            public void add(final Page page) {
                reader.setPage(page);
                while (reader.nextRecord()) {
                    final long value = task.getSplitBy() < 0 ? 0 : reader.getLong(task.getSplitBy());
                    files.computeIfAbsent(
                                    value,
                                    name -> new ParquetFile(
                                            Path.of(task.getFolder(), name + ".parquet"), task.getColumns()))
                            .add(reader);
                }
            }

            @Override
            public void finish() {
                files.values().forEach(ParquetFile::close);
            }

            @Override
            public void close() {
                reader.close();
            }

            @Override
            public void abort() {
                // a benchmark that failed is looked at
            }

            @Override
            public TaskReport commit() {
                return MAPPERS.newTaskReport();
            }
        };
    }

    @Override
    public ConfigDiff resume(
            final TaskSource source, final Schema schema, final int taskCount, final OutputPlugin.Control control) {
        throw new UnsupportedOperationException("a benchmark is run again");
    }

    @Override
    public void cleanup(
            final TaskSource source, final Schema schema, final int taskCount, final List<TaskReport> reports) {
        // nothing is left
    }
}
