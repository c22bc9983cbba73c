package io.featuremart.embulk.bigquery;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.cloud.bigquery.BigQuery;
import com.google.cloud.bigquery.Job;
import com.google.cloud.bigquery.JobInfo;
import com.google.cloud.bigquery.QueryJobConfiguration;
import io.featuremart.embulk.bigquery.FakeBigQuery.Outcome;
import io.featuremart.embulk.run.TransientFailure;
import io.featuremart.embulk.run.WorkFailed;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobRunnerTest {
    private static Job run(final FakeBigQuery server) {
        final BigQuery client = server.client();
        return new JobRunner(client, "US", Duration.ofMillis(1))
                .run("j", id -> client.create(JobInfo.of(id, QueryJobConfiguration.of("SELECT 1"))));
    }

    @Test
    void aJobIsWaitedFor() throws IOException {
        try (FakeBigQuery server = new FakeBigQuery(Outcome.DONE)) {
            assertEquals("j_0", run(server).getJobId().getJob());
            assertEquals(List.of("j_0"), server.sent());
        }
    }

    @Test
    void aLostAnswerDoesNotMakeASecondJob() throws IOException {
        try (FakeBigQuery server = new FakeBigQuery(Outcome.ANSWER_LOST)) {
            assertEquals("j_0", run(server).getJobId().getJob());
            assertEquals(List.of("j_0", "j_0"), server.sent());
        }
    }

    @Test
    void anIdThatIsTakenIsWaitedForEvenIfBigQueryDoesNotKnowItForAMoment() throws IOException {
        try (FakeBigQuery server = new FakeBigQuery()) {
            server.know("j_0", Outcome.DONE);
            server.forgetFor(2);
            assertEquals("j_0", run(server).getJobId().getJob());
        }
    }

    @Test
    void theIdAdvancesOnceAFailureThatPassesWasSeen() throws IOException {
        try (FakeBigQuery server = new FakeBigQuery(Outcome.BACKEND_ERROR, Outcome.DONE)) {
            assertEquals("j_1", run(server).getJobId().getJob());
            assertEquals(List.of("j_0", "j_1"), server.sent());
        }
    }

    @Test
    void theIdOfAnEarlierFailureIsNotUsedAgain() throws IOException {
        try (FakeBigQuery server = new FakeBigQuery(Outcome.DONE)) {
            server.know("j_0", Outcome.BACKEND_ERROR);
            assertEquals("j_1", run(server).getJobId().getJob());
        }
    }

    @Test
    void aFailureForGoodIsToldInBigQuerysWords() throws IOException {
        try (FakeBigQuery server = new FakeBigQuery(Outcome.INVALID)) {
            final WorkFailed error = assertThrows(WorkFailed.class, () -> run(server));
            assertTrue(error.getMessage().contains("no column carier"), error.getMessage());
            assertEquals(List.of("j_0"), server.sent());
        }
    }

    @Test
    void failuresWithoutEndAreTransient() throws IOException {
        final Outcome again = Outcome.BACKEND_ERROR;
        try (FakeBigQuery server = new FakeBigQuery(again, again, again, again)) {
            assertThrows(TransientFailure.class, () -> run(server));
            assertEquals(4, server.sent().size());
        }
    }
}
