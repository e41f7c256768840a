package io.lifecycle4j.sample.im.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

final class TokenBucketTest {
    private long now = Long.MAX_VALUE - 1_000; // it wraps around
    private final TokenBucket bucket = new TokenBucket(10, 20, () -> now);

    @Test
    void letsABurstThroughThenItsRate() {
        assertThat(take(100)).isEqualTo(20);
        after(99);
        assertThat(take(100)).isZero();
        after(1);
        assertThat(take(100)).isEqualTo(1);
        after(1_000);
        assertThat(take(100)).isEqualTo(10);
    }

    @Test
    void aRestGivesNoMoreThanOneBurst() {
        take(100);
        after(3_600_000);
        assertThat(take(100)).isEqualTo(20);
    }

    @Test
    void saysHowLongToWait() {
        take(100);
        after(40);
        assertThat(bucket.untilNext()).isEqualTo(Duration.ofMillis(61));
        after(61);
        assertThat(bucket.tryTake()).isTrue();
    }

    private int take(int tries) {
        int taken = 0;
        for (int i = 0; i < tries; i++) {
            taken += bucket.tryTake() ? 1 : 0;
        }
        return taken;
    }

    private void after(long millis) {
        now += TimeUnit.MILLISECONDS.toNanos(millis);
    }
}
