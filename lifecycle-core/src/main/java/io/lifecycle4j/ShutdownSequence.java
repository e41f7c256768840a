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
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The story of a shutdown: five phases, one after another, whatever becomes of each. It returns what happened; of signals
 * and exit it knows nothing. Runs once, on one thread; {@link #stillRunning} may be asked from others.
 */
final class ShutdownSequence {
    private final Lifecycle lifecycle;
    private final Lifecycle.Stop stop;
    private final Clock clock;
    private final Starter starter;
    private final Components.Snapshot components;
    private final Limits limits;
    private final Budget budget;
    private final Wakeup wakeup;
    private final SpareThreads spares;
    private final ShutdownLog log;
    private final StepRunner runner;
    private final List<ShutdownReport.Step> steps = new ArrayList<>();
    private final Map<Phase, Long> begun = new EnumMap<>(Phase.class);
    private final Map<RequestGate, Long> abandoned = new LinkedHashMap<>();
    private volatile List<RequestGate> closed = List.of();

    ShutdownSequence(
            Lifecycle lifecycle,
            Clock clock,
            Starter starter,
            Components.Snapshot components,
            Limits limits,
            Wakeup wakeup,
            BooleanSupplier exiting,
            SpareThreads spares,
            Events events) {
        this.lifecycle = lifecycle;
        this.stop = lifecycle.stop();
        this.clock = clock;
        this.starter = starter;
        this.components = components;
        this.limits = limits;
        this.budget = new Budget(limits, stop.since());
        this.wakeup = wakeup;
        this.spares = spares;
        this.log = new ShutdownLog(lifecycle.name(), stop.reason());
        this.runner =
                new StepRunner(lifecycle, clock, stop.reason(), stop.since(), log, wakeup, exiting, spares, events);
    }

    ShutdownReport run() {
        log.begin(limits.shutdown(), spares);
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
        String starting = starter.current();
        if (starting != null) {
            names.add(starting);
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
        enter(Phase.ANNOUNCE);
        run(Phase.ANNOUNCE, callbacks(Phase.ANNOUNCE));
        // Nobody was ever sent here if the app was never ready, so nobody needs the time to look elsewhere.
        if (stop.wasRunning() && !limits.announce().isZero()) {
            log.phase(Phase.ANNOUNCE, "not ready; requests are served for another " + Text.of(limits.announce()));
            runner.run(List.of(), () -> false, budget.announceEnd(clock.nanoTime()));
        }
    }

    private void drain() {
        enter(Phase.DRAIN);
        List<RequestGate> open = components.gates();
        closed = open;
        open.forEach(gate -> gate.close(wakeup));
        if (!open.isEmpty()) {
            log.phase(Phase.DRAIN, "rejecting new requests; in flight: " + counts(open));
        }
        long now = clock.nanoTime();
        long end = budget.drainEnd(now);
        List<StepRunner.Step> drains = callbacks(Phase.DRAIN);
        for (Components.Server server : components.servers()) {
            if (starter.isAttempted(server)
                    && starter.starting(server) == null
                    && !server.gates().isEmpty()) {
                drains.add(step(Phase.DRAIN, server.name(), now, end, server.managed()::drain, null));
            }
        }
        if (open.isEmpty()) {
            say(Phase.DRAIN, drains.stream().map(StepRunner.Step::name));
        }
        steps.addAll(runner.run(drains, () -> open.stream().allMatch(RequestGate::isDrained), end));
        open.forEach(this::account);
    }

    private void account(RequestGate gate) {
        gate.endDrain();
        long left = gate.isDrained() ? 0 : gate.inFlight();
        abandoned.put(gate, left);
        if (left > 0) {
            log.gate(gate, serversOf(gate));
        }
    }

    private ShutdownReport.Gate reportOf(RequestGate gate, long left) {
        long inFlight = gate.toDrain();
        return new ShutdownReport.Gate(gate.name(), inFlight, inFlight - left, left, gate.rejected());
    }

    private List<ManagedServer> serversOf(RequestGate gate) {
        return components.servers().stream()
                .filter(server -> server.gates().contains(gate))
                .map(Components.Server::managed)
                .toList();
    }

    private void stop() {
        enter(Phase.STOP);
        long now = clock.nanoTime();
        long end = budget.stopEnd(now);
        List<StepRunner.Step> stops = new ArrayList<>();
        Thread settingUp = starter.starting(null);
        if (settingUp != null) {
            stops.add(step(Phase.STOP, "setup", now, end, context -> starter.awaitEnd(), settingUp));
        }
        for (Components.Server server : components.servers()) {
            if (starter.isAttempted(server)) {
                stops.add(step(Phase.STOP, server.name(), now, end, context -> stop(server, context), suspect(server)));
            }
        }
        run(Phase.STOP, stops);
    }

    private @Nullable Thread suspect(Components.Server server) {
        Thread starting = starter.starting(server);
        return starting == null && server.managed() instanceof BackgroundTask task ? task.thread() : starting;
    }

    private void stop(Components.Server server, ShutdownContext context) throws Exception {
        if (starter.starting(server) != null) {
            starter.awaitEnd();
        }
        server.managed().stop(context);
    }

    private void callbacks() {
        enter(Phase.CALLBACKS);
        run(Phase.CALLBACKS, callbacks(Phase.CALLBACKS));
    }

    private void release() {
        enter(Phase.RELEASE);
        List<Components.Resource> resources = new ArrayList<>(components.resources());
        Collections.reverse(resources);
        say(Phase.RELEASE, resources.stream().map(Components.Resource::name));
        int open = resources.size();
        for (Components.Resource resource : resources) {
            long now = clock.nanoTime();
            long end = budget.releaseEnd(now, open--);
            runQuietly(List.of(step(Phase.RELEASE, resource.name(), now, end, resource.release(), null)));
        }
    }

    private ShutdownReport report(long end) {
        List<ShutdownReport.Gate> gates = new ArrayList<>(); // read at the end: requests are rejected until then
        abandoned.forEach((gate, left) -> gates.add(reportOf(gate, left)));
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
        begun.forEach((phase, begin) -> durations.put(phase, Duration.ofNanos(ends.remove(0) - begin)));
        return durations;
    }

    private Outcome outcome() {
        Outcome worst = stop.reason().failure() == null ? Outcome.CLEAN : Outcome.FAILED;
        for (ShutdownReport.Step step : steps) {
            worst = step.outcome().compareTo(worst) > 0 ? step.outcome() : worst;
        }
        boolean cut = abandoned.values().stream().anyMatch(left -> left > 0)
                || steps.stream().anyMatch(step -> !step.cut().isEmpty());
        return cut && worst.compareTo(Outcome.TIMED_OUT) < 0 ? Outcome.TIMED_OUT : worst;
    }

    private List<StepRunner.Step> callbacks(Phase phase) {
        long now = clock.nanoTime();
        List<StepRunner.Step> todo = new ArrayList<>();
        for (Components.Callback each : components.callbacks(phase)) {
            todo.add(step(phase, each.name(), now, callbackEnd(each, now), each.callback(), null));
        }
        return todo;
    }

    private long callbackEnd(Components.Callback callback, long now) {
        Duration own = callback.limit();
        return switch (callback.phase()) {
            case ANNOUNCE -> budget.announceCallbackEnd(now, own == null ? limits.callback() : own);
            case DRAIN -> Math.min(budget.drainEnd(now), own == null ? Long.MAX_VALUE : now + own.toNanos());
            case CALLBACKS -> budget.callbackEnd(now, own == null ? limits.callback() : own);
            case STOP, RELEASE -> throw new AssertionError(callback.phase());
        };
    }

    private void run(Phase phase, List<StepRunner.Step> todo) {
        say(phase, todo.stream().map(StepRunner.Step::name));
        runQuietly(todo);
    }

    private void runQuietly(List<StepRunner.Step> todo) {
        steps.addAll(runner.run(todo, () -> true, 0));
    }

    private void say(Phase phase, Stream<String> names) {
        String all = names.collect(Collectors.joining(", "));
        if (!all.isEmpty()) {
            log.phase(phase, all);
        }
    }

    private static StepRunner.Step step(
            Phase phase, String name, long start, long end, ShutdownCallback body, @Nullable Thread suspect) {
        return new StepRunner.Step(phase, name, start, end, body, suspect);
    }

    private static String counts(List<RequestGate> gates) {
        return gates.stream()
                .map(gate -> gate.inFlight() + " at '" + gate.name() + "'"
                        + (gate.isClosed() ? "" : " (which serves until it is idle)"))
                .collect(Collectors.joining(", "));
    }
}
