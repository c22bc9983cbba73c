/** Parquet files of the mart's columns, without Hadoop's file systems. */
package io.featuremart.embulk.parquet;
