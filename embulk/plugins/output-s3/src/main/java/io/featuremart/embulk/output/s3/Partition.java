package io.featuremart.embulk.output.s3;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.featuremart.embulk.rows.ColumnSpec;
import java.util.Comparator;
import java.util.List;

/**
 * What all tasks wrote of one partition; one without rows is reported too.
 *
 * @param partition its label
 * @param rows how many
 * @param contentChecksum see {@link ContentChecksum}
 * @param objects in order of keys
 */
record Partition(
        @JsonProperty("partition") String partition,
        @JsonProperty("rows") long rows,
        @JsonProperty("content_checksum") String contentChecksum,
        @JsonProperty("objects") List<DataObject> objects) {

    /** Joins the parts that tasks wrote. */
    static Partition of(final String label, final List<TaskPartition> parts, final List<ColumnSpec> columns) {
        final ContentChecksum checksum = new ContentChecksum();
        parts.forEach(part -> checksum.addPartial(part.partialChecksum()));
        return new Partition(
                label,
                checksum.rows(),
                checksum.hex(columns),
                parts.stream()
                        .flatMap(part -> part.objects().stream())
                        .sorted(Comparator.comparing(DataObject::key))
                        .toList());
    }
}
