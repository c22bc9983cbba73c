package io.featuremart.embulk.output.s3;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;

/**
 * What one task wrote of one partition.
 *
 * @param partition its label
 * @param partialChecksum see {@link ContentChecksum#partial()}
 * @param objects in the order they were written
 */
record TaskPartition(
        @JsonProperty("partition") String partition,
        @JsonProperty("partial_checksum") String partialChecksum,
        @JsonProperty("objects") List<DataObject> objects) {}
