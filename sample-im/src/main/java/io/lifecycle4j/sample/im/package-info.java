/** An instant-messaging server that shows Lifecycle4j at work; {@code docs/im-tour.md} leads through it. */
@NullMarked
package io.lifecycle4j.sample.im;

import org.jspecify.annotations.NullMarked;
