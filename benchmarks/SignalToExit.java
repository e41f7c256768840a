import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Measures from outside how long the chat takes to end: {@code java benchmarks/SignalToExit.java
 * sample-im/target/sample-im.jar [runs]}, default 20 runs of each, one after another, on free ports of 127.0.0.1.
 *
 * <p>Forced: Ctrl+C with a request in flight, then TERM once the first is in the log; from before the second {@code kill} to the
 * end of the process. Clean: TERM at an idle chat; likewise. Both include what it takes to start {@code kill}.
 */
final class SignalToExit {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    public static void main(String[] arguments) throws Exception {
        String jar = arguments[0];
        int runs = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 20;
        double[] forced = new double[runs];
        double[] clean = new double[runs];
        for (int run = 0; run < runs; run++) {
            forced[run] = forced(jar);
            clean[run] = clean(jar);
        }
        print("second signal to process gone", forced);
        print("signal to exit, idle chat", clean);
    }

    private static double forced(String jar) throws Exception {
        try (Chat chat = new Chat(jar)) {
            var slow = HTTP.sendAsync(
                    HttpRequest.newBuilder(chat.address().resolve("/demo/slow?millis=30000")).build(), BodyHandlers.ofString());
            while (!chat.status().contains("\"business\":1")) {
                Thread.onSpinWait();
            }
            chat.signal("INT");
            chat.awaitLine("DRAIN: rejecting");
            double millis = chat.endedBy("TERM", 1);
            slow.cancel(true);
            return millis;
        }
    }

    private static double clean(String jar) throws Exception {
        try (Chat chat = new Chat(jar)) {
            return chat.endedBy("TERM", 0);
        }
    }

    private static void print(String what, double[] millis) {
        Arrays.sort(millis);
        System.out.printf("%-30s min %.0f  median %.0f  max %.0f ms  (%d runs)%n",
                what, millis[0], millis[millis.length / 2], millis[millis.length - 1], millis.length);
    }

    private static final class Chat implements AutoCloseable {
        private final Process process;
        private final BufferedReader log;
        private final List<String> lines = new ArrayList<>();

        Chat(String jar) throws IOException {
            Path data = Files.createTempDirectory("im");
            String java = System.getProperty("java.home") + File.separator + "bin" + File.separator + "java";
            process = new ProcessBuilder(java, "-jar", jar, "--demo", "--port", "0", "--admin-port", "0", "--data-dir", data.toString())
                    .redirectErrorStream(true).start();
            log = process.inputReader();
            awaitLine("is running");
        }

        void awaitLine(String part) throws IOException {
            String line = log.readLine();
            while (line != null && !line.contains(part)) {
                lines.add(line);
                line = log.readLine();
            }
        }

        URI address() {
            return lines.stream().filter(line -> line.contains("The chat is at "))
                    .map(line -> URI.create(line.replaceFirst(".*is at (\\S+).*", "$1"))).findFirst().orElseThrow();
        }

        String status() throws Exception {
            return HTTP.send(HttpRequest.newBuilder(address().resolve("/api/status")).build(), BodyHandlers.ofString()).body();
        }

        void signal(String name) throws Exception {
            new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start().waitFor();
        }

        double endedBy(String signal, int status) throws Exception {
            long start = System.nanoTime();
            signal(signal);
            if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != status) {
                throw new AssertionError("expected: exit with status " + status + "; log: " + lines);
            }
            return (System.nanoTime() - start) / 1e6;
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }
}
