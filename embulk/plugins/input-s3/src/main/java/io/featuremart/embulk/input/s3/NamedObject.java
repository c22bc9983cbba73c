package io.featuremart.embulk.input.s3;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import org.embulk.config.ConfigException;

/**
 * One object to read, exactly as a manifest names it.
 *
 * @param partition its partition's label
 * @param key in the bucket
 * @param size in bytes
 * @param sha256 of its bytes, in hexadecimal
 * @param rows that it holds
 */
public record NamedObject(
        @JsonProperty("partition") String partition,
        @JsonProperty("key") String key,
        @JsonProperty("size") long size,
        @JsonProperty("sha256") String sha256,
        @JsonProperty("rows") long rows) {

    /**
     * Checks that nothing is left out.
     *
     * @param partition its partition's label
     * @param key in the bucket
     * @param size in bytes
     * @param sha256 of its bytes, in hexadecimal
     * @param rows that it holds
     */
    @JsonCreator
    public NamedObject {
        if (partition == null || key == null || sha256 == null) {
            throw new ConfigException("an object needs partition, key, size, sha256 and rows");
        }
    }
}
