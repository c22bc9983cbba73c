package io.featuremart.embulk.output.bigquery;

import com.google.cloud.bigquery.BigQuery;
import com.google.cloud.bigquery.BigQueryException;
import com.google.cloud.bigquery.FormatOptions;
import com.google.cloud.bigquery.Job;
import com.google.cloud.bigquery.JobId;
import com.google.cloud.bigquery.JobInfo;
import com.google.cloud.bigquery.StandardTableDefinition;
import com.google.cloud.bigquery.Table;
import com.google.cloud.bigquery.TableDataWriteChannel;
import com.google.cloud.bigquery.TableId;
import com.google.cloud.bigquery.TableInfo;
import com.google.cloud.bigquery.WriteChannelConfiguration;
import io.featuremart.embulk.bigquery.Connection;
import io.featuremart.embulk.bigquery.JobRunner;
import io.featuremart.embulk.bigquery.Schemas;
import io.featuremart.embulk.output.bigquery.BigQueryOutputPlugin.PluginTask;
import io.featuremart.embulk.run.TransientFailure;
import io.featuremart.embulk.run.WorkFailed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** The table that rows wait in until they are published. It expires by itself. */
final class StagingTable {
    private static final Duration PAUSE = Duration.ofMillis(200);
    private static final int CHUNK = 8 << 20;

    private final BigQuery client;
    private final PluginTask task;
    private final TableId table;

    StagingTable(final PluginTask task) {
        this.client = Connection.rest(task);
        this.task = task;
        this.table = TableId.of(task.getProject(), task.getDataset(), task.getTable());
    }

    /** Makes the table, empty; what an earlier attempt left under its name is dropped. */
    void create() {
        client.delete(table);
        client.create(TableInfo.newBuilder(table, StandardTableDefinition.of(Schemas.of(task.getColumns())))
                .setExpirationTime(Instant.now()
                        .plus(Duration.ofHours(task.getExpiresHours()))
                        .toEpochMilli())
                .setLabels(task.getLabels())
                .build());
    }

    /** Fills the table by one load job, which is whole or fails, and counts what stands in it then. */
    void load(final Path file, final long rows) {
        final WriteChannelConfiguration load = WriteChannelConfiguration.newBuilder(table)
                .setFormatOptions(FormatOptions.parquet())
                .setSchema(Schemas.of(task.getColumns()))
                .setCreateDisposition(JobInfo.CreateDisposition.CREATE_NEVER)
                .setWriteDisposition(JobInfo.WriteDisposition.WRITE_EMPTY)
                .setLabels(task.getLabels())
                .build();
        new JobRunner(client, task.getLocation(), PAUSE).run(task.getJob(), id -> upload(id, load, file));
        verify(rows);
    }

    private Job upload(final JobId id, final WriteChannelConfiguration load, final Path file) {
        final TableDataWriteChannel writer = client.writer(id, load);
        writer.setChunkSize(CHUNK);
        try (writer;
                FileChannel from = FileChannel.open(file)) {
            final ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
            while (from.read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    writer.write(buffer);
                }
                buffer.clear();
            }
        } catch (final IOException error) {
            if (error.getCause() instanceof BigQueryException refused) {
                throw refused;
            }
            throw new UncheckedIOException(error);
        }
        return writer.getJob();
    }

    /** Checks that the table holds exactly so many rows. */
    void verify(final long rows) {
        final Table loaded = client.getTable(table);
        if (loaded == null) {
            throw new TransientFailure(this + " is gone: another process of the same attempt has dropped it");
        }
        if (loaded.getNumRows().longValueExact() != rows) {
            throw new WorkFailed(this + " has " + loaded.getNumRows() + " rows, " + rows + " were loaded");
        }
    }

    /** Drops the table; none is no error. */
    void drop() {
        Connection.hasty(task).delete(table);
    }

    /** Returns {@code project.dataset.table}. */
    String fullName() {
        return table.getProject() + "." + table.getDataset() + "." + table.getTable();
    }

    @Override
    public String toString() {
        return "staging table " + fullName();
    }
}
