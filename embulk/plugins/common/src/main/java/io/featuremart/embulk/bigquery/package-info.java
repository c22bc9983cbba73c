/** Jobs and tables of BigQuery. */
package io.featuremart.embulk.bigquery;
