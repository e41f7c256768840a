package io.lifecycle4j.benchmarks;

import java.util.EnumMap;
import java.util.Map;

/**
 * From the second signal to the end of the process, whatever hangs, beside a baseline that halts at once: HotSpot itself takes
 * up to 300 ms to halt while a thread is in native code. What an app takes beyond the baseline's median is the time until it
 * calls {@code halt}: its last words.
 */
final class ForcedFigure {
    private static final long SETTLE_MILLIS = 100; // sooner than 50 ms, the second would count as the first one's echo

    private record Row(String words, Samples baseline, Samples app, Samples untilHalt) {
        Row(String words) {
            this(words, new Samples(), new Samples(), new Samples());
        }

        void addTo(Table table) {
            table.row(words, cell(baseline), cell(app), cell(untilHalt), String.valueOf(app.count()));
        }
    }

    private ForcedFigure() {}

    static void print(int pairs) throws Exception {
        Map<Hostility, Row> rows = new EnumMap<>(Hostility.class);
        for (int pair = 1; pair <= pairs; pair++) {
            System.err.println("forced: pair " + pair + " of " + pairs);
            for (Hostility hostility : Hostility.values()) {
                Row row = rows.computeIfAbsent(hostility, key -> new Row(key.words()));
                row.baseline().add(millis(HostileBaseline.class, hostility));
                row.app().add(millis(HostileApp.class, hostility));
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
    }

    private static double millis(Class<?> main, Hostility hostility) throws Exception {
        try (ChildJvm child = ChildJvm.readingStderr(ChildJvm.arguments(true, main, hostility.name()))) {
            child.awaitLine("is running");
            child.terminate();
            child.awaitLine("hanging");
            Thread.sleep(SETTLE_MILLIS);
            return child.millisFromTermToGone(1);
        }
    }

    private static String cell(Samples samples) {
        return Table.number(samples.median(), 0) + " / " + Table.number(samples.percentile(99), 0) + " / "
                + Table.number(samples.max(), 0);
    }
}
