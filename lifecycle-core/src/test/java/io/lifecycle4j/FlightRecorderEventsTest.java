package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.lifecycle4j.testing.JavaProcess;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class FlightRecorderEventsTest {

    @Test
    void aRecordingShowsEveryStateAndEveryStepWithItsTimes(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("shutdown.jfr");
        try (Recording recording = new Recording()) {
            recording.start();
            shutDown();
            recording.stop();
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file).stream()
                .sorted(Comparator.comparing(RecordedEvent::getStartTime)) // a file keeps the order of each thread only
                .toList();
        assertThat(events)
                .filteredOn(event -> event.getEventType().getName().equals("io.lifecycle4j.State"))
                .extracting(event -> event.getString("state"), event -> event.getString("phase"))
                .containsExactly(
                        tuple("STARTING", null),
                        tuple("RUNNING", null),
                        tuple("STOPPING", null),
                        tuple("STOPPING", "ANNOUNCE"),
                        tuple("STOPPING", "DRAIN"),
                        tuple("STOPPING", "STOP"),
                        tuple("STOPPING", "CALLBACKS"),
                        tuple("STOPPING", "RELEASE"),
                        tuple("STOPPED", null));
        List<RecordedEvent> steps = events.stream()
                .filter(event -> event.getEventType().getName().equals("io.lifecycle4j.Step"))
                .toList();
        assertThat(steps)
                .extracting(
                        event -> event.getString("phase"),
                        event -> event.getString("step"),
                        event -> event.getString("outcome"),
                        event -> event.getBoolean("abandoned"),
                        event -> event.getString("failure"))
                .containsExactlyInAnyOrder(
                        tuple("STOP", "business", "CLEAN", false, null),
                        tuple("CALLBACKS", "hangs", "TIMED_OUT", true, null),
                        tuple("CALLBACKS", "throws", "FAILED", false, "java.lang.IllegalStateException"),
                        tuple("RELEASE", "database", "CLEAN", false, null));
        Instant callbacks = beginOf("CALLBACKS", events);
        Instant release = beginOf("RELEASE", events);
        assertThat(steps)
                .filteredOn(event -> event.getString("phase").equals("CALLBACKS"))
                .allMatch(event -> !event.getStartTime().isBefore(callbacks)
                        && !event.getEndTime().isAfter(release)
                        && event.getDuration().compareTo(Duration.ZERO) > 0);
    }

    private static Instant beginOf(String phase, List<RecordedEvent> events) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals("io.lifecycle4j.State")
                        && phase.equals(event.getString("phase")))
                .findFirst()
                .orElseThrow()
                .getStartTime();
    }

    private static void shutDown() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        AppBuilder builder = App.builder("recorded");
        builder.resource("database", () -> {});
        builder.onShutdown("throws", context -> {
            throw new IllegalStateException("no disk");
        });
        builder.onShutdown("hangs", Duration.ofMillis(50), context -> ignoreInterrupts(never));
        builder.server(new FakeServer("business", new ArrayList<>()) {
            @Override
            public List<RequestGate> gates() {
                return List.of();
            }
        });
        App app = builder.build();
        app.start();
        try {
            app.shutdown("test");
        } finally {
            never.countDown();
        }
    }

    private static void ignoreInterrupts(CountDownLatch never) {
        while (never.getCount() > 0) {
            try {
                never.await();
            } catch (InterruptedException e) {
                // as stubborn steps do
            }
        }
    }

    @Test
    void withoutARecorderNothingIsAllocated() throws Exception {
        try (JavaProcess child = ChildApp.jvm("events-without-recorder").start()) {
            assertThat(child.awaitExit().status()).isZero();
            assertThat(child.lines()).contains("allocated: 0");
        }
    }
}
