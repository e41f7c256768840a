package io.lifecycle4j.benchmarks;

import io.lifecycle4j.RequestGate;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it costs every request to be counted: one enter and one leave while the gate is open, by this library and by the
 * bookkeeping of others. Only counting is modelled, from their sources; what their handlers do besides is not.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 4, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(1)
public class GateBenchmark {

    /** This library's gate. */
    @State(Scope.Benchmark)
    public static class Ours {
        private final RequestGate gate = new RequestGate("benchmark");
    }

    /** The simplest thing that counts; it cannot reject. */
    @State(Scope.Benchmark)
    public static class OneAtomicLong {
        private final AtomicLong inFlight = new AtomicLong();
    }

    /** As Undertow's GracefulShutdownHandler: count and shutdown bit in one word, changed by compare-and-set. */
    @State(Scope.Benchmark)
    public static class CountWithShutdownBit {
        private static final long SHUTDOWN = Long.MIN_VALUE;

        private final AtomicLong state = new AtomicLong();

        boolean enter() {
            return state.updateAndGet(now -> (now & SHUTDOWN) | ((now & ~SHUTDOWN) + 1)) >= 0;
        }

        boolean leave() {
            return state.updateAndGet(now -> (now & SHUTDOWN) | ((now & ~SHUTDOWN) - 1)) == SHUTDOWN;
        }
    }

    /** As Armeria's GracefulShutdownSupport: one adder up and down, and the time of the last response. */
    @State(Scope.Benchmark)
    public static class AdderAndTime {
        private final LongAdder pending = new LongAdder();
        private long lastResponse;

        void enter() {
            pending.increment();
        }

        void leave() {
            lastResponse = System.nanoTime() | 1;
            pending.decrement();
        }

        long lastResponse() {
            return lastResponse;
        }
    }

    /**
     * As Jetty's GracefulHandler 12.1: a wrapped request and a callback with a counter of its own for each request, two looks
     * at the shutdown's future and one shared AtomicLong (the second is for requests whose stream is wrapped).
     */
    @State(Scope.Benchmark)
    public static class WrappersAndAtomicLong {
        private final AtomicLong requests = new AtomicLong();
        private final AtomicReference<@Nullable Object> shutdown = new AtomicReference<>();

        static final class WrappedRequest {
            final Object request;

            WrappedRequest(Object request) {
                this.request = request;
            }
        }

        final class CountedCallback {
            final Object callback;
            final AtomicInteger count = new AtomicInteger(1);
            final WrappedRequest request;
            final Object response;

            CountedCallback(Object callback, WrappedRequest request, Object response) {
                this.callback = callback;
                this.request = request;
                this.response = response;
                requests.incrementAndGet();
            }

            boolean succeeded() {
                int now = count.get();
                if (now != 1 || !count.compareAndSet(now, now - 1)) {
                    return false;
                }
                requests.decrementAndGet();
                return shutdown.get() != null;
            }
        }

        CountedCallback enter(Object request) {
            CountedCallback entered = new CountedCallback(request, new WrappedRequest(request), request);
            return shutdown.get() == null ? entered : new CountedCallback(request, entered.request, request);
        }
    }

    /** What a handler keeps of the request in hand; through it Jetty's objects reach the heap, as they do in a server. */
    @State(Scope.Thread)
    public static class InHand {
        private final Object request = new Object();
        private WrappersAndAtomicLong.@Nullable CountedCallback callback;
    }

    /** This library's. */
    @Benchmark
    public boolean lifecycle4j(Ours ours) {
        boolean entered = ours.gate.tryEnter();
        if (entered) {
            ours.gate.leave();
        }
        return entered;
    }

    /** The unit. */
    @Benchmark
    public long atomicLong(OneAtomicLong one) {
        one.inFlight.incrementAndGet();
        return one.inFlight.decrementAndGet();
    }

    /** Undertow's. */
    @Benchmark
    public boolean undertow(CountWithShutdownBit count) {
        return count.enter() && count.leave();
    }

    /** Armeria's. */
    @Benchmark
    public void armeria(AdderAndTime adder) {
        adder.enter();
        adder.leave();
    }

    /** Jetty's. */
    @Benchmark
    public boolean jetty(WrappersAndAtomicLong wrappers, InHand inHand) {
        inHand.callback = wrappers.enter(inHand.request);
        return inHand.callback.succeeded();
    }
}
