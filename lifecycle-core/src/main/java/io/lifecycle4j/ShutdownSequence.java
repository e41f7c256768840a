package io.lifecycle4j;

import io.lifecycle4j.ShutdownReport.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The story of a shutdown: five phases, one after another, whatever becomes of each. It returns what happened; of signals
 * and exit it knows nothing. Runs once, on one thread; {@link #stillRunning} may be asked from others.
 */
final class ShutdownSequence {
    // With a drainTimeout of zero there is still something to say to peers and consumers, which takes a thread a
    // moment.
    private static final long LEAST_DRAIN = Duration.ofMillis(100).toNanos();

    private final Lifecycle lifecycle;
    private final Lifecycle.Stop stop;
    private final Starter starter;
    private final Plan plan;
    private final Limits limits;
    private final Budget budget;
    private final Execution execution;
    private final Clock clock;
    private final ShutdownLog log;
    private final StepRunner runner;
    private final List<ShutdownReport.Step> steps = new ArrayList<>();
    private final Map<Phase, Long> begun = new EnumMap<>(Phase.class);
    private final Map<RequestGate, Long> abandoned = new LinkedHashMap<>();
    private volatile List<RequestGate> closed = List.of();

    ShutdownSequence(Lifecycle lifecycle, Starter starter, Plan plan, Execution execution) {
        this.lifecycle = lifecycle;
        this.stop = lifecycle.stop();
        this.starter = starter;
        this.plan = plan;
        this.limits = plan.limits();
        this.budget = new Budget(limits, stop.since());
        this.execution = execution;
        this.clock = execution.clock();
        this.log = new ShutdownLog(lifecycle.name(), stop, execution.log());
        this.runner = new StepRunner(lifecycle, stop, log, execution);
    }

    ShutdownReport run() {
        log.begin(limits.shutdown(), execution.threads());
        starter.interrupt();
        announce();
        drain();
        stop();
        callbacks();
        release();
        ShutdownReport report = report(clock.nanoTime());
        log.end(report, Duration.ofNanos(budget.forTheLog(clock.nanoTime())));
        return report;
    }

    /** The current phase's steps that have not ended, with their threads; see {@link StepRunner#runningThreads}. */
    Map<String, List<Thread>> runningSteps() {
        return runner.runningThreads();
    }

    /** What has not ended, in words; takes no lock and calls nobody. */
    String stillRunning() {
        StringJoiner names = new StringJoiner("; ");
        Starter.Progress starting = starter.progress();
        if (starting != null) {
            names.add(starting.what());
        }
        for (StepRunner.Step step : runner.stillRunning()) {
            names.add(step.phase() + " " + step.name());
        }
        for (RequestGate gate : closed) {
            if (!gate.isDrained()) {
                names.add(gate.inFlight() + " in flight at '" + gate.name() + "'");
            }
        }
        return names.length() == 0 ? "nothing" : names.toString();
    }

    private void announce() {
        // Nobody was ever sent here if the app was never ready, so nobody needs the time to look elsewhere.
        boolean delayed = stop.wasRunning() && !limits.announce().isZero();
        if (delayed) {
            for (RequestGate gate : plan.gates()) {
                gate.goAway();
            }
        }
        enter(Phase.ANNOUNCE);
        logAndRun(Phase.ANNOUNCE, callbackSteps(Phase.ANNOUNCE));
        if (delayed) {
            log.phase(Phase.ANNOUNCE, "not ready; requests are served for another " + Text.of(limits.announce()));
            // After the callbacks: a client that is told while a registry still names this server would come back.
            long end = budget.announceEnd(clock.nanoTime());
            steps.addAll(runner.run(serverAnnouncements(end), () -> false, end));
        }
    }

    private List<StepRunner.Step> serverAnnouncements(long delayEnd) {
        long now = clock.nanoTime();
        long end = budget.announceCallbackEnd(delayEnd, limits.callback());
        List<StepRunner.Step> todo = new ArrayList<>();
        for (Plan.Server server : plan.servers()) {
            if (!server.gates().isEmpty()) {
                todo.add(step(Phase.ANNOUNCE, server.name(), now, end, server.managed()::announce, null));
            }
        }
        return todo;
    }

    private void drain() {
        enter(Phase.DRAIN);
        List<RequestGate> gates = plan.gates();
        closed = gates;
        for (RequestGate gate : gates) {
            gate.close(execution.wakeup());
        }
        if (!gates.isEmpty()) {
            log.phase(Phase.DRAIN, "rejecting new requests; in flight: " + counts(gates));
        }
        long now = clock.nanoTime();
        long end = budget.drainEnd(now);
        List<StepRunner.Step> drains = callbackSteps(Phase.DRAIN);
        for (Plan.Server server : plan.servers()) {
            if (starter.isAttempted(server) && starter.starting(server) == null && server.isDrained()) {
                drains.add(step(
                        Phase.DRAIN,
                        server.name(),
                        now,
                        Math.max(drainEnd(server, now), now + LEAST_DRAIN),
                        server.managed()::drain,
                        suspect(server)));
            }
        }
        if (gates.isEmpty()) {
            logNames(Phase.DRAIN, drains);
        }
        steps.addAll(runner.run(drains, this::areDrained, end));
        for (RequestGate gate : gates) {
            account(gate);
        }
    }

    // A server's own limit is one of its stop: its peers are the drain's.
    private long drainEnd(Plan.Server server, long now) {
        return server.managed() instanceof BackgroundTask
                ? earlier(budget.drainEnd(now), now, server.limit())
                : budget.drainEnd(now);
    }

    private void account(RequestGate gate) {
        gate.endDrain();
        long left = gate.isDrained() ? 0 : gate.inFlight();
        abandoned.put(gate, left);
        if (left > 0) {
            log.gate(gate, serversOf(gate));
        }
    }

    private boolean areDrained() {
        for (RequestGate gate : closed) {
            if (!gate.isDrained()) {
                return false;
            }
        }
        return true;
    }

    private ShutdownReport.Gate reportOf(RequestGate gate, long left) {
        long inFlight = gate.toDrain();
        return new ShutdownReport.Gate(gate.name(), inFlight, inFlight - left, left, gate.rejected());
    }

    private List<ManagedServer> serversOf(RequestGate gate) {
        List<ManagedServer> servers = new ArrayList<>();
        for (Plan.Server server : plan.servers()) {
            if (server.gates().contains(gate)) {
                servers.add(server.managed());
            }
        }
        return servers;
    }

    private void stop() {
        enter(Phase.STOP);
        long now = clock.nanoTime();
        List<StepRunner.Step> stops = new ArrayList<>();
        Starter.Progress starting = starter.progress();
        if (starting != null && starting.server() == null) {
            long end = budget.stopEnd(now, limits.stop());
            stops.add(step(Phase.STOP, starting.what(), now, end, context -> starter.awaitEnd(), starting.thread()));
        }
        for (Plan.Server server : plan.servers()) {
            if (starter.isAttempted(server) || server.isStoppedUnstarted()) {
                long end = budget.stopEnd(now, own(server.limit(), limits.stop()));
                stops.add(step(
                        Phase.STOP, server.name(), now, end, context -> stopServer(server, context), suspect(server)));
            }
        }
        logAndRun(Phase.STOP, stops);
    }

    private @Nullable Thread suspect(Plan.Server server) {
        Thread starting = starter.starting(server);
        return starting == null && server.managed() instanceof BackgroundTask task ? task.thread() : starting;
    }

    private void stopServer(Plan.Server server, ShutdownContext context) throws Exception {
        if (starter.starting(server) != null) {
            starter.awaitEnd();
        }
        server.managed().stop(context);
    }

    private void callbacks() {
        enter(Phase.CALLBACKS);
        logAndRun(Phase.CALLBACKS, callbackSteps(Phase.CALLBACKS));
    }

    private void release() {
        enter(Phase.RELEASE);
        List<Plan.Callback> resources = plan.callbacks(Phase.RELEASE);
        Collections.reverse(resources);
        int open = resources.size();
        StringJoiner names = new StringJoiner(", ");
        for (Plan.Callback resource : resources) {
            names.add(resource.name());
        }
        log(Phase.RELEASE, names);
        for (Plan.Callback resource : resources) {
            long now = clock.nanoTime();
            long end = budget.releaseEnd(now, own(resource.limit(), limits.release()), open--);
            runToTheEnd(List.of(step(Phase.RELEASE, resource.name(), now, end, resource.callback(), null)));
        }
    }

    private ShutdownReport report(long end) {
        List<ShutdownReport.Gate> gates = new ArrayList<>(); // read at the end: requests are rejected until then
        for (Map.Entry<RequestGate, Long> each : abandoned.entrySet()) {
            gates.add(reportOf(each.getKey(), each.getValue()));
        }
        Duration duration = Duration.ofNanos(end - stop.since());
        return new ShutdownReport(lifecycle.name(), stop.reason(), outcome(), duration, phases(end), steps, gates);
    }

    private void enter(Phase phase) {
        lifecycle.enter(phase);
        begun.put(phase, clock.nanoTime());
    }

    private Map<Phase, Duration> phases(long end) {
        Map<Phase, Duration> durations = new EnumMap<>(Phase.class);
        List<Long> ends = new ArrayList<>(begun.values());
        ends.remove(0);
        ends.add(end);
        for (Map.Entry<Phase, Long> each : begun.entrySet()) {
            durations.put(each.getKey(), Duration.ofNanos(ends.remove(0) - each.getValue()));
        }
        return durations;
    }

    private Outcome outcome() {
        Outcome worst = stop.reason().failure() == null ? Outcome.CLEAN : Outcome.FAILED;
        boolean cut = false;
        for (ShutdownReport.Step step : steps) {
            worst = step.outcome().compareTo(worst) > 0 ? step.outcome() : worst;
            cut |= !step.cut().isEmpty();
        }
        for (long left : abandoned.values()) {
            cut |= left > 0;
        }
        return cut && worst.compareTo(Outcome.TIMED_OUT) < 0 ? Outcome.TIMED_OUT : worst;
    }

    private List<StepRunner.Step> callbackSteps(Phase phase) {
        long now = clock.nanoTime();
        List<StepRunner.Step> todo = new ArrayList<>();
        for (Plan.Callback each : plan.callbacks(phase)) {
            long least = phase == Phase.DRAIN ? now + LEAST_DRAIN : now;
            todo.add(step(phase, each.name(), now, Math.max(callbackEnd(each, now), least), each.callback(), null));
        }
        return todo;
    }

    private long callbackEnd(Plan.Callback callback, long now) {
        Duration limit = callback.limit();
        if (callback.phase() == Phase.DRAIN) {
            return earlier(budget.drainEnd(now), now, limit);
        }
        Duration most = own(limit, limits.callback());
        return callback.phase() == Phase.ANNOUNCE
                ? budget.announceCallbackEnd(now, most)
                : budget.callbackEnd(now, most);
    }

    private static long earlier(long end, long now, @Nullable Duration limit) {
        return limit == null ? end : Math.min(end, now + limit.toNanos());
    }

    private static Duration own(@Nullable Duration limit, Duration ofThePhase) {
        return limit == null ? ofThePhase : limit;
    }

    private void logAndRun(Phase phase, List<StepRunner.Step> todo) {
        logNames(phase, todo);
        runToTheEnd(todo);
    }

    private void runToTheEnd(List<StepRunner.Step> todo) {
        steps.addAll(runner.run(todo, () -> true, 0));
    }

    private void logNames(Phase phase, List<StepRunner.Step> todo) {
        StringJoiner names = new StringJoiner(", ");
        for (StepRunner.Step step : todo) {
            names.add(step.name());
        }
        log(phase, names);
    }

    private void log(Phase phase, StringJoiner names) {
        if (names.length() > 0) {
            log.phase(phase, names.toString());
        }
    }

    private static StepRunner.Step step(
            Phase phase, String name, long start, long end, ShutdownCallback body, @Nullable Thread suspect) {
        return new StepRunner.Step(phase, name, start, end, body, suspect);
    }

    private static String counts(List<RequestGate> gates) {
        StringJoiner counts = new StringJoiner(", ");
        for (RequestGate gate : gates) {
            counts.add(gate.inFlight() + " at '" + gate.name() + "'" + gate.openPolicy());
        }
        return counts.toString();
    }
}
