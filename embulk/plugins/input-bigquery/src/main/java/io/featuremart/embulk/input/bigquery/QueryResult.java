package io.featuremart.embulk.input.bigquery;

import com.google.cloud.bigquery.Schema;
import java.time.Instant;

/**
 * What a query gave.
 *
 * @param schema of its rows
 * @param rows how many
 * @param readAt the instant that the tables were read as of
 * @param bytesBilled what it cost
 */
record QueryResult(Schema schema, long rows, Instant readAt, long bytesBilled) {}
