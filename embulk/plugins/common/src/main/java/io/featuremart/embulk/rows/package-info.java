/** The typed columns of the mart, and how they travel in Embulk's pages, which know fewer types. */
package io.featuremart.embulk.rows;
