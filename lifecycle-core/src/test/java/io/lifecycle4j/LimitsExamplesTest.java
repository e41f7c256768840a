package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The worked examples of docs/limits.md, run: everything hangs, and a clock jumps to the next time that anybody waits for. */
@Timeout(30)
class LimitsExamplesTest {
    private final CountDownLatch never = new CountDownLatch(1);
    private long now;

    static Stream<String> rows() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("../docs/limits.md"));
        int header = lines.indexOf("| settings | resources | DRAIN ends | STOP ends | CALLBACKS ends"
                + " | each resource is left | halt at the latest |");
        return lines.subList(header + 2, lines.size()).stream().takeWhile(line -> line.startsWith("|"));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void whatTheTableSaysIsWhatHappens(String row) throws Exception {
        String[] cells = row.split("\\|", -1);
        String settings = cells[1].strip();
        int resources = Integer.parseInt(cells[2].strip());
        AppRunner runner = new AppRunner("hangs", new JumpingClock(), null);
        App app = new App(runner);
        AppBuilder builder = new AppBuilder(app, runner);
        Arrays.stream(settings.split(", ", -1)).forEach(setting -> set(builder, setting));
        registerWhatHangs(builder, resources);
        app.start();
        ShutdownReport report = app.shutdown("test");
        never.countDown();
        assertThat(rowOf(
                        settings,
                        resources,
                        runner.registry().settings().limits().shutdown(),
                        report))
                .isEqualTo(row);
    }

    private static void set(AppBuilder builder, String setting) {
        if (setting.equals("defaults")) {
            return;
        }
        String[] words = setting.split(" ", -1);
        Duration value = Duration.ofSeconds(Long.parseLong(words[1]));
        switch (words[0]) {
            case "shutdownTimeout" -> builder.shutdownTimeout(value);
            case "announceDelay" -> builder.announceDelay(value);
            case "drainTimeout" -> builder.drainTimeout(value);
            case "callbackTimeout" -> builder.callbackTimeout(value);
            default -> throw new IllegalArgumentException(setting);
        }
    }

    private void registerWhatHangs(AppBuilder builder, int resources) {
        assertThat(builder.gate("request").tryEnter()).isTrue();
        builder.server(new FakeServer("server", List.of()) {
            @Override
            public void start(ServerContext context) {}

            @Override
            public void drain(ShutdownContext context) {}

            @Override
            public void stop(ShutdownContext context) {
                hang();
            }
        });
        builder.onShutdown("callback", context -> hang());
        for (int i = 0; i < resources; i++) {
            builder.resource("resource " + i, this::hang);
        }
    }

    private void hang() {
        while (never.getCount() > 0) {
            try {
                never.await();
            } catch (InterruptedException e) {
                // ignored, as the table says
            }
        }
    }

    private static String rowOf(String settings, int resources, Duration whole, ShutdownReport report) {
        Duration drain = report.phases().entrySet().stream()
                .filter(phase -> phase.getKey().compareTo(Phase.DRAIN) <= 0)
                .map(Map.Entry::getValue)
                .reduce(Duration.ZERO, Duration::plus);
        return Stream.of(
                        settings,
                        String.valueOf(resources),
                        Text.of(drain),
                        ends(Phase.STOP, report),
                        ends(Phase.CALLBACKS, report),
                        ends(Phase.RELEASE, report),
                        Text.of(whole))
                .collect(Collectors.joining(" | ", "| ", " |"));
    }

    private static String ends(Phase phase, ShutdownReport report) {
        return report.steps().stream()
                .filter(step -> step.phase() == phase)
                .map(step -> Text.of(step.start().plus(step.duration())))
                .collect(Collectors.joining(", "));
    }

    private final class JumpingClock implements Clock {
        @Override
        public long nanoTime() {
            return now;
        }

        @Override
        public void parkUntil(long nanoTime) {
            awaitAnnouncements();
            now = nanoTime;
        }

        // A server's announcement does not hang here, and a leap of the clock would have it look as if it did.
        private void awaitAnnouncements() {
            for (Thread thread : Thread.getAllStackTraces().keySet()) {
                if (thread.getName().startsWith("hangs-announce-")) {
                    while (thread.isAlive()) {
                        Thread.onSpinWait();
                    }
                }
            }
        }
    }
}
