package io.featuremart.embulk;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.featuremart.embulk.aws.S3Location;
import io.featuremart.embulk.input.bigquery.BigQueryInputPlugin;
import io.featuremart.embulk.input.s3.S3InputPlugin;
import io.featuremart.embulk.output.bigquery.BigQueryOutputPlugin;
import io.featuremart.embulk.output.s3.S3OutputPlugin;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Properties;
import org.embulk.EmbulkDependencyClassLoader;
import org.embulk.EmbulkEmbed;
import org.embulk.config.ConfigDiff;
import org.embulk.config.ConfigException;
import org.embulk.config.ConfigSource;

/** One configuration, run by Embulk with the mart's four plugins built in. */
final class Transfer {
    private static final String REPORT = "report";
    private static final int REPORT_FORMAT = 1;

    private final EmbulkEmbed embulk;
    private final ConfigSource config;
    private final S3Location report;

    /** Reads a configuration in YAML. */
    Transfer(final EmbulkEmbed embulk, final String yaml) {
        this.embulk = embulk;
        config = parse(embulk, yaml);
        report = S3Location.parse(config.get(String.class, REPORT));
    }

    /** Returns where the report is to be written. */
    S3Location report() {
        return report;
    }

    /** Runs it and returns the report: what input and output say of what they did, as one JSON object. */
    byte[] run() {
        final ConfigDiff diff = embulk.run(config).getConfigDiff();
        final ObjectMapper mapper = new ObjectMapper();
        final ObjectNode document = mapper.createObjectNode().put("format", REPORT_FORMAT);
        try {
            for (final String side : new String[] {"in", "out"}) {
                document.setAll((ObjectNode) mapper.readTree(diff.getNestedOrGetEmpty(side).toJson()));
            }
            return mapper.writerWithDefaultPrettyPrinter().writeValueAsBytes(document);
        } catch (final JsonProcessingException error) {
            throw new IllegalStateException("what Embulk wrote is no JSON", error);
        }
    }

    private static ConfigSource parse(final EmbulkEmbed embulk, final String yaml) {
        try {
            return embulk.newConfigLoader().fromYamlString(yaml);
        } catch (final RuntimeException error) {
            throw new ConfigException("the configuration is no YAML: " + error.getMessage(), error);
        }
    }

    /**
     * Starts Embulk, once in a process. All libraries stand on one class path, whose versions the build has made agree: that starts faster
     * than a class loader for each plugin, and lets the JVM share an archive of the classes.
     */
    static EmbulkEmbed start() {
        final Path core;
        try {
            core = Path.of(EmbulkEmbed.class
                    .getProtectionDomain()
                    .getCodeSource()
                    .getLocation()
                    .toURI());
        } catch (final URISyntaxException error) {
            throw new IllegalStateException(error);
        }
        // Embulk warns where it is given no path here, though its own class loader asks the class path first.
        EmbulkDependencyClassLoader.staticInitializer().addDependency(core).initialize();
        final Properties properties = new Properties();
        return new EmbulkEmbed.Bootstrap()
                .setEmbulkSystemProperties(properties)
                .builtinInputPlugin("bigquery", BigQueryInputPlugin.class)
                .builtinInputPlugin("s3", S3InputPlugin.class)
                .builtinOutputPlugin("bigquery", BigQueryOutputPlugin.class)
                .builtinOutputPlugin("s3", S3OutputPlugin.class)
                .initialize();
    }
}
