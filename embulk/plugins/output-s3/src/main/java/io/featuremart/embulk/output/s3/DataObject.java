package io.featuremart.embulk.output.s3;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * One object that was written.
 *
 * @param key in the bucket
 * @param size in bytes
 * @param sha256 of its bytes, in hexadecimal
 * @param rows that it holds
 */
record DataObject(
        @JsonProperty("key") String key,
        @JsonProperty("size") long size,
        @JsonProperty("sha256") String sha256,
        @JsonProperty("rows") long rows) {}
