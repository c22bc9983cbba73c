package io.featuremart.embulk.aws;

import io.featuremart.embulk.run.WorkFailed;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/**
 * Objects on S3, read and written whole.
 *
 * <p>Region, credentials and endpoint come from the SDK's own environment variables ({@code AWS_REGION}, the task role,
 * {@code AWS_ENDPOINT_URL}), so no address and no secret stands in a configuration.
 */
public final class S3Objects implements AutoCloseable {
    private static final int ATTEMPTS = 5;

    private final S3Client client;

    private S3Objects(final S3Client client) {
        this.client = client;
    }

    /**
     * Returns the objects that this process may reach.
     *
     * @return to be closed
     */
    public static S3Objects open() {
        return new S3Objects(S3Client.builder()
                .httpClientBuilder(UrlConnectionHttpClient.builder())
                .forcePathStyle(endpointIsGiven())
                .overrideConfiguration(override -> override.retryStrategy(AwsRetryStrategy.standardRetryStrategy().toBuilder()
                        .maxAttempts(ATTEMPTS)
                        .build()))
                .build());
    }

    /** A server that is not Amazon's has no DNS name for each bucket. */
    private static boolean endpointIsGiven() {
        return System.getenv("AWS_ENDPOINT_URL_S3") != null || System.getenv("AWS_ENDPOINT_URL") != null;
    }

    /**
     * Reads a small object.
     *
     * @param location where it is
     * @return its bytes
     * @throws WorkFailed where there is none
     */
    public byte[] get(final S3Location location) {
        try {
            return client.getObjectAsBytes(request -> request.bucket(location.bucket()).key(location.key()))
                    .asByteArrayUnsafe();
        } catch (final NoSuchKeyException error) {
            throw new WorkFailed(location + " does not exist", error);
        }
    }

    /**
     * Opens an object for reading.
     *
     * @param location where it is
     * @return its bytes, to be closed
     * @throws WorkFailed where there is none
     */
    public ResponseInputStream<GetObjectResponse> stream(final S3Location location) {
        try {
            return client.getObject(request -> request.bucket(location.bucket()).key(location.key()));
        } catch (final NoSuchKeyException error) {
            throw new WorkFailed(location + " does not exist", error);
        }
    }

    /**
     * Writes a small object.
     *
     * @param location where to
     * @param data its bytes
     */
    public void put(final S3Location location, final byte[] data) {
        client.putObject(
                request -> request.bucket(location.bucket()).key(location.key()), RequestBody.fromBytes(data));
    }

    /**
     * Writes a file as an object; S3 compares the digest before it keeps it.
     *
     * @param location where to
     * @param file of at most 5 GB
     * @param sha256 the file's digest in hexadecimal
     */
    public void upload(final S3Location location, final Path file, final String sha256) {
        final String digest = Base64.getEncoder().encodeToString(HexFormat.of().parseHex(sha256));
        client.putObject(
                request -> request.bucket(location.bucket()).key(location.key()).checksumSHA256(digest), file);
    }

    /**
     * Removes an object; none is no error.
     *
     * @param location where it is
     */
    public void delete(final S3Location location) {
        client.deleteObject(request -> request.bucket(location.bucket()).key(location.key()));
    }

    @Override
    public void close() {
        client.close();
    }
}
