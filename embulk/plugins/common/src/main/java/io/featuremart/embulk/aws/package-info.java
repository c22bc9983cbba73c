/** Objects on S3. */
package io.featuremart.embulk.aws;
