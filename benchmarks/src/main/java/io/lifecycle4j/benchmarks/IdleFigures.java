package io.lifecycle4j.benchmarks;

import java.util.List;

/**
 * What an app with nothing to do adds to a process: from the spawn to its first line, and from TERM to its end. Each pair, bare
 * and with the library, runs back to back, and what counts is the difference within a pair: both meet the same noise.
 */
final class IdleFigures {
    private static final long SETTLE_MILLIS = 200;

    private IdleFigures() {}

    static void print(int pairs) throws Exception {
        Table table = new Table("median, ms", "bare", "with an app", "more, within a pair", "pairs");
        for (String logger : List.of("none", "logback")) {
            Samples[] starts = {new Samples(), new Samples()};
            Samples[] ends = {new Samples(), new Samples()};
            for (int pair = 0; pair <= pairs; pair++) { // the first one fills the disk's cache and does not count
                measure(logger, BareMain.class, pair == 0, starts[0], ends[0], 143);
                measure(logger, AppMain.class, pair == 0, starts[1], ends[1], 0);
            }
            String with = logger.equals("none") ? ", no logger" : ", Logback";
            row(table, "spawn to running" + with, starts);
            row(table, "TERM to gone" + with, ends);
        }
        table.print();
    }

    private static void measure(
            String logger, Class<?> main, boolean rehearsal, Samples starts, Samples ends, int status)
            throws Exception {
        long start = System.nanoTime();
        try (ChildJvm child = ChildJvm.readingStdout(ChildJvm.arguments(logger.equals("logback"), main, logger))) {
            child.awaitLine("is running");
            double millisToRunning = (System.nanoTime() - start) / 1e6;
            Thread.sleep(SETTLE_MILLIS);
            double millisToGone = child.millisFromTermToGone(status);
            if (!rehearsal) {
                starts.add(millisToRunning);
                ends.add(millisToGone);
            }
        }
    }

    private static void row(Table table, String what, Samples[] bareAndApp) {
        Samples bare = bareAndApp[0];
        Samples app = bareAndApp[1];
        table.row(
                what,
                Table.number(bare.median(), 1),
                Table.number(app.median(), 1),
                Table.number(app.minus(bare).median(), 1),
                String.valueOf(app.count()));
    }
}
