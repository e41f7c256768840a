package io.lifecycle4j;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZL_Result;

/** The state's races, by themselves. */
final class LifecycleStress {

    private LifecycleStress() {}

    private static Lifecycle lifecycle() {
        return new Lifecycle("app", Clock.SYSTEM, Events.NONE);
    }

    /** r1, r2: whose reason was the first. r3: the reason that stands. */
    @JCStressTest
    @Outcome(id = "true, false, one", expect = Expect.ACCEPTABLE)
    @Outcome(id = "false, true, two", expect = Expect.ACCEPTABLE)
    @Outcome(expect = Expect.FORBIDDEN, desc = "two sequences, none, or somebody else's reason")
    @State
    public static class TwoReasons {
        private final Lifecycle lifecycle = lifecycle();

        @Actor
        public void one(ZZL_Result r) {
            r.r1 = lifecycle.requestStop(ShutdownReason.request("one"));
        }

        @Actor
        public void two(ZZL_Result r) {
            r.r2 = lifecycle.requestStop(ShutdownReason.request("two"));
        }

        @Arbiter
        public void end(ZZL_Result r) {
            r.r3 = lifecycle.stop().reason().description();
        }
    }

    /** r1: it may start. r2: it has started. r3: the state in the end, and what the stop knows of it. */
    @JCStressTest
    @Outcome(id = "true, true, STOPPING when running", expect = Expect.ACCEPTABLE, desc = "started, then asked to stop")
    @Outcome(id = "true, false, STOPPING", expect = Expect.ACCEPTABLE, desc = "asked to stop while starting")
    @Outcome(id = "false, false, STOPPING", expect = Expect.ACCEPTABLE, desc = "asked to stop before")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a stop that was lost, or that is told a lie")
    @State
    public static class StartAgainstStop {
        private final Lifecycle lifecycle = lifecycle();

        @Actor
        public void start(ZZL_Result r) {
            r.r1 = lifecycle.starting();
            r.r2 = r.r1 && lifecycle.started();
        }

        @Actor
        public void stop() {
            boolean unused = lifecycle.requestStop(ShutdownReason.request("stop"));
        }

        @Arbiter
        public void end(ZZL_Result r) {
            r.r3 = lifecycle.state() + (lifecycle.stop().wasRunning() ? " when running" : "");
        }
    }

    /** r1, r2: who may start it. */
    @JCStressTest
    @Outcome(id = "true, false, STARTING", expect = Expect.ACCEPTABLE)
    @Outcome(id = "false, true, STARTING", expect = Expect.ACCEPTABLE)
    @Outcome(expect = Expect.FORBIDDEN, desc = "started twice, or not at all")
    @State
    public static class TwoStarts {
        private final Lifecycle lifecycle = lifecycle();

        @Actor
        public void one(ZZL_Result r) {
            r.r1 = start();
        }

        @Actor
        public void two(ZZL_Result r) {
            r.r2 = start();
        }

        private boolean start() {
            try {
                return lifecycle.starting();
            } catch (IllegalStateException e) {
                return false;
            }
        }

        @Arbiter
        public void end(ZZL_Result r) {
            r.r3 = lifecycle.state();
        }
    }
}
