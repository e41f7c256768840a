package io.lifecycle4j;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * What a step of a shutdown may know. Thread-safe.
 *
 * @since 0.1
 */
public final class ShutdownContext {
    private final ShutdownReason reason;
    private final Clock clock;
    private final long interruptAt;
    private final List<String> cut = new CopyOnWriteArrayList<>();
    private volatile @Nullable String note;

    ShutdownContext(ShutdownReason reason, Clock clock, long interruptAt) {
        this.reason = reason;
        this.clock = clock;
        this.interruptAt = interruptAt;
    }

    /** Returns why the app shuts down. */
    public ShutdownReason reason() {
        return reason;
    }

    /** Adds a note to this step in the report, such as what it has done; replaces an earlier one. */
    public void note(String text) {
        note = Names.notNull("note", text);
    }

    /**
     * Reports peers that were cut: they had kept their part, and did not get everything that was their own. The step's outcome is
     * TIMED_OUT then, although it returns in time, and the report names them.
     *
     * @param names one line for each, without secrets; adds to those of earlier calls, and may be empty
     */
    public void cut(List<String> names) {
        cut.addAll(names);
    }

    List<String> cut() {
        return cut;
    }

    @Nullable
    String note() {
        return note;
    }

    /** Returns the time until this step is interrupted; zero from then on. Work that fits into it is never cut. */
    public Duration remaining() {
        return Duration.ofNanos(Math.max(0, interruptAt - clock.nanoTime()));
    }
}
