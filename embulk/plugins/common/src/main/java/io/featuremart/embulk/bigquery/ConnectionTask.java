package io.featuremart.embulk.bigquery;

import java.util.Map;
import java.util.Optional;
import org.embulk.util.config.Config;
import org.embulk.util.config.ConfigDefault;
import org.embulk.util.config.Task;

/** How BigQuery is reached: the part of the configuration that input and output share. */
public interface ConnectionTask extends Task {
    /**
     * Returns the project that jobs run in.
     *
     * @return its id
     */
    @Config("project")
    String getProject();

    /**
     * Returns the location that jobs run in.
     *
     * @return for example {@code US}
     */
    @Config("location")
    String getLocation();

    /**
     * Returns the address of the REST endpoint; Google's own where absent.
     *
     * @return a URL; a server that is not Google's gets no credentials
     */
    @Config("endpoint")
    @ConfigDefault("null")
    Optional<String> getEndpoint();

    /**
     * Returns the address of the Storage API; Google's own where absent.
     *
     * @return host and port, spoken to in plain text and without credentials
     */
    @Config("storage_endpoint")
    @ConfigDefault("null")
    Optional<String> getStorageEndpoint();

    /**
     * Returns what the ids of jobs begin with: the same for every try of one attempt, another for every attempt.
     *
     * @return letters, digits, dashes and underscores
     */
    @Config("job")
    String getJob();

    /**
     * Returns the labels of jobs and tables.
     *
     * @return by key
     */
    @Config("labels")
    @ConfigDefault("{}")
    Map<String, String> getLabels();
}
