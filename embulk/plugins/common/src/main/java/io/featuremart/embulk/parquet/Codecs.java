package io.featuremart.embulk.parquet;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import io.featuremart.embulk.run.WorkFailed;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.parquet.bytes.BytesInput;
import org.apache.parquet.compression.CompressionCodecFactory;
import org.apache.parquet.hadoop.metadata.CompressionCodecName;

/**
 * Compression of Parquet pages: Zstandard and none.
 *
 * <p>Parquet's own factory makes its codecs by way of a Hadoop configuration, which needs far more of Hadoop than the
 * classes that its signatures name.
 */
final class Codecs implements CompressionCodecFactory {
    private static final int LEVEL = 3;

    @Override
    public BytesInputCompressor getCompressor(final CompressionCodecName codec) {
        requireKnown(codec);
        return new Compressor(codec);
    }

    @Override
    public BytesInputDecompressor getDecompressor(final CompressionCodecName codec) {
        requireKnown(codec);
        return new Decompressor(codec);
    }

    @Override
    public void release() {
        // nothing is kept
    }

    private static void requireKnown(final CompressionCodecName codec) {
        if (codec != CompressionCodecName.ZSTD && codec != CompressionCodecName.UNCOMPRESSED) {
            throw new WorkFailed("the Parquet file is compressed by " + codec + ": write it with zstd");
        }
    }

    private static byte[] copy(final BytesInput bytes) throws IOException {
        final ByteArrayOutputStream copy = new ByteArrayOutputStream(Math.toIntExact(bytes.size()));
        bytes.writeAllTo(copy);
        return copy.toByteArray();
    }

    private record Compressor(CompressionCodecName codec) implements BytesInputCompressor {
        @Override
        public BytesInput compress(final BytesInput bytes) throws IOException {
            return codec == CompressionCodecName.ZSTD
                    ? BytesInput.from(Zstd.compress(copy(bytes), LEVEL))
                    : bytes;
        }

        @Override
        public CompressionCodecName getCodecName() {
            return codec;
        }

        @Override
        public void release() {
            // nothing is kept
        }
    }

    private record Decompressor(CompressionCodecName codec) implements BytesInputDecompressor {
        @Override
        public BytesInput decompress(final BytesInput bytes, final int size) throws IOException {
            return codec == CompressionCodecName.ZSTD ? BytesInput.from(plain(copy(bytes), size)) : bytes;
        }

        @Override
        public void decompress(final ByteBuffer from, final int compressed, final ByteBuffer to, final int size)
                throws IOException {
            final byte[] bytes = new byte[compressed];
            from.get(bytes);
            to.put(codec == CompressionCodecName.ZSTD ? plain(bytes, size) : bytes);
        }

        private static byte[] plain(final byte[] compressed, final int size) throws IOException {
            final byte[] plain = new byte[size];
            try {
                final long written = Zstd.decompress(plain, compressed);
                if (Zstd.isError(written) || written != size) {
                    throw new IOException("a Parquet page is damaged: " + Zstd.getErrorName(written));
                }
                return plain;
            } catch (final ZstdException error) {
                throw new IOException("a Parquet page is damaged: " + error.getMessage(), error);
            }
        }

        @Override
        public void release() {
            // nothing is kept
        }
    }
}
