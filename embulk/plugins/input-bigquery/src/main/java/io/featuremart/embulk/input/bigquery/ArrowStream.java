package io.featuremart.embulk.input.bigquery;

import com.google.cloud.bigquery.storage.v1.BigQueryReadClient;
import com.google.cloud.bigquery.storage.v1.ReadRowsRequest;
import com.google.cloud.bigquery.storage.v1.ReadRowsResponse;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.run.WorkFailed;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorLoader;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.ipc.ReadChannel;
import org.apache.arrow.vector.ipc.message.ArrowRecordBatch;
import org.apache.arrow.vector.ipc.message.MessageSerializer;
import org.embulk.spi.PageBuilder;

/** Reads one stream of the Storage Read API into Embulk's pages, one Arrow batch at a time. */
final class ArrowStream implements AutoCloseable {
    private final BufferAllocator allocator = new RootAllocator();
    private final VectorSchemaRoot root;
    private final VectorLoader loader;
    private final List<ColumnSpec> columns;
    private final List<ArrowCell> cells = new ArrayList<>();

    ArrowStream(final byte[] schema, final List<ColumnSpec> columns) {
        this.columns = List.copyOf(columns);
        try {
            root = VectorSchemaRoot.create(
                    MessageSerializer.deserializeSchema(channel(new ByteArrayInputStream(schema))), allocator);
        } catch (final IOException error) {
            allocator.close();
            throw new WorkFailed("the Storage API sent no Arrow schema: " + error.getMessage(), error);
        }
        loader = new VectorLoader(root);
        for (final ColumnSpec column : columns) {
            cells.add(ArrowCell.of(column, vector(column)));
        }
    }

    private FieldVector vector(final ColumnSpec column) {
        return root.getFieldVectors().stream()
                .filter(vector -> vector.getName().equalsIgnoreCase(column.name()))
                .findFirst()
                .orElseThrow(() -> new WorkFailed("the Storage API gives no column " + column.name()));
    }

    /** Reads a stream to its end and returns how many rows it had. The client resumes it where a connection breaks. */
    long read(final BigQueryReadClient client, final String stream, final PageBuilder pages) {
        final ReadRowsRequest request =
                ReadRowsRequest.newBuilder().setReadStream(stream).build();
        long rows = 0;
        for (final ReadRowsResponse response : client.readRowsCallable().call(request)) {
            rows += load(response.getArrowRecordBatch().getSerializedRecordBatch().newInput(), pages);
        }
        return rows;
    }

    private long load(final InputStream message, final PageBuilder pages) {
        try (ArrowRecordBatch batch = MessageSerializer.deserializeRecordBatch(channel(message), allocator)) {
            loader.load(batch);
        } catch (final IOException error) {
            throw new WorkFailed("the Storage API sent a damaged batch: " + error.getMessage(), error);
        }
        final int rows = root.getRowCount();
        for (int row = 0; row < rows; row++) {
            for (int index = 0; index < cells.size(); index++) {
                final ArrowCell cell = cells.get(index);
                if (!cell.isNull(row)) {
                    cell.copy(row, index, pages);
                } else if (columns.get(index).required()) {
                    throw new WorkFailed("column " + columns.get(index).name() + " is required, the query gives a NULL");
                } else {
                    pages.setNull(index);
                }
            }
            pages.addRecord();
        }
        return rows;
    }

    private static ReadChannel channel(final InputStream bytes) {
        return new ReadChannel(Channels.newChannel(bytes));
    }

    @Override
    public void close() {
        root.close();
        allocator.close();
    }
}
