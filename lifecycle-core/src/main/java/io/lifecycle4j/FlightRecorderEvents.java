package io.lifecycle4j;

import jdk.jfr.Category;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** Events for the JDK's flight recorder. The one class that names its types: a JRE may lack them. */
final class FlightRecorderEvents implements Events {

    @Override
    public void state(String app, AppState state, @Nullable Phase phase) {
        if (FlightRecorder.isInitialized()) {
            StateEvent event = new StateEvent();
            event.app = app;
            event.state = state.name();
            event.phase = phase == null ? null : phase.name();
            event.commit();
        }
    }

    @Override
    public Span begin(String app, Phase phase, String step) {
        if (!FlightRecorder.isInitialized()) {
            return NO_SPAN;
        }
        StepEvent event = new StepEvent();
        event.app = app;
        event.phase = phase.name();
        event.step = step;
        event.begin();
        return event;
    }

    @Name("io.lifecycle4j.State")
    @Label("App State")
    @Category("Lifecycle4j")
    @StackTrace(false)
    static final class StateEvent extends Event {
        @Label("App")
        @Nullable
        String app;

        @Label("State")
        @Nullable
        String state;

        @Label("Phase")
        @Nullable
        String phase;
    }

    @Name("io.lifecycle4j.Step")
    @Label("Shutdown Step")
    @Category("Lifecycle4j")
    @StackTrace(false)
    static final class StepEvent extends Event implements Span {
        @Label("App")
        @Nullable
        String app;

        @Label("Phase")
        @Nullable
        String phase;

        @Label("Step")
        @Nullable
        String step;

        @Label("Outcome")
        @Nullable
        String outcome;

        @Label("Abandoned")
        boolean abandoned;

        @Label("Failure")
        @Nullable
        String failure;

        @Label("Note")
        @Nullable
        String note;

        @Label("Peers Cut")
        int cut;

        @Override
        public void end(ShutdownReport.Step done) {
            end();
            outcome = done.outcome().name();
            abandoned = done.abandoned();
            // Not what the failure says of itself: that is code of the user's, and this is the sequence's thread.
            failure = done.failure() == null ? null : done.failure().getClass().getName();
            note = done.note();
            cut = done.cut().size();
            commit();
        }
    }
}
