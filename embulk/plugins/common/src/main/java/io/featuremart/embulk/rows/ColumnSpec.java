package io.featuremart.embulk.rows;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.embulk.config.ConfigException;
import org.embulk.spi.Schema;

/**
 * One declared column, as it stands in a run's configuration.
 *
 * @param name a lower-case identifier
 * @param type its GoogleSQL type
 * @param required whether NULL is refused
 */
public record ColumnSpec(
        @JsonProperty("name") String name,
        @JsonProperty("type") ColumnType type,
        @JsonProperty("required") boolean required) {

    /**
     * Checks that name and type are there: Jackson leaves out what a configuration leaves out.
     *
     * @param name a lower-case identifier
     * @param type its GoogleSQL type
     * @param required whether NULL is refused
     */
    @JsonCreator
    public ColumnSpec {
        if (name == null || name.isEmpty() || type == null) {
            throw new ConfigException("a column needs a name and a type, as in {name: tailnum, type: STRING}");
        }
    }

    /**
     * Returns the schema of Embulk's pages for some columns.
     *
     * @param columns in order
     * @return the same names in the same order, with the carrying types
     */
    public static Schema pageSchema(final List<ColumnSpec> columns) {
        final Schema.Builder builder = Schema.builder();
        for (final ColumnSpec column : columns) {
            builder.add(column.name(), column.type().carrier());
        }
        return builder.build();
    }

    /**
     * Checks that pages have the columns that an output declares.
     *
     * @param columns what the output's configuration declares
     * @param schema what the input gives
     * @throws ConfigException where they differ
     */
    public static void checkSame(final List<ColumnSpec> columns, final Schema schema) {
        if (!pageSchema(columns).equals(schema)) {
            throw new ConfigException(
                    "the output's columns are not the input's: " + pageSchema(columns) + " and " + schema);
        }
    }
}
