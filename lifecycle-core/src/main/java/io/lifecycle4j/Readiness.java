package io.lifecycle4j;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks the readiness conditions, on a thread of its own: one that hangs makes the app not ready, and holds up no more than that
 * thread. Whoever asks while they are being asked waits for the same answer. Thread-safe.
 */
final class Readiness {
    private static final long PATIENCE_MILLIS = 500;

    private final String app;
    private final AtomicReference<@Nullable CompletableFuture<Boolean>> asking = new AtomicReference<>();

    Readiness(String app) {
        this.app = app;
    }

    /** Returns whether all conditions hold; false if one throws, or does not answer in time. */
    boolean holds(List<BooleanSupplier> conditions) {
        if (conditions.isEmpty()) {
            return true;
        }
        CompletableFuture<Boolean> mine = new CompletableFuture<>();
        CompletableFuture<Boolean> current = asking.compareAndExchange(null, mine);
        if (current == null) {
            current = mine;
            begin(conditions, mine);
        }
        try {
            return current.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } catch (TimeoutException e) {
            current.complete(false); // who asks while it still hangs does not wait
            return false;
        } catch (ExecutionException e) {
            return false;
        }
    }

    private void begin(List<BooleanSupplier> conditions, CompletableFuture<Boolean> answer) {
        try {
            Threads.create(app + "-readiness", () -> ask(conditions, answer)).start();
        } catch (Throwable e) { // no memory for a thread: not ready just now
            asking.set(null);
            answer.complete(false);
        }
    }

    private void ask(List<BooleanSupplier> conditions, CompletableFuture<Boolean> answer) {
        boolean all = false;
        try {
            all = conditions.stream().allMatch(BooleanSupplier::getAsBoolean);
        } finally {
            asking.set(null); // before the answer: who asks after it gets a new one
            answer.complete(all);
        }
    }
}
