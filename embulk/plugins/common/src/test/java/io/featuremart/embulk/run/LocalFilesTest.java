package io.featuremart.embulk.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class LocalFilesTest {
    @Test
    void allFilesAreRemovedWithTheirFolder() throws IOException {
        final Path first = LocalFiles.file(".arrow");
        final Path second = LocalFiles.file(".arrow");
        assertNotEquals(first, second);
        assertEquals(first.getParent(), second.getParent());
        assertTrue(first.toString().endsWith(".arrow"));
        Files.writeString(first, "rows");
        LocalFiles.removeAll();
        assertFalse(Files.exists(first.getParent()));
        LocalFiles.removeAll();
    }
}
