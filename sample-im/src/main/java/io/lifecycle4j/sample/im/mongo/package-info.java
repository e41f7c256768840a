/** Messages and read receipts in MongoDB: connection, heartbeat, store, change stream. */
@NullMarked
package io.lifecycle4j.sample.im.mongo;

import org.jspecify.annotations.NullMarked;
