/** An instant-messaging server that shows Lifecycle4j at work; start reading at {@code ImServer}. */
@NullMarked
package io.lifecycle4j.sample.im;

import org.jspecify.annotations.NullMarked;
