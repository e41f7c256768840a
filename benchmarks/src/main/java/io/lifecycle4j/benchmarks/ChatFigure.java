package io.lifecycle4j.benchmarks;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * How long the sample, a real server, takes to end: asked once while idle, and twice while a request is in flight that would
 * take half a minute. From before TERM to the end of the process.
 */
final class ChatFigure {
    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final long SETTLE_MILLIS = 100; // sooner than 50 ms, the second would count as the first one's echo

    private ChatFigure() {}

    static void print(String jar, int runs) throws Exception {
        Samples forced = new Samples();
        Samples clean = new Samples();
        for (int run = 0; run < runs; run++) {
            forced.add(millisForced(jar));
            clean.add(millisClean(jar));
        }
        Table table = new Table("sample-im, ms", "p50", "max", "runs");
        table.row("second signal to gone, a request in flight", forced, 0);
        table.row("one signal to gone, idle", clean, 0);
        table.print();
    }

    private static double millisForced(String jar) throws Exception {
        try (ChildJvm chat = start(jar)) {
            URI address = URI.create(chat.awaitLine("The chat is at ").replaceFirst(".*is at (\\S+).*", "$1"));
            chat.awaitLine("is running");
            var slow = HTTP.sendAsync(
                    HttpRequest.newBuilder(address.resolve("/demo/slow?millis=30000"))
                            .build(),
                    BodyHandlers.discarding());
            while (!status(address).contains("\"business\":1")) {
                Thread.onSpinWait();
            }
            chat.terminate();
            chat.awaitLine("DRAIN: rejecting");
            Thread.sleep(SETTLE_MILLIS);
            double millis = chat.millisFromTermToGone(1);
            slow.cancel(true);
            return millis;
        }
    }

    private static double millisClean(String jar) throws Exception {
        try (ChildJvm chat = start(jar)) {
            chat.awaitLine("is running");
            return chat.millisFromTermToGone(0);
        }
    }

    private static ChildJvm start(String jar) throws IOException {
        Path data = Files.createTempDirectory("im");
        return ChildJvm.readingStdout(
                List.of("-jar", jar, "--demo", "--port", "0", "--admin-port", "0", "--data-dir", data.toString()));
    }

    private static String status(URI address) throws IOException, InterruptedException {
        return HTTP.send(HttpRequest.newBuilder(address.resolve("/api/status")).build(), BodyHandlers.ofString())
                .body();
    }
}
