/** Embulk's output to BigQuery: a staging table, filled whole or not at all. */
package io.featuremart.embulk.output.bigquery;
