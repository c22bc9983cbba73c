package io.featuremart.embulk.output.s3;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * A local file that becomes one object: appended to from time to time, hashed while it is written.
 *
 * <p>It is open while it is appended to and no longer, as there may be more partitions than a process may open files.
 */
final class PartFile implements WritableByteChannel {
    private final Path path;
    private final MessageDigest sha256 = ContentChecksum.newSha256();
    private FileChannel channel;
    private long size;

    PartFile(final Path path) {
        this.path = path;
    }

    @Override
    public int write(final ByteBuffer bytes) throws IOException {
        if (channel == null) {
            channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
        sha256.update(bytes.duplicate());
        final int count = bytes.remaining();
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        size += count;
        return count;
    }

    /** Closes the file until the next write. */
    void rest() {
        if (channel != null) {
            try {
                channel.close();
            } catch (final IOException error) {
                throw new UncheckedIOException(error);
            }
            channel = null;
        }
    }

    /** Returns where the file is. */
    Path path() {
        return path;
    }

    /** Returns the bytes written so far. */
    long size() {
        return size;
    }

    /** Ends the file and returns its digest in hexadecimal. */
    String finish() {
        rest();
        return HexFormat.of().formatHex(sha256.digest());
    }

    /** Removes the file. */
    void delete() {
        rest();
        try {
            Files.deleteIfExists(path);
        } catch (final IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public void close() {
        rest();
    }
}
