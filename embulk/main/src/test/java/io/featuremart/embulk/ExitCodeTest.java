package io.featuremart.embulk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.api.gax.grpc.GrpcStatusCode;
import com.google.api.gax.rpc.InvalidArgumentException;
import com.google.api.gax.rpc.UnavailableException;
import com.google.cloud.bigquery.BigQueryException;
import io.featuremart.embulk.run.TransientFailure;
import io.featuremart.embulk.run.WorkFailed;
import io.grpc.Status;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.stream.Stream;
import org.embulk.config.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.awscore.exception.AwsErrorDetails;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.s3.model.S3Exception;

class ExitCodeTest {
    private static S3Exception s3(final int status, final String code) {
        return (S3Exception) S3Exception.builder()
                .statusCode(status)
                .awsErrorDetails(AwsErrorDetails.builder().errorCode(code).build())
                .message(code)
                .build();
    }

    private static BigQueryException bigQuery(final int code, final String reason) {
        return new BigQueryException(code, reason, new com.google.cloud.bigquery.BigQueryError(reason, null, reason));
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(ExitCode.USAGE, new ConfigException("no columns")),
                Arguments.of(ExitCode.FAILED, new WorkFailed("no column carier")),
                Arguments.of(ExitCode.TRANSIENT, new TransientFailure("gone")),
                Arguments.of(ExitCode.TRANSIENT, s3(503, "SlowDown")),
                Arguments.of(ExitCode.TRANSIENT, s3(400, "ThrottlingException")),
                Arguments.of(ExitCode.TRANSIENT, s3(403, "RequestTimeTooSkewed")),
                Arguments.of(ExitCode.FAILED, s3(403, "AccessDenied")),
                Arguments.of(ExitCode.FAILED, s3(404, "NoSuchBucket")),
                Arguments.of(ExitCode.TRANSIENT, SdkClientException.create("no", new ConnectException("refused"))),
                Arguments.of(ExitCode.FAILED, SdkClientException.create("Unable to load credentials")),
                Arguments.of(ExitCode.TRANSIENT, bigQuery(503, "backendError")),
                Arguments.of(ExitCode.TRANSIENT, bigQuery(429, "tooManyRequests")),
                Arguments.of(ExitCode.TRANSIENT, bigQuery(403, "rateLimitExceeded")),
                Arguments.of(ExitCode.FAILED, bigQuery(403, "accessDenied")),
                Arguments.of(ExitCode.FAILED, bigQuery(404, "notFound")),
                Arguments.of(ExitCode.TRANSIENT, new BigQueryException(new SocketTimeoutException("slow"))),
                Arguments.of(
                        ExitCode.TRANSIENT,
                        new UnavailableException(null, GrpcStatusCode.of(Status.Code.UNAVAILABLE), true)),
                Arguments.of(
                        ExitCode.FAILED,
                        new InvalidArgumentException(null, GrpcStatusCode.of(Status.Code.INVALID_ARGUMENT), false)),
                Arguments.of(ExitCode.TRANSIENT, new UnknownHostException("lake")),
                Arguments.of(ExitCode.FAILED, new IOException("No space left on device")),
                Arguments.of(ExitCode.FAILED, new OutOfMemoryError("Java heap space")),
                Arguments.of(ExitCode.FAILED, new IllegalStateException()));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void aFailureIsJudgedByItsCause(final ExitCode expected, final Throwable failure) {
        assertEquals(expected, ExitCode.of(failure));
        assertEquals(expected, ExitCode.of(new RuntimeException("wrapped", new RuntimeException(failure))));
    }

    @Test
    void theCodesAreThoseOfTheSteps() {
        assertEquals(0, ExitCode.DONE.number());
        assertEquals(1, ExitCode.FAILED.number());
        assertEquals(2, ExitCode.USAGE.number());
        assertEquals(75, ExitCode.TRANSIENT.number());
    }

    @Test
    void aPersonReadsTheCauseOnOneLineAndWhoseItIs() {
        final Throwable ours = new RuntimeException("x", new WorkFailed("no column\n   carier"));
        assertEquals("no column carier", ExitCode.message(ours));
        final Throwable theirs = SdkClientException.create("Unable", new ConnectException("Connection refused"));
        assertEquals("S3: Connection refused", ExitCode.message(theirs));
        assertEquals("java.lang.IllegalStateException", ExitCode.message(new IllegalStateException()));
    }

    @Test
    void onlyWhatIsNotExplainedIsShownWithItsPlaceInTheProgram() {
        assertTrue(ExitCode.isExplained(new RuntimeException(new WorkFailed("no column carier"))));
        assertTrue(ExitCode.isExplained(SdkClientException.create("Unable", new ConnectException("refused"))));
        assertFalse(ExitCode.isExplained(new IllegalStateException("a bug")));
    }
}
