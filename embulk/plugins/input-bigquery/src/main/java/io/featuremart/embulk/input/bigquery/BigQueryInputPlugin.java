package io.featuremart.embulk.input.bigquery;

import com.google.cloud.bigquery.storage.v1.BigQueryReadClient;
import com.google.cloud.bigquery.storage.v1.ReadSession;
import io.featuremart.embulk.bigquery.Connection;
import io.featuremart.embulk.bigquery.ConnectionTask;
import io.featuremart.embulk.bigquery.Schemas;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.run.Undo;
import io.featuremart.embulk.run.WorkFailed;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
import org.embulk.util.config.ConfigDefault;
import org.embulk.util.config.ConfigMapperFactory;

/**
 * Reads the rows of a query: into a temporary table by one query job, from there by the Storage Read API as Arrow.
 *
 * <p>The temporary table is dropped however the run ends, and expires by itself where the process was killed.
 */
public final class BigQueryInputPlugin implements InputPlugin {
    private static final ConfigMapperFactory MAPPERS =
            ConfigMapperFactory.builder().addDefaultModules().build();
    private static final String ROWS = "rows";

    /** The plugin's configuration. */
    public interface PluginTask extends ConnectionTask {
        /**
         * Returns the query.
         *
         * @return a SELECT of GoogleSQL
         */
        @Config("query")
        String getQuery();

        /**
         * Returns the query's DATE parameters.
         *
         * @return ISO days by parameter name
         */
        @Config("parameters")
        @ConfigDefault("{}")
        Map<String, String> getParameters();

        /**
         * Returns the columns that the query gives.
         *
         * @return in the order of the pages
         */
        @Config("columns")
        List<ColumnSpec> getColumns();

        /**
         * Returns the dataset of temporary tables.
         *
         * @return its name
         */
        @Config("temporary_dataset")
        String getTemporaryDataset();

        /**
         * Returns after how many hours a temporary table expires that was left behind.
         *
         * @return hours
         */
        @Config("expires_hours")
        @ConfigDefault("6")
        int getExpiresHours();

        /**
         * Returns the column that the rows are read in blocks of.
         *
         * @return absent for no order
         */
        @Config("cluster_by")
        @ConfigDefault("null")
        Optional<String> getClusterBy();

        /**
         * Returns the most bytes that the query may be billed.
         *
         * @return bytes
         */
        @Config("max_bytes_billed")
        long getMaxBytesBilled();

        /**
         * Returns the most streams that are read side by side.
         *
         * @return at least 1
         */
        @Config("max_streams")
        @ConfigDefault("4")
        int getMaxStreams();

        /**
         * Returns the names of the streams, one a task.
         *
         * @return empty for no rows
         */
        List<String> getStreams();

        /**
         * Sets the names of the streams.
         *
         * @param streams one a task
         */
        void setStreams(List<String> streams);

        /**
         * Returns the Arrow schema of the streams.
         *
         * @return an Arrow message in Base64
         */
        String getArrowSchema();

        /**
         * Sets the Arrow schema of the streams.
         *
         * @param schema an Arrow message in Base64
         */
        void setArrowSchema(String schema);
    }

    @Override
    public ConfigDiff transaction(final ConfigSource config, final InputPlugin.Control control) {
        final PluginTask task = MAPPERS.createConfigMapper().map(config, PluginTask.class);
        final TemporaryTable table = new TemporaryTable(task);
        try (Undo.Registration undo = Undo.register("drop " + table, table::drop)) {
            try {
                return read(task, table, control);
            } finally {
                undo.undo();
            }
        }
    }

    private static ConfigDiff read(final PluginTask task, final TemporaryTable table, final InputPlugin.Control control) {
        final QueryResult result = table.fill();
        Schemas.check(task.getColumns(), result.schema());
        try (BigQueryReadClient client = Connection.storage(task)) {
            final ReadSession session = table.openSession(client, result.rows());
            task.setStreams(session.getStreamsList().stream().map(stream -> stream.getName()).toList());
            task.setArrowSchema(Base64.getEncoder()
                    .encodeToString(session.getArrowSchema().getSerializedSchema().toByteArray()));
        }
        final List<TaskReport> reports = control.run(
                task.toTaskSource(),
                ColumnSpec.pageSchema(task.getColumns()),
                task.getStreams().size());
        final long rows = reports.stream().mapToLong(report -> report.get(Long.class, ROWS)).sum();
        if (rows != result.rows()) {
            throw new WorkFailed("the query gave " + result.rows() + " rows, " + rows + " were read");
        }
        final ConfigDiff diff = MAPPERS.newConfigDiff();
        diff.set("extracted_at", result.readAt().toString());
        diff.set("bytes_billed", result.bytesBilled());
        return diff;
    }

    @Override
    public TaskReport run(
            final TaskSource taskSource, final Schema schema, final int taskIndex, final PageOutput output) {
        final PluginTask task = MAPPERS.createTaskMapper().map(taskSource, PluginTask.class);
        try (BigQueryReadClient client = Connection.storage(task);
                PageBuilder pages = Exec.getPageBuilder(Exec.getBufferAllocator(), schema, output);
                ArrowStream stream =
                        new ArrowStream(Base64.getDecoder().decode(task.getArrowSchema()), task.getColumns())) {
            final long rows = stream.read(client, task.getStreams().get(taskIndex), pages);
            pages.finish();
            return MAPPERS.newTaskReport().set(ROWS, rows);
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
        // the transaction drops its table itself
    }

    @Override
    public ConfigDiff guess(final ConfigSource config) {
        throw new UnsupportedOperationException("the columns are declared");
    }
}
