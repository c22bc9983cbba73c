package io.featuremart.embulk.rows;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.embulk.exec.PooledBufferAllocator;
import org.embulk.spi.Column;
import org.embulk.spi.Page;
import org.embulk.spi.PageBuilder;
import org.embulk.spi.PageBuilderImpl;
import org.embulk.spi.PageOutput;
import org.embulk.spi.PageReader;
import org.embulk.spi.PageReaderImpl;
import org.embulk.spi.Schema;
import org.embulk.spi.type.Types;

/** Embulk's real pages, made and read without a run. */
public final class TestPages {
    private TestPages() {}

    /**
     * Makes pages.
     *
     * @param columns of the rows
     * @param filling adds the rows
     * @return in order
     */
    public static List<Page> make(final List<ColumnSpec> columns, final Consumer<PageBuilder> filling) {
        final List<Page> pages = new ArrayList<>();
        final PageOutput output = new PageOutput() {
            @Override
            public void add(final Page page) {
                pages.add(page);
            }

            @Override
            public void finish() {
                // all pages are there
            }

            @Override
            public void close() {
                // nothing is open
            }
        };
        try (PageBuilder builder =
                new PageBuilderImpl(PooledBufferAllocator.create(), ColumnSpec.pageSchema(columns), output)) {
            filling.accept(builder);
            builder.finish();
        }
        return pages;
    }

    /**
     * Shows each row of some pages.
     *
     * @param columns of the rows
     * @param pages in order
     * @param seen told a reader that stands at a row
     */
    public static void forEach(
            final List<ColumnSpec> columns, final List<Page> pages, final Consumer<PageReader> seen) {
        try (PageReader reader = new PageReaderImpl(ColumnSpec.pageSchema(columns))) {
            for (final Page page : pages) {
                reader.setPage(page);
                while (reader.nextRecord()) {
                    seen.accept(reader);
                }
            }
        }
    }

    /**
     * Returns the carried values of some pages.
     *
     * @param columns of the rows
     * @param pages in order
     * @return row by row, null for NULL
     */
    public static List<List<Object>> values(final List<ColumnSpec> columns, final List<Page> pages) {
        final List<List<Object>> rows = new ArrayList<>();
        final Schema schema = ColumnSpec.pageSchema(columns);
        forEach(columns, pages, reader -> {
            final List<Object> row = new ArrayList<>();
            schema.getColumns().forEach(column -> row.add(reader.isNull(column) ? null : value(reader, column)));
            rows.add(row);
        });
        return rows;
    }

    private static Object value(final PageReader reader, final Column column) {
        if (column.getType().equals(Types.LONG)) {
            return reader.getLong(column);
        }
        if (column.getType().equals(Types.DOUBLE)) {
            return reader.getDouble(column);
        }
        if (column.getType().equals(Types.BOOLEAN)) {
            return reader.getBoolean(column);
        }
        if (column.getType().equals(Types.TIMESTAMP)) {
            return reader.getTimestampInstant(column);
        }
        return reader.getString(column);
    }
}
