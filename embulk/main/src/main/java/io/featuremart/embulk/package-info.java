/** The executable: one run of Embulk, configured by an object on S3. */
package io.featuremart.embulk;
