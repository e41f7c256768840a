/** What the server counts. */
@NullMarked
package io.lifecycle4j.sample.im.metrics;

import org.jspecify.annotations.NullMarked;
