package io.lifecycle4j;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Evaluates the readiness conditions on a thread of its own: one that hangs makes the app not ready, and holds up no more than that
 * thread. Calls that come meanwhile wait for the same answer. Thread-safe.
 */
final class Readiness {
    private static final long PATIENCE_MILLIS = 500;

    /** One evaluation. The first call that has waited too long ends it for all: a condition that hangs costs that time once. */
    private static final class Round {
        final Set<String> holding = ConcurrentHashMap.newKeySet();
        final CountDownLatch over = new CountDownLatch(1);
    }

    private final String app;
    private final AtomicReference<@Nullable Round> asking = new AtomicReference<>();

    Readiness(String app) {
        this.app = app;
    }

    /** Returns the names of those that are false, throw or hang; the conditions after one that hangs are red, too. */
    List<String> red(Map<String, BooleanSupplier> conditions) {
        if (conditions.isEmpty()) {
            return List.of();
        }
        Round mine = new Round();
        Round current = asking.compareAndExchange(null, mine);
        if (current == null) {
            current = mine;
            begin(conditions, mine);
        }
        try {
            if (!current.over.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
                current.over.countDown(); // later calls do not wait while it still hangs
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        List<String> red = new ArrayList<>(conditions.keySet());
        red.removeAll(current.holding);
        return List.copyOf(red);
    }

    private void begin(Map<String, BooleanSupplier> conditions, Round round) {
        try {
            Threads.create(app + "-readiness", () -> ask(conditions, round)).start();
        } catch (Throwable e) { // no memory for a thread: not ready just now
            asking.set(null);
            round.over.countDown();
        }
    }

    private void ask(Map<String, BooleanSupplier> conditions, Round round) {
        for (Map.Entry<String, BooleanSupplier> each : conditions.entrySet()) {
            if (holds(each.getValue())) {
                round.holding.add(each.getKey());
            }
        }
        asking.set(null); // before the answer: a call that comes after it gets a new one
        round.over.countDown();
    }

    // A condition that throws does not hold; what it throws must not reach the thread's uncaught-exception handler.
    private static boolean holds(BooleanSupplier condition) {
        try {
            return condition.getAsBoolean();
        } catch (Throwable e) {
            return false;
        }
    }
}
