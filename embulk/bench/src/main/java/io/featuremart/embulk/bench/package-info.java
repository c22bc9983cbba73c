/** Formats that raw files could have, compared within Embulk. */
package io.featuremart.embulk.bench;
