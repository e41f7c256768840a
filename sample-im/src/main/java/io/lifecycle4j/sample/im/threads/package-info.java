/** Threads that do not keep the JVM. */
@NullMarked
package io.lifecycle4j.sample.im.threads;

import org.jspecify.annotations.NullMarked;
