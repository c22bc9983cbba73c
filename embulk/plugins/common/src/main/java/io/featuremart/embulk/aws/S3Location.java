package io.featuremart.embulk.aws;

import org.embulk.config.ConfigException;

/**
 * Where an object is.
 *
 * @param bucket the bucket's name
 * @param key the object's key
 */
public record S3Location(String bucket, String key) {
    private static final String SCHEME = "s3://";

    /**
     * Reads {@code s3://bucket/key}.
     *
     * @param uri the text
     * @return bucket and key
     * @throws ConfigException where it is no such text
     */
    public static S3Location parse(final String uri) {
        final int slash = uri.startsWith(SCHEME) ? uri.indexOf('/', SCHEME.length()) : -1;
        if (slash <= SCHEME.length() || slash == uri.length() - 1) {
            throw new ConfigException("'" + uri + "' is no s3://bucket/key");
        }
        return new S3Location(uri.substring(SCHEME.length(), slash), uri.substring(slash + 1));
    }

    @Override
    public String toString() {
        return SCHEME + bucket + "/" + key;
    }
}
