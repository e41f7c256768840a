package io.lifecycle4j.testing;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppStartException;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import io.lifecycle4j.ShutdownReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/**
 * What {@link ManagedServer} promises, as checks that an adapter's author runs: over real sockets, in an app of its own for each.
 * They need no test framework.
 *
 * <pre>{@code
 * @TestFactory
 * Stream<DynamicTest> keepsTheContract() {
 *     return AdapterContract.checks(new MyAdapter()).stream()
 *             .map(check -> DynamicTest.dynamicTest(check.name(), check::run));
 * }
 * }</pre>
 *
 * <p>For adapters with one gate or more, whose requests the app waits for.
 *
 * @since 0.1
 */
public final class AdapterContract {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Duration SHORT = Duration.ofMillis(300);
    private static final int LAST_CONNECTIONS = 100;
    private static final String SECRET = "open-sesame";

    private AdapterContract() {}

    /** What an author tells the checks of the adapter; called from several threads. */
    public interface Adapter {

        /**
         * Makes a server that is not started.
         *
         * @param port where it is to listen, on 127.0.0.1
         * @param handler what its handler is to run for each request, on the thread that serves it, before it responds with success; it
         *     blocks until the check lets it go, and throws if it is interrupted
         */
        ManagedServer create(int port, Runnable handler) throws Exception;

        /**
         * Sends one request over a connection of its own, and waits for the whole response.
         *
         * @param secret what must not be seen in {@link ManagedServer#inFlight}: to be put where a client's secrets are, such as the
         *     query and a header
         * @return whether it was served or rejected
         * @throws IOException if there was no whole response
         */
        Answer request(int port, String secret) throws IOException, InterruptedException;
    }

    /** What became of a request that was answered. */
    public enum Answer {
        /** It reached the handler and got its whole response. */
        SERVED,
        /** It was rejected in the word of its protocol, such as 503, and reached no handler. */
        REJECTED
    }

    /** One promise, and how it is checked. */
    public static final class Check {
        private final String name;
        private final Body body;
        private final Adapter adapter;

        private Check(String name, Adapter adapter, Body body) {
            this.name = name;
            this.adapter = adapter;
            this.body = body;
        }

        /** Returns the promise, as a sentence. */
        public String name() {
            return name;
        }

        /**
         * Checks it, within a minute.
         *
         * @throws AssertionError if it is not kept
         */
        public void run() {
            try (Trial trial = new Trial(adapter)) {
                body.run(trial);
            } catch (AssertionError e) {
                throw new AssertionError(name + ": " + e.getMessage(), e);
            } catch (Exception e) {
                throw new AssertionError(name + ": " + e, e);
            }
        }

        /** Returns the name. */
        @Override
        public String toString() {
            return name;
        }
    }

    @FunctionalInterface
    private interface Body {
        void run(Trial trial) throws Exception;
    }

    /** Returns the checks. Each runs by itself, in any order. */
    public static List<Check> checks(Adapter adapter) {
        return List.of(
                new Check("a started server accepts requests", adapter, AdapterContract::accepts),
                new Check("requests in flight are counted by the gate", adapter, AdapterContract::counts),
                new Check("the drain waits for a request in flight, and no longer", adapter, AdapterContract::drains),
                new Check("a request in the drain is answered by the gate's policy", adapter, AdapterContract::rejects),
                new Check("a connection without a request delays nothing", adapter, AdapterContract::ignoresIdle),
                new Check("work in flight is named, without secrets", adapter, AdapterContract::names),
                new Check("a request that outlives the drain is cut by stop", adapter, AdapterContract::cuts),
                new Check("a connection that comes during stop is ended, too", adapter, AdapterContract::endsLate),
                new Check("stop frees the port for the next server", adapter, AdapterContract::freesThePort),
                new Check("a port in use fails the start, and stop is harmless", adapter, AdapterContract::portInUse),
                new Check("an interrupted start leaves nothing behind", adapter, AdapterContract::interruptedStart));
    }

    private static void accepts(Trial trial) throws Exception {
        trial.start();
        check(trial.send().answer() == Answer.SERVED, "the first request was not served");
        ShutdownReport report = trial.app.shutdown("check");
        check(report.isClean(), "the shutdown was not clean: " + report);
    }

