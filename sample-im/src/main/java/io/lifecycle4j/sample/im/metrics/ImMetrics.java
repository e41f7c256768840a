package io.lifecycle4j.sample.im.metrics;

import io.lifecycle4j.sample.im.protocol.Protocol.CloseCode;
import io.lifecycle4j.sample.im.protocol.Protocol.Declined;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;

/** What the server counts, and what it is asked for when somebody looks. Thread-safe. */
public final class ImMetrics {
    public static final String TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    private static final double[] SECONDS = {.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
    private static final double NANOS = 1e9;

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Counter frames = counter("im_frames_received", "Frames that clients sent.");
    private final Counter sends = counter("im_sends", "Messages that were accepted for the database.");
    private final Counter acks =
            counter("im_acks", "Messages that were acknowledged, by whether they were stored before.", "dup");
    private final Counter declined =
            counter("im_nacks", "Messages, joins and pages that were declined, by code.", "code");
    private final Counter closes =
            counter("im_closes", "Sessions that the server closed before its shutdown, by code.", "code");
    private final Counter deadPeers =
            counter("im_dead_peers", "Sessions that were cut because nothing was heard of them.");
    private final Counter deliveries =
            counter("im_deliveries", "Messages handed on, once for each member of the room.");
    private final DistributionDataPoint commits =
            histogram("im_commit_seconds", "From a message's acceptance to its acknowledgement.");
    private final DistributionDataPoint roundTrips =
            histogram("im_client_round_trip_seconds", "From a ping to its pong.");
    private final CounterDataPoint news = acks.labelValues("false");
    private final CounterDataPoint duplicates = acks.labelValues("true");

    public ImMetrics() {
        for (Declined code : Declined.values()) {
            declined.labelValues(code.wire()); // so that each is there from the start, as 0
        }
    }

    private Counter counter(String name, String help, String... labels) {
        return Counter.builder().name(name).help(help).labelNames(labels).register(registry);
    }

    private DistributionDataPoint histogram(String name, String help) {
        return Histogram.builder()
                .name(name)
                .help(help)
                .classicOnly()
                .classicUpperBounds(SECONDS)
                .register(registry);
    }

    /** Adds a value that is asked for at each look. */
    public void gauge(String name, String help, DoubleSupplier value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> callback.call(value.getAsDouble()))
                .register(registry);
    }

    /** Adds values with a label that are asked for at each look. */
    public void gauges(String name, String help, String label, Consumer<GaugeWithCallback.Callback> values) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(label)
                .callback(values)
                .register(registry);
    }

    /** Adds counts with a label that are asked for at each look; they never go down. */
    public void counters(String name, String help, String label, Consumer<CounterWithCallback.Callback> values) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .labelNames(label)
                .callback(values)
                .register(registry);
    }

    public void received() {
        frames.inc();
    }

    public void accepted() {
        sends.inc();
    }

    public void acknowledged(Duration since, boolean duplicate) {
        (duplicate ? duplicates : news).inc();
        commits.observe(since.toNanos() / NANOS);
    }

    public void declined(Declined code) {
        declined.labelValues(code.wire()).inc();
    }

    public void closed(CloseCode code) {
        closes.labelValues(String.valueOf(code.number())).inc();
    }

    public void deadPeer() {
        deadPeers.inc();
    }

    public void delivered(int count) {
        deliveries.inc(count);
    }

    public void roundTrip(Duration time) {
        roundTrips.observe(time.toNanos() / NANOS);
    }

    /** All of it in Prometheus's text format. */
    public ByteBuffer text() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return ByteBuffer.wrap(out.toByteArray());
    }
}
