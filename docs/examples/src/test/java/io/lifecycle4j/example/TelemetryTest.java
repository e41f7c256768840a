package io.lifecycle4j.example;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppView;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ShutdownReport.Outcome;
import io.lifecycle4j.testing.FakeProcess;
import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.influx.InfluxConfig;
import io.micrometer.influx.InfluxMeterRegistry;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Telemetry is flushed last, so that it tells of the shutdown, too. */
@Timeout(60)
final class TelemetryTest {
    private final List<String> received = new CopyOnWriteArrayList<>(); // what came at the collector
    private final HttpServer collector = collector();
    private volatile int status = 200;

    private HttpServer collector() {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/", exchange -> {
                received.add(new String(exchange.getRequestBody().readAllBytes(), ISO_8859_1));
                exchange.sendResponseHeaders(status, -1);
                exchange.close();
            });
            return server;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @BeforeEach
    void listen() {
        collector.start();
    }

    @AfterEach
    void close() {
        collector.stop(0);
    }

    private String address() {
        return "http://127.0.0.1:" + collector.getAddress().getPort();
    }

    private Map<String, String> properties() {
        return Map.of(
                "otel.exporter.otlp.endpoint", address(),
                "otel.exporter.otlp.protocol", "http/protobuf",
                "otel.exporter.otlp.compression", "none",
                "otel.metrics.exporter", "none",
                "otel.logs.exporter", "none",
                "otel.bsp.schedule.delay", "600000"); // nothing is sent before the end
    }

    void traced(AppBuilder app) {
        // begin: opentelemetry
        OpenTelemetrySdk telemetry = AutoConfiguredOpenTelemetrySdk.builder()
                .addPropertiesSupplier(this::properties)
                .disableShutdownHook() // the app closes it, in its place in the order
                .build()
                .getOpenTelemetrySdk();
        app.resource(
                "opentelemetry",
                () -> { // registered first, closed last
                    if (!telemetry.shutdown().join(2, TimeUnit.SECONDS).isSuccess()) {
                        throw new IOException("the telemetry was not delivered within 2 s");
                    }
                });
        // end: opentelemetry
        Tracer tracer = telemetry.getTracer("shop");
        app.resource(
                "broker", () -> tracer.spanBuilder("close-broker").startSpan().end());
        app.onShutdown(
                "flush",
                context -> tracer.spanBuilder("flush-orders").startSpan().end());
    }

    @Test
    void spansOfTheShutdownReachTheCollector() throws Exception {
        try (FakeProcess process = new FakeProcess()) {
            process.run("shop", this::traced);
            assertThat(received).isEmpty();
            process.signal("TERM");
            assertThat(process.awaitReport().outcome()).isEqualTo(Outcome.CLEAN);
        }
        assertThat(String.join("", received)).contains("flush-orders", "close-broker");
    }

    void measured(AppBuilder app) {
        MeterRegistry registry = new InfluxMeterRegistry(toCollector(), Clock.SYSTEM);
        // begin: micrometer
        RequestGate orders = app.gate("orders");
        AppView view = app.view();
        app.resource(
                "metrics",
                () -> { // registered first, closed last
                    registry.timer("shutdown.duration").record(view.timeSinceShutdownBegan());
                    registry.counter("shutdown.rejected").increment((double) orders.rejected());
                    registry.counter("shutdown.abandoned").increment((double) orders.inFlight());
                    registry.close(); // sends the step that has begun
                });
        // end: micrometer
        app.onShutdown("late", context -> assertThat(orders.tryEnter()).isFalse());
    }

    private InfluxConfig toCollector() {
        return new InfluxConfig() {
            @Override
            public @Nullable String get(String key) {
                return Map.of("influx.uri", address(), "influx.compressed", "false")
                        .get(key);
            }
        };
    }

    @Test
    void theMetricsOfAShutdownAreSentWithIt() throws Exception {
        try (FakeProcess process = new FakeProcess()) {
            process.run("shop", this::measured);
            process.signal("TERM");
            assertThat(process.awaitReport().outcome()).isEqualTo(Outcome.CLEAN);
        }
        assertThat(String.join("", received)).contains("shutdown_duration", "shutdown_rejected", "value=1");
    }

    /** The guide says so. */
    @Test
    void theSdkKeepsToItselfThatACollectorRefused() throws Exception {
        status = 400;
        try (FakeProcess process = new FakeProcess()) {
            process.run("shop", this::traced);
            process.signal("TERM");
            assertThat(process.awaitReport().outcome()).isEqualTo(Outcome.CLEAN);
        }
        assertThat(String.join("", received)).contains("flush-orders");
    }

    @Test
    void aCollectorThatIsAwayIsInTheReport() throws Exception {
        try (FakeProcess process = new FakeProcess()) {
            process.run("shop", this::traced);
            collector.stop(0);
            process.signal("TERM");
            assertThat(process.awaitReport().outcome()).isEqualTo(Outcome.FAILED);
        }
    }
}
