package io.lifecycle4j.sample.im.mongo;

/** What must happen after a write before it may be called durable. Thread-safe. */
@FunctionalInterface
public interface Durability {
    /** For a database that acknowledges a write only when it is durable (write concern: majority and journal). */
    Durability BY_WRITE_CONCERN = () -> {};

    /** Returns when everything written before the call survives a kill of the process; throws when that failed. */
    void sync();
}
