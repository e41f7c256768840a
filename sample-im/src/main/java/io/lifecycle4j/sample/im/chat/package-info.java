/** The chat itself: rooms, who is in them, messages, and what a store of messages must do. Knows neither sockets nor MongoDB. */
@NullMarked
package io.lifecycle4j.sample.im.chat;

import org.jspecify.annotations.NullMarked;