    private static void counts(Trial trial) throws Exception {
        check(!trial.gates().isEmpty(), "the server has no gate, so that the app waits for no request");
        check(trial.inFlight() == 0, "there are requests in flight before the start");
        trial.start();
        trial.hold();
        Request first = trial.send();
        Request second = trial.send();
        trial.awaitHeld(2);
        check(trial.inFlight() == 2, "2 requests are in their handlers, and the gates count " + trial.inFlight());
        trial.holdNoMore();
        for (int i = 0; i < 3; i++) { // each that leaves twice takes the place of one that is held
            check(trial.send().answer() == Answer.SERVED, "a request was not served");
        }
        trial.await("each request to leave once, with 2 still in their handlers", () -> trial.inFlight() == 2);
        trial.release();
        check(first.answer() == Answer.SERVED && second.answer() == Answer.SERVED, "a request was not served");
        trial.await("the gates to be empty after the responses", () -> trial.inFlight() == 0);
    }

    private static void drains(Trial trial) throws Exception {
        trial.builder.drainTimeout(LONG);
        trial.start();
        Request request = trial.sendAndHold();
        trial.app.requestShutdown("check");
        trial.awaitDrain();
        // Long enough for a drain that does not wait to be over; one that waits has nothing to do.
        check(!trial.awaits(SHORT, () -> trial.app.phase() != Phase.DRAIN), "the drain did not wait for the request");
        trial.release();
        check(request.answer() == Answer.SERVED, "the request in flight was rejected");
        ShutdownReport report = trial.awaitReport();
        check(report.isClean(), "the shutdown was not clean: " + report);
        check(sum(report, true) == 1, "the request was not counted as drained: " + report);
        check(report.duration().compareTo(PATIENCE) < 0, "the drain went on after the last response: " + report);
    }

    private static void rejects(Trial trial) throws Exception {
        trial.builder.drainTimeout(LONG);
        trial.start();
        Request held = trial.sendAndHold();
        trial.app.requestShutdown("check");
        trial.awaitDrain();
        boolean rejects = trial.gates().stream().allMatch(RequestGate::isClosed);
        trial.holdNoMore();
        Answer late = trial.send().answer();
        check(
                late == (rejects ? Answer.REJECTED : Answer.SERVED),
                "the gate is " + (rejects ? "closed" : "open until it is idle") + ", and a request was " + late);
        check(trial.app.phase() == Phase.DRAIN, "the drain ended with a late request");
        trial.await("the late request to leave", () -> trial.inFlight() == 1);
        trial.release();
        check(held.answer() == Answer.SERVED, "the request in flight was rejected");
        ShutdownReport report = trial.awaitReport();
        long rejected =
                report.gates().stream().mapToLong(ShutdownReport.Gate::rejected).sum();
        check(rejected == (rejects ? 1 : 0), "the gate did not count what was rejected: " + report);
    }

    private static void ignoresIdle(Trial trial) throws Exception {
        trial.builder.drainTimeout(LONG).stopTimeout(LONG);
        trial.start();
        check(trial.send().answer() == Answer.SERVED, "a request was not served");
        try (Socket idle = new Socket(InetAddress.getLoopbackAddress(), trial.port)) {
            ShutdownReport report = trial.app.shutdown("check");
            check(idle.isBound() && report.isClean(), "the shutdown was not clean: " + report);
            check(report.duration().compareTo(PATIENCE) < 0, "it was waited for: " + report);
        }
    }

    private static void names(Trial trial) throws Exception {
        trial.start();
        Request request = trial.sendAndHold();
        List<String> named = trial.server.inFlight();
        trial.release();
        check(request.answer() == Answer.SERVED, "the request was not served");
        check(named.size() == 1, "one request is in flight, and inFlight() names " + named);
        for (String name : named) {
            check(!name.isBlank() && name.lines().count() == 1, "a name is not one line: '" + name + "'");
            check(!name.contains(SECRET), "a name has the client's secret: '" + name + "'");
        }
        trial.await("inFlight() to be empty", () -> trial.server.inFlight().isEmpty());
    }

