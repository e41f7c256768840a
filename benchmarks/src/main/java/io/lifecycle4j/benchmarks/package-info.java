/** Every figure that the docs quote: one sub-command of {@link io.lifecycle4j.benchmarks.Benchmarks} for each. */
@NullMarked
package io.lifecycle4j.benchmarks;

import org.jspecify.annotations.NullMarked;
