/** Embulk's input from S3: Parquet objects, exactly those that are named. */
package io.featuremart.embulk.input.s3;