    private static void cuts(Trial trial) throws Exception {
        trial.builder.drainTimeout(SHORT);
        trial.start();
        Request request = trial.sendAndHold();
        ShutdownReport report = trial.app.shutdown("check");
        check(sum(report, false) == 1, "the request was not counted as abandoned: " + report);
        trial.checkStopped(report);
        check(request.isCut(), "the request was answered, though its handler was never let go");
    }

    private static void endsLate(Trial trial) throws Exception {
        trial.start();
        Deque<Socket> connections = new ConcurrentLinkedDeque<>();
        FutureTask<Void> comers = new FutureTask<>(() -> trial.connectUntilRefused(connections), null);
        Thread client = new Thread(comers, "contract-client");
        client.setDaemon(true);
        client.start();
        trial.await("a connection", () -> !connections.isEmpty());
        ShutdownReport report = trial.app.shutdown("check");
        trial.checkStopped(report);
        comers.get(LONG.toNanos(), TimeUnit.NANOSECONDS);
        for (Socket connection : connections) {
            try (connection) {
                connection.setSoTimeout((int) PATIENCE.toMillis());
                connection.getInputStream().readAllBytes();
            } catch (IOException e) { // a reset ends it as well
                check(!(e instanceof SocketTimeoutException), "a connection outlived the stop: " + connection);
            }
        }
    }

    private static void freesThePort(Trial trial) throws Exception {
        trial.start();
        check(trial.send().answer() == Answer.SERVED, "a request was not served");
        trial.checkStopped(trial.app.shutdown("check"));
        trial.checkPortIsFree();
        try (Trial next = trial.next()) {
            next.start();
            check(next.send().answer() == Answer.SERVED, "the second server on the port did not serve");
        }
    }

    private static void portInUse(Trial trial) throws Exception {
        try (ServerSocket other = new ServerSocket(trial.port, 1, InetAddress.getLoopbackAddress())) {
            trial.app.start();
            throw new AssertionError("it started, although " + other + " listens");
        } catch (AppStartException e) {
            check(e.getSuppressed().length == 0, "stop failed after the failed start: " + List.of(e.getSuppressed()));
        }
        trial.checkStopped(trial.app.shutdown("check"));
        trial.checkPortIsFree();
    }

    private static void interruptedStart(Trial trial) throws Exception {
        trial.interruptsStart = true;
        try {
            trial.app.start(); // one that did not wait for anything may have succeeded
        } catch (AppStartException e) {
            check(e.getSuppressed().length == 0, "stop failed after the failed start: " + List.of(e.getSuppressed()));
        } finally {
            boolean unused = Thread.interrupted();
        }
        trial.checkStopped(trial.app.shutdown("check"));
        trial.checkPortIsFree();
    }

    private static void check(boolean kept, String message) {
        if (!kept) {
            throw new AssertionError(message);
        }
    }

    private static long sum(ShutdownReport report, boolean drained) {
        return report.gates().stream()
                .mapToLong(gate -> drained ? gate.drained() : gate.abandoned())
                .sum();
    }

    /** A request under way. */
    private record Request(FutureTask<Answer> answered) {

        Answer answer() throws Exception {
            try {
                return answered.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
            } catch (ExecutionException e) {
                throw new AssertionError("a request got no response: " + e.getCause(), e.getCause());
            } catch (TimeoutException e) {
                throw new AssertionError("a request got no response within " + PATIENCE, e);
            }
        }

        boolean isCut() throws Exception {
            try {
                answered.get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
                return false;
            } catch (ExecutionException e) {
                if (e.getCause() instanceof IOException) {
                    return true;
                }
                throw new AssertionError(
                        "the adapter's request() threw " + e.getCause() + " (expected: an IOException)", e);
            } catch (TimeoutException e) {
                throw new AssertionError("the connection of the request is still open", e);
            }
        }
    }

    /** One server, in an app, and requests to it. */
    private static final class Trial implements AutoCloseable {
        final AppBuilder builder = App.builder("contract");
        final App app = builder.build();
        final ManagedServer server;
        final int port;
        private final Adapter adapter;
        private final Set<Thread> held = ConcurrentHashMap.newKeySet();
        private final CountDownLatch released = new CountDownLatch(1);
        private volatile boolean holding;
        private volatile boolean interruptsStart;

