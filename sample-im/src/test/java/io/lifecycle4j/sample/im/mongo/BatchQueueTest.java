package io.lifecycle4j.sample.im.mongo;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.mongo.BatchQueue.Answer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class BatchQueueTest {
    private final BatchQueue<String> queue = new BatchQueue<>(2);

    @Test
    void handsOutInOrderUpToTheLimit() {
        assertThat(queue.offer("a")).isEqualTo(Answer.ACCEPTED);
        assertThat(queue.offer("b")).isEqualTo(Answer.ACCEPTED);
        assertThat(queue.take(1)).containsExactly("a");
        assertThat(queue.takeAll()).containsExactly("b");
    }

    @Test
    void refusesWhatIsBeyondItsCapacity() {
        queue.offer("a");
        queue.offer("b");
        assertThat(queue.offer("c")).isEqualTo(Answer.FULL);
    }

    @Test
    void givesOutWhatItAcceptedBeforeItWasClosedThenNothing() {
        queue.offer("a");
        queue.close();
        assertThat(queue.offer("b")).isEqualTo(Answer.CLOSED);
        assertThat(queue.take(10)).containsExactly("a");
        assertThat(queue.take(10)).isEmpty();
    }

    @Test
    void closingWakesTheOneWhoWaits() throws Exception {
        CompletableFuture<List<String>> taken = CompletableFuture.supplyAsync(() -> queue.take(1));
        queue.close();
        assertThat(taken.get(10, TimeUnit.SECONDS)).isEmpty();
    }
}
