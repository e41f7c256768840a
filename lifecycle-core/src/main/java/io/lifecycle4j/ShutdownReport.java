package io.lifecycle4j;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What happened in a shutdown. Immutable.
 *
 * @param app the app's name
 * @param reason why it shut down
 * @param outcome the worst of what happened
 * @param duration from the first reason to the end of the last step
 * @param phases how long each phase took
 * @param steps what was done, in the order of its beginning
 * @param gates what each gate let finish
 * @since 0.1
 */
public record ShutdownReport(
        String app,
        ShutdownReason reason,
        Outcome outcome,
        Duration duration,
        Map<Phase, Duration> phases,
        List<Step> steps,
        List<Gate> gates) {

    private static final int MOST_NAMES = 20;

    /** How a shutdown, or a step of it, went; from good to bad. */
    public enum Outcome {
        /** All was done, in time. */
        CLEAN,
        /** Something threw, or the reason itself is a failure. */
        FAILED,
        /** A limit passed: a step did not end in time, or a request in flight or a peer was cut. */
        TIMED_OUT
    }

    /**
     * One bounded call.
     *
     * @param phase its phase
     * @param name its name
     * @param start when it began, since the shutdown did
     * @param duration how long it took, or how long it was waited for
     * @param outcome how it went
     * @param failure what it threw, or null
     * @param abandoned whether it was still running when its limit passed; its thread may run on
     * @param note a note of its own, see {@link ShutdownContext#note}; else null
     * @param cut the peers that it cut, see {@link ShutdownContext#cut}; none in a step that is CLEAN
     */
    public record Step(
            Phase phase,
            String name,
            Duration start,
            Duration duration,
            Outcome outcome,
            @Nullable Throwable failure,
            boolean abandoned,
            @Nullable String note,
            List<String> cut) {

        /** Copies the list. */
        public Step {
            cut = List.copyOf(cut);
        }
    }

    /**
     * What became of the requests of one gate.
     *
     * @param name the gate's name
     * @param inFlight how many were in flight when it closed
     * @param drained how many of them finished in the drain
     * @param abandoned how many were still in flight at the drain's limit
     * @param rejected how many were rejected
     */
    public record Gate(String name, long inFlight, long drained, long abandoned, long rejected) {}

    /** Copies the lists and the map, whose order is that of the phases. */
    public ShutdownReport {
        phases = Collections.unmodifiableMap(new TreeMap<>(phases));
        steps = List.copyOf(steps);
        gates = List.copyOf(gates);
    }

    /** The report of a shutdown that broke down itself. */
    static ShutdownReport broken(String app, ShutdownReason reason, Throwable failure) {
        Duration none = Duration.ZERO;
        Step step = new Step(Phase.RELEASE, "shutdown", none, none, Outcome.FAILED, failure, true, null, List.of());
        return new ShutdownReport(app, reason, Outcome.FAILED, Duration.ZERO, Map.of(), List.of(step), List.of());
    }

    /** Returns whether nothing failed and nothing was cut. */
    public boolean isClean() {
        return outcome == Outcome.CLEAN;
    }

    /** Returns a short table for the end of a log. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(
                "Shutdown of '" + app + "' (" + reason + "): " + outcome + " after " + Text.of(duration));
        String separator = "\n  ";
        for (Map.Entry<Phase, Duration> phase : phases.entrySet()) {
            text.append(separator).append(phase.getKey()).append(' ').append(Text.of(phase.getValue()));
            separator = ", ";
        }
        for (Gate gate : gates) {
            text.append("\n  ")
                    .append(padded("gate " + gate.name(), 34))
                    .append(gate.inFlight())
                    .append(" in flight, ")
                    .append(gate.drained())
                    .append(" drained, ")
                    .append(gate.abandoned())
                    .append(" abandoned, ")
                    .append(gate.rejected())
                    .append(" rejected");
        }
        for (Step step : steps) {
            text.append("\n  ")
                    .append(padded(step.phase().name(), 10))
                    .append(padded(step.name(), 24))
                    .append(padded(step.outcome().name(), 10))
                    .append(Text.of(step.duration()));
            if (step.failure() != null) {
                text.append("  ").append(Text.of(step.failure()));
            }
            if (step.note() != null) {
                text.append("  ").append(step.note());
            }
            if (step.abandoned()) {
                text.append("  abandoned");
            }
            int named = Math.min(step.cut().size(), MOST_NAMES);
            for (String name : step.cut().subList(0, named)) {
                text.append("\n            cut: ").append(name);
            }
            if (named < step.cut().size()) {
                text.append("\n            cut: ")
                        .append(step.cut().size() - named)
                        .append(" more");
            }
        }
        return text.toString();
    }

    private static String padded(String text, int width) {
        return text + " ".repeat(Math.max(1, width - text.length()));
    }
}
