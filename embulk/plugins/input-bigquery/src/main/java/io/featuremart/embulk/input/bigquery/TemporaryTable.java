package io.featuremart.embulk.input.bigquery;

import com.google.cloud.bigquery.BigQuery;
import com.google.cloud.bigquery.Job;
import com.google.cloud.bigquery.JobId;
import com.google.cloud.bigquery.JobInfo;
import com.google.cloud.bigquery.JobStatistics.QueryStatistics;
import com.google.cloud.bigquery.QueryJobConfiguration;
import com.google.cloud.bigquery.QueryParameterValue;
import com.google.cloud.bigquery.Table;
import com.google.cloud.bigquery.TableDefinition;
import com.google.cloud.bigquery.TableId;
import com.google.cloud.bigquery.storage.v1.BigQueryReadClient;
import com.google.cloud.bigquery.storage.v1.CreateReadSessionRequest;
import com.google.cloud.bigquery.storage.v1.DataFormat;
import com.google.cloud.bigquery.storage.v1.ReadSession;
import io.featuremart.embulk.bigquery.Connection;
import io.featuremart.embulk.bigquery.JobRunner;
import io.featuremart.embulk.input.bigquery.BigQueryInputPlugin.PluginTask;
import io.featuremart.embulk.run.TransientFailure;
import java.time.Duration;
import java.time.Instant;

/**
 * The table that a query's rows are kept in while they are read.
 *
 * <p>It is made by the query itself ({@code CREATE TABLE ... AS SELECT}) and expires by itself.
 */
final class TemporaryTable {
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final long ROWS_PER_STREAM = 1_000_000;

    private final BigQuery client;
    private final PluginTask task;
    private final TableId table;

    TemporaryTable(final PluginTask task) {
        this.client = Connection.rest(task);
        this.task = task;
        this.table = TableId.of(task.getProject(), task.getTemporaryDataset(), task.getJob().replace('-', '_'));
    }

    /** Runs the query and keeps its rows. */
    QueryResult fill() {
        final Job job = new JobRunner(client, task.getLocation(), PAUSE).run(task.getJob(), this::send);
        final Table filled = client.getTable(table);
        if (filled == null) {
            throw new TransientFailure(this + " is gone: another process of the same attempt has dropped it");
        }
        final QueryStatistics statistics = job.getStatistics();
        final Long billed = statistics.getTotalBytesBilled();
        final TableDefinition definition = filled.getDefinition();
        return new QueryResult(
                definition.getSchema(),
                filled.getNumRows().longValueExact(),
                statistics.getStartTime() == null ? Instant.now() : Instant.ofEpochMilli(statistics.getStartTime()),
                billed == null ? 0 : billed);
    }

    private Job send(final JobId id) {
        final QueryJobConfiguration.Builder query = QueryJobConfiguration.newBuilder(statement())
                .setMaximumBytesBilled(task.getMaxBytesBilled())
                .setLabels(task.getLabels());
        task.getParameters().forEach((name, day) -> query.addNamedParameter(name, QueryParameterValue.date(day)));
        return client.create(JobInfo.of(id, query.build()));
    }

    private String statement() {
        return "CREATE TABLE `" + table.getProject() + "." + table.getDataset() + "." + table.getTable() + "`\n"
                + task.getClusterBy().map(column -> "CLUSTER BY `" + column + "`\n").orElse("")
                + "OPTIONS (expiration_timestamp = TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL "
                + task.getExpiresHours() + " HOUR)) AS\n"
                + task.getQuery();
    }

    /** Opens a session that reads the rows as Arrow, by more streams the more rows there are. */
    ReadSession openSession(final BigQueryReadClient storage, final long rows) {
        final int streams = (int) Math.min(task.getMaxStreams(), 1 + rows / ROWS_PER_STREAM);
        return storage.createReadSession(CreateReadSessionRequest.newBuilder()
                .setParent("projects/" + task.getProject())
                .setReadSession(ReadSession.newBuilder()
                        .setTable("projects/" + table.getProject() + "/datasets/" + table.getDataset() + "/tables/"
                                + table.getTable())
                        .setDataFormat(DataFormat.ARROW))
                .setMaxStreamCount(streams)
                .build());
    }

    /** Drops the table; none is no error. */
    void drop() {
        Connection.hasty(task).delete(table);
    }

    @Override
    public String toString() {
        return "temporary table " + table.getProject() + "." + table.getDataset() + "." + table.getTable();
    }
}
