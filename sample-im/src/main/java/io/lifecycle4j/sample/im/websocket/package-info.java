/** Sessions: the upgrade, what waits for a client, how fast it may speak, and what it is answered. */
@NullMarked
package io.lifecycle4j.sample.im.websocket;

import org.jspecify.annotations.NullMarked;
