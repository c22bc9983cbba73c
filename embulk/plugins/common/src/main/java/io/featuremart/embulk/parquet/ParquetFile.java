package io.featuremart.embulk.parquet;

import io.featuremart.embulk.rows.Carried;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.run.WorkFailed;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.conf.ParquetConfiguration;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.hadoop.ParquetFileWriter;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.api.WriteSupport;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.io.api.Binary;
import org.apache.parquet.io.api.RecordConsumer;
import org.embulk.spi.PageReader;

/** A Parquet file of declared columns, compressed by Zstandard, written from Embulk's pages. */
public final class ParquetFile implements AutoCloseable {
    private final ParquetWriter<PageReader> writer;
    private long rows;

    /**
     * Begins a file.
     *
     * @param file on this machine; replaced where it exists
     * @param columns in the order of the pages
     */
    public ParquetFile(final Path file, final List<ColumnSpec> columns) {
        try {
            writer = new Builder(file, List.copyOf(columns))
                    .withConf(new PlainParquetConfiguration())
                    .withCodecFactory(new Codecs())
                    .withCompressionCodec(CompressionCodecName.ZSTD)
                    .withWriteMode(ParquetFileWriter.Mode.OVERWRITE)
                    .build();
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /**
     * Adds the row that a page reader stands at.
     *
     * @param row at a record
     * @throws WorkFailed where a required column is NULL
     */
    public void add(final PageReader row) {
        try {
            writer.write(row);
            rows++;
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    /**
     * Returns the number of rows that were added.
     *
     * @return so far
     */
    public long rows() {
        return rows;
    }

    @Override
    public void close() {
        try {
            writer.close();
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private static final class Builder extends ParquetWriter.Builder<PageReader, Builder> {
        private final List<ColumnSpec> columns;

        private Builder(final Path file, final List<ColumnSpec> columns) {
            super(new LocalOutputFile(file));
            this.columns = columns;
        }

        @Override
        protected Builder self() {
            return this;
        }

        @Override
        protected WriteSupport<PageReader> getWriteSupport(final ParquetConfiguration configuration) {
            return new Rows(columns);
        }

        /** Never called: the configuration is a plain one. Its signature is why a class of Hadoop must be there. */
        @Deprecated
        @Override
        protected WriteSupport<PageReader> getWriteSupport(final Configuration configuration) {
            return new Rows(columns);
        }
    }

    private static final class Rows extends WriteSupport<PageReader> {
        private final List<ColumnSpec> columns;
        private RecordConsumer consumer;

        private Rows(final List<ColumnSpec> columns) {
            this.columns = columns;
        }

        @Override
        public WriteContext init(final ParquetConfiguration configuration) {
            return new WriteContext(ParquetSchemas.of(columns), Map.of());
        }

        @Deprecated
        @Override
        public WriteContext init(final Configuration configuration) {
            return new WriteContext(ParquetSchemas.of(columns), Map.of());
        }

        @Override
        public void prepareForWrite(final RecordConsumer recordConsumer) {
            consumer = recordConsumer;
        }

        @Override
        public void write(final PageReader row) {
            consumer.startMessage();
            for (int index = 0; index < columns.size(); index++) {
                final ColumnSpec column = columns.get(index);
                if (!row.isNull(index)) {
                    consumer.startField(column.name(), index);
                    writeCell(row, index, column);
                    consumer.endField(column.name(), index);
                } else if (column.required()) {
                    throw new WorkFailed("column " + column.name() + " is required and has a NULL");
                }
            }
            consumer.endMessage();
        }

        private void writeCell(final PageReader row, final int index, final ColumnSpec column) {
            switch (column.type()) {
                case INT64, DATETIME -> consumer.addLong(row.getLong(index));
                case DATE -> consumer.addInteger(Math.toIntExact(row.getLong(index)));
                case FLOAT64 -> consumer.addDouble(row.getDouble(index));
                case BOOL -> consumer.addBoolean(row.getBoolean(index));
                case STRING -> consumer.addBinary(Binary.fromString(row.getString(index)));
                case BYTES -> consumer.addBinary(
                        Binary.fromConstantByteArray(Carried.bytes(row.getString(index))));
                case TIMESTAMP -> consumer.addLong(Carried.timestamp(row.getTimestampInstant(index)));
                case NUMERIC -> consumer.addBinary(numeric(Carried.numeric(row.getString(index))));
                default -> throw new IllegalStateException();
            }
        }

        private static Binary numeric(final BigInteger unscaled) {
            final byte[] digits = unscaled.toByteArray();
            final byte[] padded = new byte[ParquetSchemas.NUMERIC_BYTES];
            Arrays.fill(padded, (byte) (unscaled.signum() < 0 ? -1 : 0));
            System.arraycopy(digits, 0, padded, padded.length - digits.length, digits.length);
            return Binary.fromConstantByteArray(padded);
        }
    }
}
