package io.lifecycle4j.benchmarks;

import java.util.EnumMap;
import java.util.Map;

/**
 * From the second signal to the end of the process, whatever hangs, beside a baseline that halts at once: HotSpot itself takes
 * up to 300 ms to halt while a thread is in native code. What an app takes beyond the baseline's median is the time until it
 * calls {@code halt}: its last words. A pair during which the machine itself hiccuped is told apart: its tail proves nothing.
 */
final class ForcedFigure {
    private static final long SETTLE_MILLIS = 100; // sooner than 50 ms, the second would count as the first one's echo

    private static final int TRIES = 5;

    private record Row(String words, Samples baseline, Samples app, Samples untilHalt) {
        Row(String words) {
            this(words, new Samples(), new Samples(), new Samples());
        }

        void add(double baselineMillis, double appMillis) {
            baseline.add(baselineMillis);
            app.add(appMillis);
        }

        void addTo(Table table) {
            table.row(words, cell(baseline), cell(app), cell(untilHalt), String.valueOf(app.count()));
        }
    }

    private ForcedFigure() {}

    static void print(int pairs) throws Exception {
        Hiccups hiccups = new Hiccups();
        Map<Hostility, Row> rows = new EnumMap<>(Hostility.class);
        int tries = 0;
        for (Hostility hostility : Hostility.values()) {
            Row row = new Row(hostility.words());
            rows.put(hostility, row);
            for (int limit = tries + pairs * TRIES; row.app().count() < pairs && tries < limit; tries++) {
                System.err.println(
                        "forced: " + hostility + ", pair " + (row.app().count() + 1) + " of " + pairs);
                double baseline = millis(HostileBaseline.class, hostility, hiccups);
                boolean disturbed = hiccups.disturbed();
                double app = millis(HostileApp.class, hostility, hiccups);
                if (!disturbed && !hiccups.disturbed()) {
                    row.add(baseline, app);
                }
            }
        }
        Row all = new Row("all");
        Table table = new Table(
                "second signal to gone, p50 / p99 / max ms", "halt at once", "Lifecycle4j", "until `halt`", "pairs");
        for (Row row : rows.values()) {
            row.untilHalt().addAll(row.app().minus(row.baseline().median()));
            row.addTo(table);
            all.baseline().addAll(row.baseline());
            all.app().addAll(row.app());
            all.untilHalt().addAll(row.untilHalt());
        }
        all.addTo(table);
        table.print();
        System.out.println("Disturbed by the machine, and not counted: "
                + (tries - all.app().count()) + " pairs.");
    }

    private static double millis(Class<?> main, Hostility hostility, Hiccups hiccups) throws Exception {
        try (ChildJvm child = ChildJvm.readingStderr(ChildJvm.arguments(true, main, hostility.name()))) {
            child.awaitLine("is running");
            child.terminate();
            child.awaitLine("hanging");
            Thread.sleep(SETTLE_MILLIS);
            hiccups.begin(); // a slow start does not matter
            return child.millisFromTermToGone(1);
        }
    }

    private static String cell(Samples samples) {
        return Table.number(samples.median(), 0) + " / " + Table.number(samples.percentile(99), 0) + " / "
                + Table.number(samples.max(), 0);
    }
}
