package io.lifecycle4j.sample.im.mongo;

import io.lifecycle4j.sample.im.threads.DaemonThreads;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether the database answers. The driver's own monitor takes up to 20 s to notice a server that is frozen but
 * still connected; this notices within two intervals. Thread-safe.
 */
public final class MongoHeartbeat implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(MongoHeartbeat.class);

    private final MongoConnection connection;
    private final Duration interval;
    private final ScheduledExecutorService executor;
    private volatile boolean healthy = true; // the connection has just answered
    private volatile long roundTripNanos;
    private volatile boolean closed;
    private long lostAt; // the executor's thread only

    /** Begins to ping: an interval after each answer, which may itself take an interval. */
    public MongoHeartbeat(MongoConnection connection, Duration interval) {
        this.connection = connection;
        this.interval = interval;
        executor = Executors.newSingleThreadScheduledExecutor(DaemonThreads.named("im-mongo-heartbeat"));
        long millis = interval.toMillis();
        var unused = executor.scheduleWithFixedDelay(this::beat, millis, millis, TimeUnit.MILLISECONDS);
    }

    /** Whether the last ping was answered; true before the first. */
    public boolean isHealthy() {
        return healthy;
    }

    /** How long the last answer took; zero before the first. */
    public Duration roundTrip() {
        return Duration.ofNanos(roundTripNanos);
    }

    /** Ends the pings; a ping under way ends at its limit, and is not waited for. */
    @Override
    public void close() {
        closed = true;
        executor.shutdown();
    }

    private void beat() {
        try {
            long start = System.nanoTime();
            connection.ping(interval);
            roundTripNanos = System.nanoTime() - start;
            answered();
        } catch (RuntimeException e) { // any: one that got out would end the pings for good
            missed(e);
        }
    }

    private void answered() {
        if (!healthy) {
            healthy = true;
            long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - lostAt);
            log.info("MongoDB at {} answers again after {} s", connection.address(), seconds);
        }
    }

    private void missed(RuntimeException failure) {
        if (healthy && !closed) { // a client that closes under a last ping is no loss
            healthy = false;
            lostAt = System.nanoTime();
            log.warn(
                    "MongoDB at {} does not answer ({}); messages are refused until it does",
                    connection.address(),
                    failure.getClass().getSimpleName());
        }
    }
}
