package io.featuremart.embulk.bigquery;

import com.google.api.gax.core.NoCredentialsProvider;
import com.google.cloud.NoCredentials;
import com.google.cloud.ServiceOptions;
import com.google.cloud.bigquery.BigQuery;
import com.google.cloud.bigquery.BigQueryOptions;
import com.google.cloud.bigquery.storage.v1.BigQueryReadClient;
import com.google.cloud.bigquery.storage.v1.BigQueryReadSettings;
import com.google.cloud.bigquery.storage.v1.stub.EnhancedBigQueryReadStubSettings;
import com.google.cloud.http.HttpTransportOptions;
import io.featuremart.embulk.run.TransientFailure;
import java.io.IOException;

/** Clients of BigQuery. Credentials are Google's default ones, and never travel to a server that is not Google's. */
public final class Connection {
    private static final int ATTEMPTS = 10;
    private static final int HASTY_MILLIS = 5_000;

    private Connection() {}

    /**
     * Returns a client for jobs and tables.
     *
     * @param task where and as which project
     * @return the client
     */
    public static BigQuery rest(final ConnectionTask task) {
        return options(task).build().getService();
    }

    /**
     * Returns a client for tidying up, which gives up soon: the failure that led there must be told, and a process that
     * was told to stop has seconds.
     *
     * @param task where and as which project
     * @return the client
     */
    public static BigQuery hasty(final ConnectionTask task) {
        return options(task)
                .setRetrySettings(ServiceOptions.getNoRetrySettings())
                .setTransportOptions(HttpTransportOptions.newBuilder()
                        .setConnectTimeout(HASTY_MILLIS)
                        .setReadTimeout(HASTY_MILLIS)
                        .build())
                .build()
                .getService();
    }

    private static BigQueryOptions.Builder options(final ConnectionTask task) {
        final BigQueryOptions.Builder options =
                BigQueryOptions.newBuilder().setProjectId(task.getProject()).setLocation(task.getLocation());
        task.getEndpoint()
                .ifPresent(endpoint -> options.setHost(endpoint).setCredentials(NoCredentials.getInstance()));
        return options;
    }

    /**
     * Returns a client for reading tables. It tries again where the connection breaks, and gives up after some tries in a
     * row without a single row.
     *
     * @param task where
     * @return the client, to be closed
     * @throws TransientFailure where it cannot be made
     */
    public static BigQueryReadClient storage(final ConnectionTask task) {
        final BigQueryReadSettings.Builder settings = BigQueryReadSettings.newBuilder();
        settings.createReadSessionSettings().retrySettings().setMaxAttempts(ATTEMPTS);
        settings.readRowsSettings().retrySettings().setMaxAttempts(ATTEMPTS);
        if (task.getStorageEndpoint().isPresent()) {
            settings.setCredentialsProvider(NoCredentialsProvider.create())
                    .setTransportChannelProvider(EnhancedBigQueryReadStubSettings.defaultGrpcTransportProviderBuilder()
                            .setEndpoint(task.getStorageEndpoint().get())
                            .setChannelConfigurator(channel -> channel.usePlaintext())
                            .build());
        }
        try {
            return BigQueryReadClient.create(settings.build());
        } catch (final IOException error) {
            throw new TransientFailure("the client of the Storage API cannot be made: " + error.getMessage(), error);
        }
    }
}
