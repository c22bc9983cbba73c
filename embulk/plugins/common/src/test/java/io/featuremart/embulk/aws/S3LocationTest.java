package io.featuremart.embulk.aws;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.embulk.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class S3LocationTest {
    @Test
    void bucketAndKeyAreTold() {
        assertEquals(new S3Location("lake", "a/b c.yml"), S3Location.parse("s3://lake/a/b c.yml"));
        assertEquals("s3://lake/a/b c.yml", new S3Location("lake", "a/b c.yml").toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "lake/key", "s3://", "s3:///key", "s3://lake", "s3://lake/", "https://lake/key"})
    void anythingElseIsRefused(final String text) {
        assertThrows(ConfigException.class, () -> S3Location.parse(text));
    }
}
