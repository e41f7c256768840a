package io.lifecycle4j.benchmarks;

/** How late after its deadline a process is gone of which every step is stuck for good. */
final class DeadlineFigure {

    private DeadlineFigure() {}

    static void print(int runs) throws Exception {
        Samples late = new Samples();
        for (int run = 1; run <= runs; run++) {
            System.err.println("deadline: run " + run + " of " + runs);
            try (ChildJvm child = ChildJvm.readingStderr(ChildJvm.arguments(true, StuckApp.class))) {
                child.awaitLine("is running");
                late.add(child.millisFromTermToGone(1) - StuckApp.SHUTDOWN_TIMEOUT.toMillis());
            }
        }
        Table table = new Table("gone after the deadline, ms", "p50", "max", "runs");
        table.row(
                "every step stuck",
                Table.number(late.median(), 0),
                Table.number(late.max(), 0),
                String.valueOf(late.count()));
        table.print();
    }
}
