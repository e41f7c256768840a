package io.lifecycle4j.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * From the second signal to the call of {@code halt}, and to the end of the process, whatever hangs; beside a baseline that
 * halts at once, for HotSpot itself takes up to 300 ms to halt while a thread is in native code. When {@code halt} is called is
 * in the JVM's own log, by the clock that this process reads, too. A pair during which the machine hiccuped is tried again.
 */
final class ForcedFigure {
    private static final long SETTLE_MILLIS = 100; // sooner than 50 ms, the second would count as the first one's echo
    private static final int TRIES = 5;
    private static final Pattern HALT = Pattern.compile("\\[(\\d+)ns\\] Adding VM operation: Exit");

    private record Times(double untilHalt, double untilGone) {}

    private record Row(String words, Samples baselineGone, Samples gone, Samples baselineHalt, Samples halt) {
        Row(String words) {
            this(words, new Samples(), new Samples(), new Samples(), new Samples());
        }

        void add(Times baseline, Times app) {
            baselineGone.add(baseline.untilGone());
            gone.add(app.untilGone());
            baselineHalt.add(baseline.untilHalt());
            halt.add(app.untilHalt());
        }

        void addAll(Row other) {
            baselineGone.addAll(other.baselineGone);
            gone.addAll(other.gone);
            baselineHalt.addAll(other.baselineHalt);
            halt.addAll(other.halt);
        }

        void addTo(Table table) {
            table.row(
                    words,
                    cell(baselineHalt),
                    cell(halt),
                    cell(baselineGone),
                    cell(gone),
                    String.valueOf(gone.count()));
        }
    }

    private ForcedFigure() {}

    static void print(int pairs) throws Exception {
        Hiccups hiccups = new Hiccups();
        Row all = new Row("all");
        Table table = new Table(
                "p50 / p99 / max, ms",
                "`halt` called: baseline",
                "Lifecycle4j",
                "gone: baseline",
                "Lifecycle4j",
                "pairs");
        int tries = 0;
        for (Hostility hostility : Hostility.values()) {
            Row row = new Row(hostility.words());
            for (int limit = tries + pairs * TRIES; row.gone().count() < pairs && tries < limit; tries++) {
                System.err.println(
                        "forced: " + hostility + ", pair " + (row.gone().count() + 1) + " of " + pairs);
                Times baseline = measure(HostileBaseline.class, hostility, hiccups);
                boolean disturbed = hiccups.disturbed();
                Times app = measure(HostileApp.class, hostility, hiccups);
                if (!disturbed && !hiccups.disturbed()) {
                    row.add(baseline, app);
                }
            }
            row.addTo(table);
            all.addAll(row);
        }
        all.addTo(table);
        table.print();
        System.out.println("Tried again, since the machine hiccuped: "
                + (tries - all.gone().count()) + " pairs.");
    }

    private static Times measure(Class<?> main, Hostility hostility, Hiccups hiccups) throws Exception {
        Path log = Files.createTempFile("halt", ".log");
        List<String> arguments = new ArrayList<>(List.of("-Xlog:vmthread=debug:file=" + log + ":timenanos"));
        arguments.addAll(ChildJvm.arguments(true, main, hostility.name()));
        try (ChildJvm child = ChildJvm.readingStderr(arguments)) {
            child.awaitLine("is running");
            child.terminate();
            child.awaitLine("hanging");
            Thread.sleep(SETTLE_MILLIS);
            hiccups.begin();
            double untilGone = child.millisFromTermToGone(1);
            return new Times(child.millisSinceTerm(nanoTimeOfHalt(log)), untilGone);
        } finally {
            Files.delete(log);
        }
    }

    private static long nanoTimeOfHalt(Path log) throws IOException {
        Matcher halt = HALT.matcher(Files.readString(log));
        if (!halt.find()) {
            throw new IllegalStateException("no halt in the JVM's log");
        }
        return Long.parseLong(halt.group(1));
    }

    private static String cell(Samples samples) {
        return Table.number(samples.median(), 0) + " / " + Table.number(samples.percentile(99), 0) + " / "
                + Table.number(samples.max(), 0);
    }
}
