package io.featuremart.embulk.bigquery;

import com.google.cloud.bigquery.BigQuery;
import com.google.cloud.bigquery.BigQueryError;
import com.google.cloud.bigquery.BigQueryException;
import com.google.cloud.bigquery.Job;
import com.google.cloud.bigquery.JobId;
import com.google.cloud.bigquery.JobStatus;
import io.featuremart.embulk.run.TransientFailure;
import io.featuremart.embulk.run.WorkFailed;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs one job to its end, and exactly one.
 *
 * <p>The id is made before the job is sent. Where the answer to the sending is lost, the job is sent again under the same
 * id, and an id that is taken means that it runs already: it is waited for, not repeated. The id of a job that has
 * failed can never be used again, so a number at its end advances, and only once the failure was seen; a job is atomic,
 * so a failed one has changed nothing.
 */
public final class JobRunner {
    private static final Logger LOGGER = LoggerFactory.getLogger(JobRunner.class);
    private static final int GENERATIONS = 4;
    private static final int LOOKS = 5;
    private static final Set<String> TRANSIENT_REASONS = Set.of(
            "backendError", "internalError", "jobBackendError", "jobInternalError", "jobRateLimitExceeded",
            "rateLimitExceeded", "tableUnavailable");

    private final BigQuery client;
    private final String location;
    private final Duration pause;

    /**
     * Runs jobs.
     *
     * @param client of BigQuery
     * @param location that jobs run in
     * @param pause first pause between two looks at a job; grows to thirty times that
     */
    public JobRunner(final BigQuery client, final String location, final Duration pause) {
        this.client = client;
        this.location = location;
        this.pause = pause;
    }

    /**
     * Runs a job.
     *
     * @param name what its id begins with
     * @param send sends the job under an id
     * @return the job, done without an error
     * @throws WorkFailed where it failed for good, with BigQuery's message
     * @throws TransientFailure where it failed again and again for reasons that pass
     */
    public Job run(final String name, final Function<JobId, Job> send) {
        BigQueryError last = null;
        for (int generation = 0; generation < GENERATIONS; generation++) {
            final JobId id = JobId.newBuilder()
                    .setJob(name + "_" + generation)
                    .setLocation(location)
                    .build();
            final Job job = await(id, sendOrFind(id, send));
            last = job.getStatus().getError();
            if (last == null) {
                return job;
            }
            if (!TRANSIENT_REASONS.contains(last.getReason())) {
                throw new WorkFailed("BigQuery job " + id.getJob() + " failed: " + last.getMessage());
            }
            LOGGER.warn("BigQuery job {} failed, trying again: {}", id.getJob(), last.getMessage());
            sleep(pause.multipliedBy(generation + 1L));
        }
        throw new TransientFailure("BigQuery failed job " + name + " " + GENERATIONS + " times: " + last.getMessage());
    }

    private Job sendOrFind(final JobId id, final Function<JobId, Job> send) {
        try {
            final Job sent = send.apply(id);
            LOGGER.info("BigQuery job {} started", id.getJob());
            return sent;
        } catch (final BigQueryException error) {
            if (error.getCode() != HttpURLConnection.HTTP_CONFLICT || !error.getMessage().contains("Job")) {
                throw error;
            }
            LOGGER.info("BigQuery job {} is known already: waiting for it", id.getJob());
            return find(id);
        } catch (final NullPointerException error) {
            // The library looks up a job whose id is taken, and does not expect that BigQuery may not know it yet.
            LOGGER.info("BigQuery job {} is taken and not known yet: waiting for it", id.getJob());
            return find(id);
        }
    }

    /** Finds a job that is said to exist; for a moment after its sending BigQuery may not know it. */
    private Job find(final JobId id) {
        for (int look = 0; look < LOOKS; look++) {
            final Job job = client.getJob(id);
            if (job != null) {
                return job;
            }
            sleep(pause.multipliedBy(look + 1L));
        }
        throw new TransientFailure("BigQuery job " + id.getJob() + " exists and is not found");
    }

    private Job await(final JobId id, final Job sent) {
        Job job = sent;
        Duration wait = pause;
        while (job.getStatus() == null || job.getStatus().getState() != JobStatus.State.DONE) {
            sleep(wait);
            wait = wait.multipliedBy(3).dividedBy(2);
            if (wait.compareTo(pause.multipliedBy(30)) > 0) {
                wait = pause.multipliedBy(30);
            }
            job = find(id);
        }
        return job;
    }

    private static void sleep(final Duration duration) {
        try {
            Thread.sleep(duration.toMillis());
        } catch (final InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new TransientFailure("interrupted while waiting for BigQuery", error);
        }
    }
}
