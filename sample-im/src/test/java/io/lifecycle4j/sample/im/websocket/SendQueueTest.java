package io.lifecycle4j.sample.im.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.cli.ClientLimits;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SendQueueTest {
    private static final ClientLimits LIMITS = new ClientLimits();

    static {
        LIMITS.queueFrames = 4;
        LIMITS.queueBytes = 100;
    }

    private final List<Runnable> writers = new ArrayList<>();
    private final List<String> sent = new ArrayList<>();
    private final ArrayDeque<Runnable> unwritten = new ArrayDeque<>();
    private final SendQueue queue = new SendQueue(LIMITS, writers::add, this::write, () -> {});

    @Test
    void whatHasGatheredIsHandedOverInOrderByOneWriter() {
        ByteBuffer shared = frame("a");
        queue.offer(shared);
        queue.offer(frame("b"));
        queue.offer(shared);
        assertThat(writers).hasSize(1);
        writers.remove(0).run();
        assertThat(sent).containsExactly("a+", "b+", "a"); // more follow, and the last
        queue.offer(frame("c"));
        assertThat(writers).hasSize(1);
        queue.handOver(); // as a shutdown does
        writers.remove(0).run();
        assertThat(sent).containsExactly("a+", "b+", "a", "c");
    }

    @Test
    void framesAreBoundedUntilTheyAreWrittenNotOnlyUntilTheyAreHandedOver() {
        for (int i = 0; i < 4; i++) {
            assertThat(queue.offer(frame("x"))).isTrue();
        }
        assertThat(queue.offer(frame("x"))).isFalse();
        queue.handOver();
        assertThat(queue.offer(frame("x"))).isFalse();
        unwritten.remove().run();
        assertThat(queue.offer(frame("x"))).isTrue();
    }

    @Test
    void bytesAreBoundedAndOneFrameMayAlwaysWait() {
        assertThat(queue.offer(frame("x".repeat(200)))).isTrue();
        assertThat(queue.offer(frame("x"))).isFalse();
        queue.handOver();
        unwritten.remove().run();
        assertThat(queue.offer(frame("x".repeat(60)))).isTrue();
        assertThat(queue.offer(frame("x".repeat(41)))).isFalse();
        assertThat(queue.offer(frame("x".repeat(40)))).isTrue();
        assertThat(queue.bytes()).isEqualTo(100);
    }

    @Test
    void aClosedQueueHoldsNothing() {
        queue.offer(frame("with Jetty"));
        queue.handOver();
        queue.offer(frame("waits"));
        queue.close();
        assertThat(queue.offer(frame("late"))).isTrue();
        unwritten.remove().run();
        assertThat(queue.bytes()).isZero();
        assertThat(queue.frames()).isZero();
        assertThat(queue.bytes()).isZero();
        queue.handOver();
        assertThat(sent).containsExactly("with Jetty");
    }

    @Test
    void itIsStuckOnlyWhileFramesWaitAndNoneIsWritten() {
        assertThat(queue.isStuck(Duration.ofSeconds(-1))).isFalse();
        queue.offer(frame("x"));
        assertThat(queue.isStuck(Duration.ofSeconds(-1))).isTrue();
        assertThat(queue.isStuck(Duration.ofMinutes(1))).isFalse();
    }

    private void write(ByteBuffer frame, boolean moreFollow, Runnable done) {
        byte[] bytes = new byte[frame.remaining()];
        frame.get(bytes); // as Jetty does: it consumes what it sends
        sent.add(new String(bytes, StandardCharsets.UTF_8) + (moreFollow ? "+" : ""));
        unwritten.add(done);
    }

    private static ByteBuffer frame(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
