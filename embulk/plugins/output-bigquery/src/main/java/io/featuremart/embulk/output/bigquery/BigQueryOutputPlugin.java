package io.featuremart.embulk.output.bigquery;

import io.featuremart.embulk.bigquery.ConnectionTask;
import io.featuremart.embulk.parquet.ParquetFile;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.run.LocalFiles;
import io.featuremart.embulk.run.Undo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
import org.embulk.util.config.ConfigMapperFactory;

/**
 * Fills a new staging table with rows, by one load job of one Parquet file: whole or not at all.
 *
 * <p>The table is dropped however the run fails, and expires by itself where the process was killed.
 */
public final class BigQueryOutputPlugin implements OutputPlugin {
    private static final ConfigMapperFactory MAPPERS =
            ConfigMapperFactory.builder().addDefaultModules().build();
    private static final String ROWS = "rows";

    /** The plugin's configuration. */
    public interface PluginTask extends ConnectionTask {
        /**
         * Returns the table's dataset.
         *
         * @return its name
         */
        @Config("dataset")
        String getDataset();

        /**
         * Returns the table.
         *
         * @return its name
         */
        @Config("table")
        String getTable();

        /**
         * Returns after how many hours the table expires.
         *
         * @return hours
         */
        @Config("expires_hours")
        int getExpiresHours();

        /**
         * Returns the table's columns.
         *
         * @return in the order of the pages
         */
        @Config("columns")
        List<ColumnSpec> getColumns();

        /**
         * Returns the local file that the rows are gathered in.
         *
         * @return its path
         */
        String getFile();

        /**
         * Sets the local file that the rows are gathered in.
         *
         * @param file its path
         */
        void setFile(String file);
    }

    @Override
    public ConfigDiff transaction(
            final ConfigSource config, final Schema schema, final int taskCount, final OutputPlugin.Control control) {
        final PluginTask task = MAPPERS.createConfigMapper().map(config, PluginTask.class);
        ColumnSpec.checkSame(task.getColumns(), schema);
        if (taskCount != 1) {
            throw new ConfigException("one load needs one task: exec needs min_output_tasks: 1");
        }
        final StagingTable table = new StagingTable(task);
        try (Undo.Registration undo = Undo.register("drop " + table, table::drop)) {
            try {
                return fill(task, table, control);
            } catch (final RuntimeException | Error error) {
                undo.undo();
                throw error;
            }
        }
    }

    private static ConfigDiff fill(final PluginTask task, final StagingTable table, final OutputPlugin.Control control) {
        try {
            final Path file = LocalFiles.file(".parquet");
            try {
                table.create();
                task.setFile(file.toString());
                final long rows =
                        control.run(task.toTaskSource()).get(0).get(Long.class, ROWS);
                if (rows > 0) {
                    table.load(file, rows);
                } else {
                    table.verify(0);
                }
                final ConfigDiff diff = MAPPERS.newConfigDiff();
                diff.set("table", table.fullName());
                diff.set(ROWS, rows);
                return diff;
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    public TransactionalPageOutput open(final TaskSource taskSource, final Schema schema, final int taskIndex) {
        return new Output(MAPPERS.createTaskMapper().map(taskSource, PluginTask.class), schema);
    }

    @Override
    public ConfigDiff resume(
            final TaskSource taskSource, final Schema schema, final int taskCount, final OutputPlugin.Control control) {
        throw new UnsupportedOperationException("a run is not resumed: it is run again");
    }

    @Override
    public void cleanup(
            final TaskSource taskSource, final Schema schema, final int taskCount, final List<TaskReport> reports) {
        // the transaction drops its table and removes its file itself
    }

    private static final class Output implements TransactionalPageOutput {
        private final ParquetFile file;
        private final PageReader reader;
        private boolean closed;

        private Output(final PluginTask task, final Schema schema) {
            file = new ParquetFile(Path.of(task.getFile()), task.getColumns());
            reader = Exec.getPageReader(schema);
        }

        @Override
        public void add(final Page page) {
            reader.setPage(page);
            while (reader.nextRecord()) {
                file.add(reader);
            }
        }

        @Override
        public void finish() {
            close();
        }

        @Override
        public void close() {
            if (!closed) {
                closed = true;
                reader.close();
                file.close();
            }
        }

        @Override
        public void abort() {
            // the transaction removes the file
        }

        @Override
        public TaskReport commit() {
            return MAPPERS.newTaskReport().set(ROWS, file.rows());
        }
    }
}
