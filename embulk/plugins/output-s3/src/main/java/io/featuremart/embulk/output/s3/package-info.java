/** Embulk's output to S3: one prefix a partition, typed Arrow files, checksums of files and of rows. */
package io.featuremart.embulk.output.s3;
