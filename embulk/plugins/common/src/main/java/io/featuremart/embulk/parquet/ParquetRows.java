package io.featuremart.embulk.parquet;

import io.featuremart.embulk.rows.Carried;
import io.featuremart.embulk.rows.ColumnSpec;
import io.featuremart.embulk.run.WorkFailed;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.ParquetReadOptions;
import org.apache.parquet.column.ColumnReadStore;
import org.apache.parquet.column.ColumnReader;
import org.apache.parquet.column.impl.ColumnReadStoreImpl;
import org.apache.parquet.column.page.PageReadStore;
import org.apache.parquet.conf.PlainParquetConfiguration;
import org.apache.parquet.example.data.simple.convert.GroupRecordConverter;
import org.apache.parquet.hadoop.ParquetFileReader;
import org.apache.parquet.io.LocalInputFile;
import org.apache.parquet.schema.MessageType;
import org.embulk.spi.PageBuilder;

/** Reads a Parquet file of declared columns into Embulk's pages, one row group at a time. */
public final class ParquetRows {
    private final List<ColumnSpec> columns;

    /**
     * Reads files of these columns.
     *
     * @param columns in the order of the pages
     */
    public ParquetRows(final List<ColumnSpec> columns) {
        this.columns = List.copyOf(columns);
    }

    /**
     * Reads a file.
     *
     * @param file on this machine
     * @param pages where its rows are added, in the file's order
     * @return the number of rows
     * @throws WorkFailed where the file has other columns, or cannot be read
     */
    public long read(final Path file, final PageBuilder pages) {
        final ParquetReadOptions options = ParquetReadOptions.builder(new PlainParquetConfiguration())
                .withCodecFactory(new Codecs())
                .build();
        try (ParquetFileReader reader = ParquetFileReader.open(new LocalInputFile(file), options)) {
            final MessageType schema = reader.getFileMetaData().getSchema();
            ParquetSchemas.check(columns, schema);
            long rows = 0;
            for (PageReadStore group = reader.readNextRowGroup(); group != null; group = reader.readNextRowGroup()) {
                copy(group, schema, reader.getFileMetaData().getCreatedBy(), pages);
                rows += group.getRowCount();
            }
            return rows;
        } catch (final IOException error) {
            throw new WorkFailed("the Parquet file cannot be read: " + error.getMessage(), error);
        }
    }

    private void copy(
            final PageReadStore group, final MessageType schema, final String createdBy, final PageBuilder pages) {
        final ColumnReadStore store = new ColumnReadStoreImpl(
                group, new GroupRecordConverter(schema).getRootConverter(), schema, createdBy);
        final List<ColumnReader> readers = new ArrayList<>();
        for (final ColumnSpec column : columns) {
            readers.add(store.getColumnReader(schema.getColumnDescription(new String[] {column.name()})));
        }
        for (long row = 0; row < group.getRowCount(); row++) {
            for (int index = 0; index < columns.size(); index++) {
                copyCell(readers.get(index), index, pages);
            }
            pages.addRecord();
        }
    }

    private void copyCell(final ColumnReader reader, final int index, final PageBuilder pages) {
        if (reader.getCurrentDefinitionLevel() < reader.getDescriptor().getMaxDefinitionLevel()) {
            if (columns.get(index).required()) {
                throw new WorkFailed("column " + columns.get(index).name() + " is required and has a NULL");
            }
            pages.setNull(index);
        } else {
            switch (columns.get(index).type()) {
                case INT64, DATETIME -> pages.setLong(index, reader.getLong());
                case DATE -> pages.setLong(index, reader.getInteger());
                case FLOAT64 -> pages.setDouble(index, reader.getDouble());
                case BOOL -> pages.setBoolean(index, reader.getBoolean());
                case STRING -> pages.setString(index, reader.getBinary().toStringUsingUTF8());
                case BYTES -> pages.setString(index, Carried.bytes(reader.getBinary().getBytesUnsafe()));
                case TIMESTAMP -> pages.setTimestamp(index, Carried.timestamp(reader.getLong()));
                case NUMERIC -> pages.setString(
                        index,
                        Carried.numeric(new BigDecimal(
                                new BigInteger(reader.getBinary().getBytesUnsafe()), Carried.NUMERIC_SCALE)));
                default -> throw new IllegalStateException();
            }
        }
        reader.consume();
    }
}
