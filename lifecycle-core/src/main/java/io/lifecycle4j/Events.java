package io.lifecycle4j;

import org.jspecify.annotations.Nullable;

/** What flight recordings show of an app; costs nothing while there is no recording, and where there is no flight recorder. */
interface Events {
    None NONE = new None();

    Span NO_SPAN = NONE;

    /** Shows nothing. */
    final class None implements Events, Span {
        private None() {}

        @Override
        public void state(String app, AppState state, @Nullable Phase phase) {}

        @Override
        public Span begin(String app, Phase phase, String step) {
            return this;
        }

        @Override
        public void end(ShutdownReport.Step step) {}
    }

    /** A step that goes on. */
    interface Span {
        void end(ShutdownReport.Step step);
    }

    /** Says that the app is now in a state and, during a shutdown, in a phase. */
    void state(String app, AppState state, @Nullable Phase phase);

    /** Says that a step begins. */
    Span begin(String app, Phase phase, String step);

    /** Returns this JVM's: only here, and only where the module is, a class is loaded that names the flight recorder's. */
    static Events ofThisJvm() {
        return ModuleLayer.boot().findModule("jdk.jfr").isPresent() ? new FlightRecorderEvents() : NONE;
    }
}
