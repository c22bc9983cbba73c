package io.featuremart.embulk.output.s3;

import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.run.LocalFiles;
import io.featuremart.embulk.run.WorkFailed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.VectorSchemaRoot;
import org.apache.arrow.vector.compression.CompressionUtil.CodecType;
import org.apache.arrow.vector.ipc.ArrowFileWriter;
import org.apache.arrow.vector.ipc.message.IpcOption;
import org.embulk.spi.PageReader;

/**
 * The rows of one partition on their way into Arrow files: gathered into batches, compressed by Zstandard.
 *
 * <p>Between batches it keeps no memory but a few bytes and no open file.
 */
final class PartitionWriter implements AutoCloseable {
    /** A batch is written when it holds so many rows. */
    static final int BATCH_ROWS = 32_768;

    private static final int FIRST_ROWS = 256;

    private final Target target;
    private final ContentChecksum checksum = new ContentChecksum();
    private final VectorSchemaRoot root;
    private PartFile file;
    private ArrowFileWriter writer;
    private long fileRows;
    private int batchRows;
    private long batchBytes;

    /**
     * What all partitions of a task share.
     *
     * @param columns in the order of the pages
     * @param cells one a column
     * @param allocator of the vectors
     * @param rollBytes a file is ended once it is larger
     * @param sink is handed ended files
     */
    record Shared(
            List<ColumnSpec> columns,
            List<Cell> cells,
            BufferAllocator allocator,
            long rollBytes,
            Sink sink) {}

    /**
     * Where one partition goes.
     *
     * @param label the partition
     * @param shared by all partitions
     */
    record Target(String label, Shared shared) {}

    /** Takes ended files: uploads and removes them. */
    @FunctionalInterface
    interface Sink {
        void take(String label, PartFile file, String sha256, long rows);
    }

    PartitionWriter(final Target target) {
        this.target = target;
        this.root = VectorSchemaRoot.create(
                ArrowFields.schema(target.shared().columns()), target.shared().allocator());
    }

    /** Adds the row that a reader stands at. */
    void add(final PageReader row, final RowEncoding encoding) {
        if (batchRows == 0) {
            for (final FieldVector vector : root.getFieldVectors()) {
                vector.setInitialCapacity(FIRST_ROWS);
                vector.allocateNew();
            }
        }
        encoding.clear();
        final Shared shared = target.shared();
        for (int index = 0; index < shared.cells().size(); index++) {
            if (!row.isNull(index)) {
                shared.cells().get(index).copy(row, index, root.getVector(index), batchRows, encoding);
            } else if (shared.columns().get(index).required()) {
                throw new WorkFailed("column " + shared.columns().get(index).name() + " is required and has a NULL in "
                        + target.label());
            } else {
                root.getVector(index).setNull(batchRows);
                encoding.putNull();
            }
        }
        checksum.add(encoding);
        batchRows++;
        batchBytes += encoding.size();
    }

    /** Returns the rows that are gathered and not written. */
    int batchRows() {
        return batchRows;
    }

    /** Returns about how many bytes those are. */
    long batchBytes() {
        return batchBytes;
    }

    /** Returns the checksum of the rows so far. */
    ContentChecksum checksum() {
        return checksum;
    }

    /** Writes the gathered rows and frees their memory. */
    void flush() {
        if (batchRows == 0) {
            return;
        }
        try {
            if (writer == null) {
                begin();
            }
            root.setRowCount(batchRows);
            writer.writeBatch();
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
        file.rest();
        root.clear();
        fileRows += batchRows;
        batchRows = 0;
        batchBytes = 0;
        if (file.size() >= target.shared().rollBytes()) {
            end();
        }
    }

    /** Writes what is left and hands over the last file. */
    void finish() {
        flush();
        if (writer != null) {
            end();
        }
    }

    private void begin() throws IOException {
        file = new PartFile(LocalFiles.file(".arrow"));
        writer = new ArrowFileWriter(
                root,
                null,
                file,
                Map.of(),
                IpcOption.DEFAULT,
                CommonsCompressionFactory.INSTANCE,
                CodecType.ZSTD);
        writer.start();
    }

    private void end() {
        try {
            writer.end();
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
        writer = null;
        target.shared().sink().take(target.label(), file, file.finish(), fileRows);
        file = null;
        fileRows = 0;
    }

    @Override
    public void close() {
        root.close();
        if (file != null) {
            file.delete();
        }
    }
}
