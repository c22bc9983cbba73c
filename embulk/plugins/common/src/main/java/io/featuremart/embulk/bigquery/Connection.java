package io.featuremart.embulk.bigquery;

import com.google.api.gax.core.NoCredentialsProvider;
import com.google.cloud.NoCredentials;
import com.google.cloud.bigquery.BigQuery;
import com.google.cloud.bigquery.BigQueryOptions;
import com.google.cloud.bigquery.storage.v1.BigQueryReadClient;
import com.google.cloud.bigquery.storage.v1.BigQueryReadSettings;
import com.google.cloud.bigquery.storage.v1.stub.EnhancedBigQueryReadStubSettings;
import io.featuremart.embulk.run.TransientFailure;
import java.io.IOException;

/** Clients of BigQuery. Credentials are Google's default ones, and never travel to a server that is not Google's. */
public final class Connection {
    private Connection() {}

    /**
     * Returns a client for jobs and tables.
     *
     * @param task where and as which project
     * @return the client
     */
    public static BigQuery rest(final ConnectionTask task) {
        final BigQueryOptions.Builder options =
                BigQueryOptions.newBuilder().setProjectId(task.getProject()).setLocation(task.getLocation());
        task.getEndpoint()
                .ifPresent(endpoint -> options.setHost(endpoint).setCredentials(NoCredentials.getInstance()));
        return options.build().getService();
    }

    /**
     * Returns a client for reading tables.
     *
     * @param task where
     * @return the client, to be closed
     * @throws TransientFailure where it cannot be made
     */
    public static BigQueryReadClient storage(final ConnectionTask task) {
        try {
            final BigQueryReadSettings.Builder settings = BigQueryReadSettings.newBuilder();
            if (task.getStorageEndpoint().isPresent()) {
                settings.setCredentialsProvider(NoCredentialsProvider.create())
                        .setTransportChannelProvider(EnhancedBigQueryReadStubSettings.defaultGrpcTransportProviderBuilder()
                                .setEndpoint(task.getStorageEndpoint().get())
                                .setChannelConfigurator(channel -> channel.usePlaintext())
                                .build());
            }
            return BigQueryReadClient.create(settings.build());
        } catch (final IOException error) {
            throw new TransientFailure("the client of the Storage API cannot be made: " + error.getMessage(), error);
        }
    }
}
