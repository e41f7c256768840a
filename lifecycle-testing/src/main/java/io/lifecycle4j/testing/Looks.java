package io.lifecycle4j.testing;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds out whether threads wait. One look cannot tell: a thread that computes is BLOCKED for a moment now and then, too. So a thread
 * waits if {@link #NEEDED} looks in a row find it WAITING, TIMED_WAITING, BLOCKED or in native code, where I/O is, with the same stack
 * and without having used the processor in between. Used by one thread.
 */
final class Looks {
    /** How many looks it takes. */
    static final int NEEDED = 4;

    /** The time between two looks that count. */
    static final Duration PAUSE = Duration.ofMillis(5);

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private record Look(List<StackTraceElement> stack, long cpuNanos) {}

    private Map<Thread, Look> last = Map.of();
    private int alike;
    private long next = System.nanoTime();

    /** Looks once more; returns whether each of the threads waits. One that has ended does not count, and none at all wait. */
    boolean allWait(Collection<Thread> threads) {
        long now = System.nanoTime();
        if (now - next < 0) {
            return false; // too early for one more
        }
        next = now + PAUSE.toNanos();
        Map<Thread, Look> looks = new HashMap<>();
        for (Thread thread : threads) {
            if (thread.getState() != Thread.State.TERMINATED) {
                Look look = look(thread);
                if (look == null) {
                    last = Map.of();
                    alike = 0;
                    return false;
                }
                looks.put(thread, look);
            }
        }
        alike = looks.equals(last) ? alike + 1 : 1;
        last = looks;
        return alike >= NEEDED;
    }

    @SuppressWarnings("deprecation") // threadId() came with 19
    private static @Nullable Look look(Thread thread) {
        List<StackTraceElement> stack = List.of(thread.getStackTrace());
        boolean waits = switch (thread.getState()) {
            case WAITING, TIMED_WAITING, BLOCKED -> true;
            case RUNNABLE -> !stack.isEmpty() && stack.get(0).isNativeMethod();
            case NEW, TERMINATED -> false;
        };
        return waits ? new Look(stack, THREADS.getThreadCpuTime(thread.getId())) : null;
    }
}
