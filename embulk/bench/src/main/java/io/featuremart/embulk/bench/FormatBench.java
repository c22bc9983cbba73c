package io.featuremart.embulk.bench;

import io.featuremart.embulk.input.bigquery.BigQueryInputPlugin;
import io.featuremart.embulk.output.s3.S3OutputPlugin;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Properties;
import org.embulk.EmbulkDependencyClassLoader;
import org.embulk.EmbulkEmbed;
import org.embulk.encoder.gzip.GzipFileEncoderPlugin;
import org.embulk.formatter.csv.CsvFormatterPlugin;
import org.embulk.output.file.LocalFileOutputPlugin;

/** Runs one configuration of a local file, with the outputs that are compared. */
public final class FormatBench {
    private FormatBench() {}

    /**
     * Runs Embulk.
     *
     * @param arguments the configuration's path
     * @throws IOException where it cannot be read
     */
    public static void main(final String[] arguments) throws IOException {
        final Path configuration = Path.of(arguments[0]);
        EmbulkDependencyClassLoader.staticInitializer().addDependency(configuration).initialize();
        final EmbulkEmbed embulk = new EmbulkEmbed.Bootstrap()
                .setEmbulkSystemProperties(new Properties())
                .builtinInputPlugin("bigquery", BigQueryInputPlugin.class)
                .builtinOutputPlugin("s3", S3OutputPlugin.class)
                .builtinOutputPlugin("parquet", ParquetOutputPlugin.class)
                .builtinFileOutputPlugin("file", LocalFileOutputPlugin.class)
                .builtinFormatterPlugin("csv", CsvFormatterPlugin.class)
                .builtinEncoderPlugin("gzip", GzipFileEncoderPlugin.class)
                .initialize();
        embulk.run(embulk.newConfigLoader().fromYamlFile(configuration.toFile()));
        System.exit(0); // clients keep threads that would hold the process for a while
    }
}
