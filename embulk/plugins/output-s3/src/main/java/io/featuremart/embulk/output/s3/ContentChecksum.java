package io.featuremart.embulk.output.s3;

import io.featuremart.embulk.rows.ColumnSpec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;

/**
 * A checksum of typed rows that depends on neither their order nor on how files hold them.
 *
 * <p>Each row's canonical bytes ({@link RowEncoding}) are hashed by SHA-256; the first 16 bytes of the digests, read as
 * big-endian unsigned integers, are added modulo 2^128. A sum, unlike an exclusive or, counts equal rows. The checksum
 * is the hexadecimal SHA-256 of:
 *
 * <ol>
 *   <li>the ASCII text {@code featuremart rows 1} and a line feed;
 *   <li>for each column {@code name:TYPE} in UTF-8 and a line feed;
 *   <li>16 bytes: the sum, big-endian;
 *   <li>8 bytes: the number of rows, big-endian.
 * </ol>
 */
final class ContentChecksum {
    private static final String VERSION = "featuremart rows 1\n";
    private static final int SUM_BYTES = 16;
    private static final int DIGEST_BYTES = 32;

    private final MessageDigest sha256 = newSha256();
    private final byte[] digest = new byte[DIGEST_BYTES];
    private final ByteBuffer halves = ByteBuffer.wrap(digest);
    private long high;
    private long low;
    private long rows;

    /** Returns a new SHA-256. */
    static MessageDigest newSha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (final NoSuchAlgorithmException error) {
            throw new IllegalStateException("every JDK has SHA-256", error);
        }
    }

    /** Adds a row. */
    void add(final RowEncoding row) {
        sha256.update(row.array(), 0, row.size());
        try {
            sha256.digest(digest, 0, digest.length);
        } catch (final DigestException error) {
            throw new IllegalStateException("a digest has 32 bytes", error);
        }
        addSum(halves.getLong(0), halves.getLong(Long.BYTES));
        rows++;
    }

    /** Adds the rows of another part of the same partition, as {@link #partial()} wrote them. */
    void addPartial(final String partial) {
        final ByteBuffer other = ByteBuffer.wrap(HexFormat.of().parseHex(partial));
        addSum(other.getLong(), other.getLong());
        rows += other.getLong();
    }

    /** Returns sum and number of rows, in hexadecimal. */
    String partial() {
        return HexFormat.of()
                .formatHex(ByteBuffer.allocate(SUM_BYTES + Long.BYTES)
                        .putLong(high)
                        .putLong(low)
                        .putLong(rows)
                        .array());
    }

    /** Returns the number of rows. */
    long rows() {
        return rows;
    }

    /** Returns the checksum of the rows so far, in hexadecimal. */
    String hex(final List<ColumnSpec> columns) {
        final MessageDigest whole = newSha256();
        whole.update(VERSION.getBytes(StandardCharsets.US_ASCII));
        for (final ColumnSpec column : columns) {
            whole.update((column.name() + ":" + column.type() + "\n").getBytes(StandardCharsets.UTF_8));
        }
        whole.update(HexFormat.of().parseHex(partial()));
        return HexFormat.of().formatHex(whole.digest());
    }

    private void addSum(final long otherHigh, final long otherLow) {
        low += otherLow;
        high += otherHigh + (Long.compareUnsigned(low, otherLow) < 0 ? 1 : 0);
    }
}
