/** A test kit: drives a whole shutdown, signals and exit status included, inside a test's own JVM. */
@NullMarked
package io.lifecycle4j.testing;

import org.jspecify.annotations.NullMarked;
