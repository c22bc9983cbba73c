package io.featuremart.embulk;

import io.featuremart.embulk.aws.S3Location;
import io.featuremart.embulk.aws.S3Objects;
import io.featuremart.embulk.run.LocalFiles;
import io.featuremart.embulk.run.Undo;
import io.featuremart.embulk.run.WorkFailed;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.embulk.EmbulkEmbed;
import org.embulk.config.ConfigException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs Embulk: {@code java -jar embulk.jar s3://bucket/key/of/embulk.yml}; several configurations in turn, until one
 * fails.
 *
 * <p>A configuration is an object on S3, as a task's own parameters are small and public. Its key {@code report} names
 * the object that is written last, once all is done. The exit codes are those of the mart's steps: 0 done, 1 failed for
 * good, 2 usage or configuration, 75 transient. Told to stop (SIGTERM), it drops its temporary tables and removes its local files first.
 */
public final class Main {
    private static final Logger LOGGER = LoggerFactory.getLogger(Main.class);

    private Main() {}

    /**
     * Runs Embulk and ends the process.
     *
     * @param arguments the URIs of the configurations
     */
    public static void main(final String[] arguments) {
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            Undo.all();
                            LocalFiles.removeAll();
                        },
                        "undo"));
        final ExitCode code = run(arguments);
        System.exit(code.number());
    }

    private static ExitCode run(final String[] arguments) {
        try {
            if (arguments.length == 0) {
                throw new ConfigException("an argument is needed: s3://bucket/key of the configuration");
            }
            transfer(Arrays.stream(arguments).map(S3Location::parse).toList());
            return ExitCode.DONE;
        } catch (final Throwable error) { // whatever it is, the process must end with a code that says so
            final ExitCode code = ExitCode.of(error);
            if (!ExitCode.isExplained(error)) {
                LOGGER.error("failed", error);
            }
            System.out.println("error: " + ExitCode.message(error) + " (exit code " + code.number() + ", "
                    + code.meaning() + ")");
            return code;
        }
    }

    private static void transfer(final List<S3Location> locations) {
        try (S3Objects s3 = S3Objects.open()) {
            final EmbulkEmbed embulk = Transfer.start();
            for (final S3Location location : locations) {
                final Transfer transfer = new Transfer(embulk, fetch(s3, location));
                final byte[] report = transfer.run();
                s3.put(transfer.report(), report);
                LOGGER.info("wrote {}", transfer.report());
            }
        }
    }

    private static String fetch(final S3Objects s3, final S3Location location) {
        try {
            return new String(s3.get(location), StandardCharsets.UTF_8);
        } catch (final WorkFailed error) {
            throw new ConfigException(error.getMessage(), error);
        }
    }
}
