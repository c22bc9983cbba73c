/** Embulk's input from BigQuery: a query, read by the Storage Read API. */
package io.featuremart.embulk.input.bigquery;