        Trial(Adapter adapter) throws Exception {
            this(adapter, freePort());
        }

        private Trial(Adapter adapter, int port) throws Exception {
            this.adapter = adapter;
            this.port = port;
            this.server = adapter.create(port, this::handle);
            builder.server(new Interrupter());
            builder.server(server);
        }

        Trial next() throws Exception {
            return new Trial(adapter, port);
        }

        /** Leaves an interrupt to the start that comes next. */
        private final class Interrupter implements ManagedServer {
            @Override
            public String name() {
                return "interrupter";
            }

            @Override
            public void start(ServerContext context) {
                if (interruptsStart) {
                    Thread.currentThread().interrupt();
                }
            }

            @Override
            public void stop(ShutdownContext context) {}
        }

        private static int freePort() throws IOException {
            try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            }
        }

        private void handle() {
            if (holding) {
                held.add(Thread.currentThread());
                try {
                    released.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new UncheckedIOException(new IOException("the handler was interrupted"));
                }
            }
        }

        void start() throws AppStartException {
            app.start();
        }

        List<RequestGate> gates() {
            return server.gates();
        }

        long inFlight() {
            return gates().stream().mapToLong(RequestGate::inFlight).sum();
        }

        Request send() {
            FutureTask<Answer> request = new FutureTask<>(() -> adapter.request(port, SECRET));
            Thread client = new Thread(request, "contract-client");
            client.setDaemon(true);
            client.start();
            return new Request(request);
        }

        Request sendAndHold() {
            hold();
            Request request = send();
            awaitHeld(1);
            return request;
        }

        void hold() {
            holding = true;
        }

        /** Connects one time after another, within a limit, and keeps the connections that came last. */
        void connectUntilRefused(Deque<Socket> last) {
            long until = System.nanoTime() + PATIENCE.toNanos();
            try {
                while (System.nanoTime() < until) {
                    last.add(new Socket(InetAddress.getLoopbackAddress(), port));
                    if (last.size() > LAST_CONNECTIONS) {
                        last.remove().close();
                    }
                }
            } catch (IOException e) {
                return; // refused: nobody listens any more
            }
        }

        void holdNoMore() {
            holding = false;
        }

        void release() {
            released.countDown();
        }

        void awaitHeld(int count) {
            await(count + " requests in their handlers at once", () -> held.size() == count);
        }

        void awaitDrain() {
            await("the drain to begin", () -> gates().stream().anyMatch(RequestGate::isDraining));
        }

        ShutdownReport awaitReport() {
            return app.shutdown("check"); // joins the one in progress
        }

        void checkStopped(ShutdownReport report) {
            List<ShutdownReport.Step> stops = new ArrayList<>(report.steps());
            stops.removeIf(step -> step.phase() != Phase.STOP || !step.name().equals(server.name()));
            check(
                    stops.stream().allMatch(step -> step.outcome() == ShutdownReport.Outcome.CLEAN),
                    "stop failed, or had to be cut: " + report);
        }

        void checkPortIsFree() throws IOException {
            try (ServerSocket socket = new ServerSocket()) {
                socket.setReuseAddress(true); // what its clients have left in TIME_WAIT is not the server's
                socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            } catch (IOException e) {
                throw new AssertionError("port " + port + " is not free after stop: " + e.getMessage(), e);
            }
        }

        void await(String what, BooleanSupplier condition) {
            check(awaits(PATIENCE, condition), "waited " + PATIENCE.toSeconds() + " s for " + what);
        }

        boolean awaits(Duration limit, BooleanSupplier condition) {
            long until = System.nanoTime() + limit.toNanos();
            while (!condition.getAsBoolean()) {
                if (System.nanoTime() >= until) {
                    return false;
                }
                try {
                    TimeUnit.MILLISECONDS.sleep(5);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    throw new AssertionError("interrupted while waiting", e);
                }
            }
            return true;
        }

        @Override
        public void close() {
            release();
            app.close();
        }
    }
}
