package io.lifecycle4j;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZZ_Result;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/** The gate's races, two threads at a time. The wakeup is of a thread that does not wait: only its flag is looked at. */
final class RequestGateStress {
    private static final Thread NOBODY = new Thread(() -> {});

    private RequestGateStress() {}

    /** r1: the request was let in. r2: the gate was drained when closed. r3: when it is gone, all is known. */
    @JCStressTest
    @Outcome(id = "true, false, true", expect = Expect.ACCEPTABLE, desc = "it came first, and the drain waits for it")
    @Outcome(id = "false, true, true", expect = Expect.ACCEPTABLE, desc = "the close came first")
    @Outcome(id = "false, false, true", expect = Expect.ACCEPTABLE, desc = "it was about to back out")
    @Outcome(expect = Expect.FORBIDDEN, desc = "drained with somebody in, a lost wakeup, or a wrong count")
    @State
    public static class EnterAgainstClose {
        private final RequestGate gate = new RequestGate("gate");
        private final Wakeup wakeup = new Wakeup(NOBODY);

        @Actor
        public void enter(ZZZ_Result r) {
            r.r1 = gate.tryEnter();
        }

        @Actor
        public void close(ZZZ_Result r) {
            gate.close(wakeup);
            r.r2 = gate.isDrained();
        }

        @Arbiter
        public void end(ZZZ_Result r) {
            if (r.r1) {
                gate.leave();
            }
            long rejected = r.r1 ? 0 : 1;
            r.r3 = wakeup.isSignalled()
                    && gate.isDrained()
                    && gate.rejected() == rejected
                    && gate.toDrain() == 1 - rejected;
        }
    }

    /** r1: the waiter was signalled. r2: drained, and the counts are right. */
    @JCStressTest
    @Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "the leaver or the close saw it")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a drain that waits for ever")
    @State
    public static class LastLeaverAgainstClose {
        private final RequestGate gate = new RequestGate("gate");
        private final Wakeup wakeup = new Wakeup(NOBODY);

        public LastLeaverAgainstClose() {
            boolean unused = gate.tryEnter();
        }

        @Actor
        public void leave() {
            gate.leave();
        }

        @Actor
        public void close() {
            gate.close(wakeup);
        }

        @Arbiter
        public void end(ZZ_Result r) {
            r.r1 = wakeup.isSignalled();
            r.r2 = gate.isDrained() && gate.toDrain() >= 0 && gate.toDrain() <= 1;
        }
    }

    /** r1: the waiter was signalled. r2: drained, and the counts are right. */
    @JCStressTest
    @Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "whoever was last saw it")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a drain that waits for ever")
    @State
    public static class TwoLastLeavers {
        private final RequestGate gate = new RequestGate("gate");
        private final Wakeup wakeup = new Wakeup(NOBODY);

        public TwoLastLeavers() {
            boolean unused = gate.tryEnter();
            boolean unusedToo = gate.tryEnter();
            gate.close(wakeup);
        }

        @Actor
        public void leave() {
            gate.leave();
        }

        @Actor
        public void leaveToo() {
            gate.leave();
        }

        @Arbiter
        public void end(ZZ_Result r) {
            r.r1 = wakeup.isSignalled();
            r.r2 = gate.isDrained() && gate.toDrain() == 2;
        }
    }

    /** r1: the waiter was signalled. r2: drained, and the late one is either in or rejected. */
    @JCStressTest
    @Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "whoever was last saw it")
    @Outcome(expect = Expect.FORBIDDEN, desc = "a drain that waits for ever, or a lost count")
    @State
    public static class BackOutAgainstLastLeaver {
        private final RequestGate gate = new RequestGate("gate");
        private final Wakeup wakeup = new Wakeup(NOBODY);
        private boolean entered;

        public BackOutAgainstLastLeaver() {
            boolean unused = gate.tryEnter();
        }

        @Actor
        public void come() {
            entered = gate.tryEnter();
            if (entered) {
                gate.leave();
            }
        }

        @Actor
        public void closeAndLeave() {
            gate.close(wakeup);
            gate.leave();
        }

        @Arbiter
        public void end(ZZ_Result r) {
            r.r1 = wakeup.isSignalled();
            r.r2 = gate.isDrained() && gate.rejected() == (entered ? 0 : 1);
        }
    }

    /** r1: the late one was let in, and stays. r2: drained when the last of the others had left. r3: in the end, all is known. */
    @JCStressTest
    @Outcome(id = "true, false, true", expect = Expect.ACCEPTABLE, desc = "it is waited for")
    @Outcome(id = "false, true, true", expect = Expect.ACCEPTABLE, desc = "there was an instant without any")
    @Outcome(id = "false, false, true", expect = Expect.ACCEPTABLE, desc = "it was about to back out")
    @Outcome(expect = Expect.FORBIDDEN, desc = "drained with somebody in, a lost wakeup, or a wrong count")
    @State
    public static class EnterAgainstLastLeaverOfAGateThatServesUntilIdle {
        private final RequestGate gate = RequestGate.servingUntilIdle("gate");
        private final Wakeup wakeup = new Wakeup(NOBODY);

        public EnterAgainstLastLeaverOfAGateThatServesUntilIdle() {
            boolean unused = gate.tryEnter();
            gate.close(wakeup);
        }

        @Actor
        public void enter(ZZZ_Result r) {
            r.r1 = gate.tryEnter();
        }

        @Actor
        public void leave(ZZZ_Result r) {
            gate.leave();
            r.r2 = gate.isDrained();
        }

        @Arbiter
        public void end(ZZZ_Result r) {
            if (r.r1) {
                gate.leave();
            }
            r.r3 = wakeup.isSignalled()
                    && gate.isDrained()
                    && gate.rejected() == (r.r1 ? 0 : 1)
                    && gate.toDrain() == (r.r1 ? 2 : 1);
        }
    }
}
