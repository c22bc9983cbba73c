package io.featuremart.embulk.input.s3;

import io.featuremart.embulk.aws.S3Location;
import io.featuremart.embulk.aws.S3Objects;
import io.featuremart.embulk.run.LocalFiles;
import io.featuremart.embulk.run.TransientFailure;
import io.featuremart.embulk.run.WorkFailed;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** A local copy of an object whose size and digest are those that its manifest names; removed when closed. */
final class VerifiedDownload implements AutoCloseable {
    private final Path path;

    VerifiedDownload(final S3Objects s3, final String bucket, final NamedObject object) {
        final S3Location location = new S3Location(bucket, object.key());
        try {
            path = LocalFiles.file(".parquet");
            copy(s3, location, object);
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    private void copy(final S3Objects s3, final S3Location location, final NamedObject object) throws IOException {
        boolean good = false;
        try {
            final MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            final long size;
            try (OutputStream to = new DigestOutputStream(Files.newOutputStream(path), sha256);
                    InputStream from = s3.stream(location)) {
                size = transfer(from, to, location);
            }
            final String digest = HexFormat.of().formatHex(sha256.digest());
            if (size != object.size() || !digest.equals(object.sha256())) {
                throw new WorkFailed(location + " is not what its manifest names: " + size + " bytes with SHA-256 "
                        + digest + " instead of " + object.size() + " bytes with " + object.sha256());
            }
            good = true;
        } catch (final NoSuchAlgorithmException error) {
            throw new IllegalStateException("every JDK has SHA-256", error);
        } finally {
            if (!good) {
                Files.delete(path);
            }
        }
    }

    /** Copies all bytes; a connection that breaks off is no fault of the object. */
    private static long transfer(final InputStream from, final OutputStream to, final S3Location location)
            throws IOException {
        final byte[] buffer = new byte[1 << 16];
        long size = 0;
        while (true) {
            final int count;
            try {
                count = from.read(buffer);
            } catch (final IOException error) {
                throw new TransientFailure(location + " broke off after " + size + " bytes", error);
            }
            if (count < 0) {
                return size;
            }
            to.write(buffer, 0, count);
            size += count;
        }
    }

    /** Returns where the copy is. */
    Path path() {
        return path;
    }

    @Override
    public void close() {
        try {
            Files.deleteIfExists(path);
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
