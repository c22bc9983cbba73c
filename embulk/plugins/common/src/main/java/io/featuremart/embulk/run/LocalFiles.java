package io.featuremart.embulk.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Files that rows pass through on this machine: all in one folder of the process, which is removed when it ends. */
public final class LocalFiles {
    private static final Logger LOGGER = LoggerFactory.getLogger(LocalFiles.class);
    private static Path folder;

    private LocalFiles() {}

    /**
     * Makes an empty file.
     *
     * @param suffix of its name
     * @return its path
     */
    public static Path file(final String suffix) {
        try {
            return Files.createTempFile(folder(), "", suffix);
        } catch (final IOException error) {
            throw new UncheckedIOException("no local file can be made: " + error.getMessage(), error);
        }
    }

    private static synchronized Path folder() throws IOException {
        if (folder == null) {
            folder = Files.createTempDirectory("embulk-");
        }
        return folder;
    }

    /** Removes all files, at the end of the process: what another thread still writes is left to the system. */
    public static synchronized void removeAll() {
        if (folder == null) {
            return;
        }
        try (Stream<Path> found = Files.walk(folder)) {
            final List<Path> deepestFirst = found.sorted(Comparator.reverseOrder()).toList();
            for (final Path path : deepestFirst) {
                Files.deleteIfExists(path);
            }
            folder = null;
        } catch (final IOException | UncheckedIOException error) {
            LOGGER.warn("local files stay in {}: {}", folder, error.getMessage());
        }
    }
}
