package io.lifecycle4j;

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
 * Asks the readiness conditions, on a thread of its own: one that hangs makes the app not ready, and holds up no more than that
 * thread. Whoever asks while they are being asked waits for the same answer. Thread-safe.
 */
final class Readiness {
    private static final long PATIENCE_MILLIS = 500;

    /** One round of questions. Whoever has waited for it in vain ends it for all: a condition that hangs costs its patience once. */
    private static final class Round {
        final Set<String> holding = ConcurrentHashMap.newKeySet();
        final CountDownLatch over = new CountDownLatch(1);
    }

    private final String app;
    private final AtomicReference<@Nullable Round> asking = new AtomicReference<>();

    Readiness(String app) {
        this.app = app;
    }

    /** Returns the names of those that are false, throw, or do not answer in time; a condition after one that hangs is not asked. */
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
                current.over.countDown(); // who asks while it still hangs does not wait
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Round asked = current;
        return conditions.keySet().stream()
                .filter(name -> !asked.holding.contains(name))
                .toList();
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
        conditions.forEach((name, condition) -> {
            if (holds(condition)) {
                round.holding.add(name);
            }
        });
        asking.set(null); // before the answer: who asks after it gets a new one
        round.over.countDown();
    }

    // Whatever a condition throws ends here: it is a condition that does not hold, and not the end of a thread.
    private static boolean holds(BooleanSupplier condition) {
        try {
            return condition.getAsBoolean();
        } catch (Throwable e) {
            return false;
        }
    }
}
