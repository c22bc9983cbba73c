/** How a run ends: its failures, and what is undone when it is stopped. */
package io.featuremart.embulk.run;
