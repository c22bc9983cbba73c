package io.featuremart.embulk;

import com.google.api.gax.rpc.ApiException;
import com.google.cloud.bigquery.BigQueryException;
import io.featuremart.embulk.run.TransientFailure;
import io.featuremart.embulk.run.WorkFailed;
import java.io.InterruptedIOException;
import java.net.ProtocolException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.regex.Pattern;
import org.embulk.config.ConfigException;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;

/** How a run ended, as the process says it. */
enum ExitCode {
    /** All was done. */
    DONE(0, "done"),
    /** It would fail again. */
    FAILED(1, "failed for good"),
    /** The configuration is wrong. */
    USAGE(2, "usage or configuration"),
    /** It may succeed when tried again. */
    TRANSIENT(75, "transient: try again");

    private static final int SERVER_ERROR = 500;
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int REQUEST_TIMEOUT = 408;
    private static final Set<String> TRANSIENT_REASONS =
            Set.of("backendError", "internalError", "rateLimitExceeded", "jobRateLimitExceeded");

    private static final Pattern LINE_BREAK = Pattern.compile("\\s*\\R\\s*");

    private final int number;
    private final String meaning;

    ExitCode(final int number, final String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    /** Returns the process's exit code. */
    int number() {
        return number;
    }

    /** Returns what it means. */
    String meaning() {
        return meaning;
    }

    /** Judges a failure by the first of its causes that says what it is; one that nobody knows is for good. */
    static ExitCode of(final Throwable failure) {
        final ExitCode code = ofOne(decisive(failure));
        return code == null ? FAILED : code;
    }

    private static ExitCode ofOne(final Throwable cause) {
        if (cause instanceof TransientFailure) {
            return TRANSIENT;
        }
        if (cause instanceof WorkFailed) {
            return FAILED;
        }
        if (cause instanceof ConfigException) {
            return USAGE;
        }
        if (cause instanceof AwsServiceException error) {
            return transientIf(error.isThrottlingException()
                    || error.isClockSkewException()
                    || isTransientStatus(error.statusCode()));
        }
        if (cause instanceof BigQueryException error) {
            return ofBigQuery(error);
        }
        if (cause instanceof ApiException error) {
            return ofStatus(error);
        }
        return isConnection(cause) ? TRANSIENT : null;
    }

    /** Code 0 is the library's own: no answer came; a cause below may say more. */
    private static ExitCode ofBigQuery(final BigQueryException error) {
        if (error.getCode() == 0) {
            return null;
        }
        return transientIf(isTransientStatus(error.getCode()) || TRANSIENT_REASONS.contains(String.valueOf(error.getReason())));
    }

    private static ExitCode ofStatus(final ApiException error) {
        return switch (error.getStatusCode().getCode()) {
            case UNAVAILABLE, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, DEADLINE_EXCEEDED, CANCELLED -> TRANSIENT;
            default -> FAILED;
        };
    }

    private static boolean isTransientStatus(final int status) {
        return status >= SERVER_ERROR || status == TOO_MANY_REQUESTS || status == REQUEST_TIMEOUT;
    }

    /** An answer that did not come, or broke off. The AWS client says so by an exception without a status. */
    private static boolean isConnection(final Throwable cause) {
        return cause instanceof SocketException
                || cause instanceof UnknownHostException
                || cause instanceof InterruptedIOException
                || cause instanceof ProtocolException
                || cause instanceof javax.net.ssl.SSLException
                || cause instanceof SdkClientException error && error.retryable();
    }

    private static ExitCode transientIf(final boolean condition) {
        return condition ? TRANSIENT : FAILED;
    }

    /** Says whether a failure's own words tell all: where it happened in the program would add nothing. */
    static boolean isExplained(final Throwable failure) {
        final Throwable decisive = decisive(failure);
        return isOurs(decisive) || isConnection(decisive);
    }

    /** Returns what a person should read of a failure, on one line: the cause that decided, and who it came from. */
    static String message(final Throwable failure) {
        final Throwable decisive = decisive(failure);
        final String said = decisive.getMessage() == null ? decisive.toString() : decisive.getMessage();
        final String words = LINE_BREAK.matcher(said.strip()).replaceAll(" ");
        if (isOurs(decisive)) {
            return words;
        }
        for (final Throwable cause : causes(failure)) {
            if (cause instanceof SdkException) {
                return "S3: " + words;
            }
            if (cause instanceof BigQueryException) {
                return "BigQuery: " + words;
            }
            if (cause instanceof ApiException) {
                return "BigQuery's Storage API: " + words;
            }
        }
        return words;
    }

    private static boolean isOurs(final Throwable cause) {
        return cause instanceof TransientFailure || cause instanceof WorkFailed || cause instanceof ConfigException;
    }

    /** Returns the first cause that says what the failure is, else the last one. */
    private static Throwable decisive(final Throwable failure) {
        Throwable last = failure;
        for (final Throwable cause : causes(failure)) {
            last = cause;
            if (ofOne(cause) != null) {
                break;
            }
        }
        return last;
    }

    /** Returns a failure and its causes, outermost first; a cause may name itself. */
    private static Set<Throwable> causes(final Throwable failure) {
        final Set<Throwable> seen = new LinkedHashSet<>();
        for (Throwable cause = failure; cause != null && seen.add(cause); ) {
            cause = cause.getCause();
        }
        return seen;
    }
}
