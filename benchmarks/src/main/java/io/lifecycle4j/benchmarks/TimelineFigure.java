package io.lifecycle4j.benchmarks;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.ShutdownReport.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Runs a small app, shuts it down, and draws its report as docs/phases.md shows it. */
final class TimelineFigure {
    private static final int LEFT = 190;
    private static final int WIDTH = 640;
    private static final int TOP = 58;
    private static final int ROW = 26;

    private final StringBuilder svg = new StringBuilder();
    private final ShutdownReport report;
    private final double end;

    private TimelineFigure(ShutdownReport report) {
        this.report = report;
        this.end = millis(report.duration());
    }

    static void draw(Path file) throws Exception {
        ShutdownReport report = shutDown();
        System.out.println(report);
        Path folder = file.toAbsolutePath().getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        Files.writeString(file, new TimelineFigure(report).svg());
    }

    // Work that takes a time, and one callback that takes longer than it may.
    private static ShutdownReport shutDown() throws Exception {
        AppBuilder builder = App.builder("shop").announceDelay(Duration.ofMillis(1200));
        builder.resource("database", () -> work(250));
        builder.resource("message-broker", () -> work(350));
        RequestGate gate = builder.server(new Pretended("business", 300)).gate;
        builder.server(new Pretended("admin", 150));
        builder.onAnnounce("leave-registry", context -> work(400));
        builder.onDrain("end-streams", context -> work(600));
        builder.onShutdown("flush-orders", context -> work(500));
        builder.onShutdown("send-statistics", Duration.ofSeconds(1), context -> work(60_000));
        App app = builder.build();
        app.start();
        for (int millis : new int[] {2000, 2400, 2800}) {
            if (!gate.tryEnter()) {
                throw new IllegalStateException("the gate is closed before the shutdown");
            }
            CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS).execute(gate::leave);
        }
        return app.shutdown("to be drawn");
    }

    private static void work(int millis) throws InterruptedException {
        Thread.sleep(millis);
    }

    private String svg() {
        int rows = report.steps().size() + report.gates().size();
        int height = TOP + rows * ROW + 44;
        svg.append(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"" + height + "\" viewBox=\"0 0 860 "
                        + height + "\" role=\"img\" aria-label=\"The phases and steps of one shutdown\">\n");
        svg.append(STYLE);
        svg.append(
                "<rect class=\"page\" x=\"0.5\" y=\"0.5\" width=\"859\" height=\"" + (height - 1) + "\" rx=\"8\"/>\n");
        bands(height);
        axis(height);
        int row = 0;
        for (Phase phase : Phase.values()) {
            if (phase == Phase.DRAIN) {
                for (ShutdownReport.Gate gate : report.gates()) {
                    double from = startOf(phase);
                    bar(row++, "requests in flight", "wait", from, from + millis(length(phase)), requests(gate));
                }
            }
            for (ShutdownReport.Step step : report.steps()) {
                if (step.phase() == phase) {
                    double from = millis(step.start());
                    String words =
                            step.outcome() == Outcome.CLEAN ? "" : step.outcome() + ", interrupted near its limit";
                    String style = step.outcome() == Outcome.CLEAN ? "clean" : "late";
                    bar(row++, nameOf(step), style, from, from + millis(step.duration()), words);
                }
            }
        }
        return svg.append("</svg>\n").toString();
    }

    private void bands(int height) {
        String shade = "odd";
        for (Map.Entry<Phase, Duration> phase : report.phases().entrySet()) {
            double from = x(startOf(phase.getKey()));
            double width = x(startOf(phase.getKey()) + millis(phase.getValue())) - from;
            shade = shade.equals("odd") ? "even" : "odd";
            svg.append("<rect class=\"" + shade + "\" x=\"" + at(from) + "\" y=\"14\" width=\"" + at(width)
                    + "\" height=\"" + (height - 48) + "\"/>\n");
            text("phase", from + width / 2, 34, phase.getKey().name());
        }
    }

    private void axis(int height) {
        for (int second = 0; second * 1000 <= end; second++) {
            svg.append("<line class=\"tick\" x1=\"" + at(x(second * 1000)) + "\" x2=\"" + at(x(second * 1000))
                    + "\" y1=\"44\" y2=\"" + (height - 34) + "\"/>\n");
            text("time", x(second * 1000), height - 14, second + " s");
        }
    }

    private void bar(int row, String name, String style, double from, double to, String words) {
        int y = TOP + row * ROW;
        text("name", LEFT - 12, y + 13, name);
        double width = Math.max(2, x(to) - x(from));
        svg.append("<rect class=\"" + style + "\" x=\"" + at(x(from)) + "\" y=\"" + y + "\" width=\"" + at(width)
                + "\" height=\"16\" rx=\"3\"/>\n");
        if (!words.isEmpty()) {
            boolean fits = words.length() * 6.4 < width - 8; // else beside it, where there is place
            text(fits ? "inside" : "beside", fits ? x(from) + 6 : x(from) - 6, y + 12, words);
        }
    }

    private void text(String style, double x, double y, String words) {
        svg.append("<text class=\"" + style + "\" x=\"" + at(x) + "\" y=\"" + at(y) + "\">" + words + "</text>\n");
    }

    // A server's own part of the drain is its open sessions; requests are its gate's.
    private String nameOf(ShutdownReport.Step step) {
        boolean isServer = report.gates().stream().anyMatch(gate -> gate.name().equals(step.name()));
        return step.phase() == Phase.DRAIN && isServer ? step.name() + ": sessions" : step.name();
    }

    private static String requests(ShutdownReport.Gate gate) {
        return gate.inFlight() + " when the gate closed, " + gate.drained() + " drained";
    }

    // Phases follow one another without a pause.
    private double startOf(Phase phase) {
        double start = 0;
        for (Phase earlier : Phase.values()) {
            if (earlier.compareTo(phase) < 0) {
                start += millis(length(earlier));
            }
        }
        return start;
    }

    private Duration length(Phase phase) {
        return report.phases().getOrDefault(phase, Duration.ZERO);
    }

    private double x(double millis) {
        return LEFT + millis / end * WIDTH;
    }

    private static String at(double value) {
        return Table.number(value, 1);
    }

    private static double millis(Duration duration) {
        return duration.toNanos() / 1e6;
    }

    /** A server without sockets that takes its time to stop. */
    private static final class Pretended implements ManagedServer {
        final RequestGate gate;
        private final String name;
        private final int millisToStop;

        Pretended(String name, int millisToStop) {
            this.name = name;
            this.millisToStop = millisToStop;
            this.gate = new RequestGate(name);
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public List<RequestGate> gates() {
            return name.equals("admin") ? List.of() : List.of(gate);
        }

        @Override
        public void start(ServerContext context) {}

        @Override
        public void drain(ShutdownContext context) throws Exception {
            work(millisToStop);
        }

        @Override
        public void stop(ShutdownContext context) throws Exception {
            work(millisToStop);
        }
    }

    static final String STYLE = """
            <style>
              text { font: 12px system-ui, sans-serif; fill: #24292f; }
              .page { fill: #ffffff; stroke: #d0d7de; }
              .even { fill: #f6f8fa; }
              .odd { fill: #eaeef2; }
              .phase { font-weight: 600; font-size: 11px; text-anchor: middle; }
              .name { text-anchor: end; }
              .time { text-anchor: middle; fill: #57606a; }
              .beside { text-anchor: end; fill: #57606a; font-size: 11px; }
              .inside { fill: #ffffff; font-size: 11px; }
              .tick { stroke: #d0d7de; stroke-dasharray: 2 3; }
              .clean { fill: #0969da; }
              .wait { fill: #1a7f37; }
              .late { fill: #bc4c00; }
              @media (prefers-color-scheme: dark) {
                text { fill: #e6edf3; }
                .page { fill: #0d1117; stroke: #30363d; }
                .even { fill: #161b22; }
                .odd { fill: #21262d; }
                .time, .beside { fill: #8d96a0; }
                .tick { stroke: #30363d; }
                .clean { fill: #1f6feb; }
                .wait { fill: #238636; }
                .late { fill: #bd561d; }
              }
            </style>
            """;
}
