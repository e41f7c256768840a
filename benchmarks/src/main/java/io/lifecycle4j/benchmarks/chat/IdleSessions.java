package io.lifecycle4j.benchmarks.chat;

import io.lifecycle4j.benchmarks.ChildJvm;
import io.lifecycle4j.benchmarks.Samples;
import io.lifecycle4j.benchmarks.Table;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an idle session of the sample takes: resident memory of the server's process with many sessions less that of the same
 * process with none, after a collection each. Before, some sessions come and go, so that what the first ones load is in both.
 */
public final class IdleSessions {
    private static final int ROOM = 100;
    private static final int FIRST = 500;
    private static final long SETTLE_MILLIS = 15_000; // every session is pinged meanwhile
    private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
    private static final Pattern HEAP = Pattern.compile("heap\\s+total (\\d+)K, used (\\d+)K");

    private record Memory(double resident, double heap) {}

    private IdleSessions() {}

    /** Measures and prints. */
    public static void print(String jar, int rounds, int count) throws Exception {
        Samples none = new Samples();
        Samples many = new Samples();
        Samples each = new Samples();
        Samples heap = new Samples();
        for (int round = 1; round <= rounds; round++) {
            System.err.println("idle sessions: round " + round + " of " + rounds);
            try (SampleServer server = SampleServer.start(jar)) {
                try (ChildJvm first = server.crowd(WaitingCrowd.class, FIRST, FIRST / ROOM, "away")) {
                    first.awaitLine("all joined");
                }
                Thread.sleep(SETTLE_MILLIS);
                Memory before = memory(server.process());
                try (ChildJvm crowd = server.crowd(WaitingCrowd.class, count, count / ROOM, "away")) {
                    crowd.awaitLine("all joined");
                    Thread.sleep(SETTLE_MILLIS);
                    Memory after = memory(server.process());
                    none.add(before.resident() / 1024);
                    many.add(after.resident() / 1024);
                    each.add((after.resident() - before.resident()) / count);
                    heap.add((after.heap() - before.heap()) / count);
                }
            }
        }
        Table table = new Table("sample-im, " + count + " idle sessions", "median", "max", "rounds");
        table.row("resident with none, MB", none, 1);
        table.row("resident with all, MB", many, 1);
        table.row("resident for each, KB", each, 1);
        table.row("of it live in the heap, KB", heap, 1);
        table.print();
    }

    private static Memory memory(ChildJvm server) throws IOException, InterruptedException {
        jcmd(server, "GC.run");
        String heap = jcmd(server, "GC.heap_info");
        return new Memory(
                number(RESIDENT, 1, Files.readString(Path.of("/proc", String.valueOf(server.pid()), "status"))),
                number(HEAP, 2, heap));
    }

    private static String jcmd(ChildJvm server, String command) throws IOException, InterruptedException {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        String.valueOf(server.pid()),
                        command)
                .start();
        String said = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (jcmd.waitFor() != 0) {
            throw new IOException("jcmd " + command + " failed: " + said);
        }
        return said;
    }

    private static double number(Pattern pattern, int group, String text) {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new IllegalStateException("no " + pattern + " in " + text);
        }
        return Double.parseDouble(matcher.group(group));
    }
}
