package io.lifecycle4j.example;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.AppView;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.Task;
import io.lifecycle4j.Task.OnReturn;
import io.lifecycle4j.testing.FakeProcess;
import io.lifecycle4j.testing.FakeProcess.Exit;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.MockConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The examples of docs/tasks-and-queues.md. */
@Timeout(60)
class TasksTest {
    private final FakeProcess process = new FakeProcess();
    private final List<String> done = new CopyOnWriteArrayList<>();
    private final CountDownLatch begun = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);

    @AfterEach
    void end() {
        process.close();
    }

    // begin: task
    /** Looks for work every ten seconds, and finishes the piece it is at when the app shuts down. */
    void cleanUp(AppView app) throws InterruptedException {
        while (!app.isShuttingDown()) {
            if (!removeOneExpired()) {
                TimeUnit.SECONDS.sleep(10); // interrupted when STOP begins
            }
        }
    }
    // end: task

    private boolean removeOneExpired() {
        done.add("looked");
        begun.countDown();
        return false;
    }

    @Test
    void aTaskThatSleepsIsInterruptedWhenStopBegins() throws Exception {
        process.run("shop", app -> {
            // begin: register-task
            app.task("clean-up", this::cleanUp);
            // end: register-task
        });
        begun.await();
        process.signal("TERM");
        assertEquals(new Exit(0, false), process.awaitExit());
        assertEquals(List.of("looked"), done);
    }

    // begin: consumer
    /** Takes orders from a queue, one at a time; none once the drain has begun. */
    static class Consumer {
        private final BlockingQueue<String> queue;
        private final RequestGate gate;

        Consumer(BlockingQueue<String> queue, AppBuilder app) {
            this.queue = queue;
            this.gate = app.gate("orders");
            app.task("order-consumer", OnReturn.SHUT_DOWN, view -> consume());
        }

        private void consume() throws Exception {
            while (gate.tryEnter()) { // false from the drain on
                try {
                    String order = queue.poll(200, TimeUnit.MILLISECONDS); // the drain may have to wait for it
                    if (order != null) {
                        store(order);
                    }
                } finally {
                    gate.leave();
                }
            }
        }

        void store(String order) throws Exception {}
    }
    // end: consumer

    @Test
    void anOrderThatWasTakenIsStoredAndNoOtherIsTaken() throws Exception {
        BlockingQueue<String> queue = new LinkedBlockingQueue<>(List.of("first", "second"));
        process.run("shop", app -> {
            app.resource("database", () -> done.add("closed"));
            new Consumer(queue, app) {
                @Override
                void store(String order) throws Exception {
                    begun.countDown();
                    release.await();
                    done.add(order);
                }
            };
        });
        begun.await();
        process.signal("TERM");
        process.awaitPhase(Phase.DRAIN);
        release.countDown();

        assertEquals(new Exit(0, false), process.awaitExit());
        assertEquals(List.of("first", "closed"), done);
        assertEquals(List.of("second"), List.copyOf(queue));
        assertEquals(
                List.of(new ShutdownReport.Gate("orders", 1, 1, 0, 1)),
                process.awaitReport().gates());
    }

    /** Where orders are kept. */
    interface OrderStore {
        void save(String order) throws Exception;
    }

    // begin: kafka
    /** Stores orders from Kafka, and commits what it has stored before it ends. */
    static void storeOrders(org.apache.kafka.clients.consumer.Consumer<String, String> consumer, OrderStore store)
            throws Exception {
        try (consumer) {
            try {
                while (true) {
                    for (ConsumerRecord<String, String> order : consumer.poll(Duration.ofSeconds(1))) {
                        store.save(order.value());
                    }
                    consumer.commitSync();
                }
            } catch (WakeupException e) {
                // The poll was ended, or the commit: all that was polled is stored.
                consumer.commitSync();
            }
        }
    }
    // end: kafka

    @Test
    void whatAConsumerHasInHandIsStoredAndCommittedAndNothingElseIsTaken() throws Exception {
        TopicPartition orders = new TopicPartition("orders", 0);
        MockConsumer<String, String> consumer = new MockConsumer<>("earliest") {
            @Override
            public void close() {
                done.add("committed " + committed(Set.of(orders)).get(orders).offset());
                super.close();
            }
        };
        consumer.assign(List.of(orders));
        consumer.updateBeginningOffsets(Map.of(orders, 0L));
        consumer.addRecord(new ConsumerRecord<>("orders", 0, 0, "key", "first"));
        OrderStore store = order -> {
            begun.countDown();
            release.await();
            done.add("stored " + order);
        };
        process.run("shop", app -> {
            app.resource("database", () -> done.add("database closed"));
            // begin: register-kafka
            app.task(
                    "orders",
                    OnReturn.SHUT_DOWN,
                    Task.stoppedBy(consumer::wakeup, view -> storeOrders(consumer, store)));
            // end: register-kafka
        });
        begun.await();
        consumer.addRecord(new ConsumerRecord<>("orders", 0, 1, "key", "second"));
        process.signal("TERM");
        process.awaitStuck(Phase.DRAIN, "orders");
        release.countDown();

        assertEquals(new Exit(0, false), process.awaitExit());
        assertEquals(List.of("stored first", "committed 1", "database closed"), done);
    }

    @Test
    void aSchedulersJobIsFinishedBeforeServersStopAndNoOtherBegins() throws Exception {
        AtomicReference<Future<?>> reports = new AtomicReference<>();
        process.run("shop", app -> {
            // begin: scheduler
            ScheduledExecutorService timers = app.scheduler("timers", Executors.newScheduledThreadPool(1));
            Future<?> report = timers.scheduleWithFixedDelay(this::report, 0, 1, TimeUnit.SECONDS);
            // end: scheduler
            reports.set(report);
        });
        begun.await();
        process.signal("TERM");
        process.awaitPhase(Phase.DRAIN);
        release.countDown();
        assertEquals(new Exit(0, false), process.awaitExit());
        assertEquals(List.of("reported"), done);
    }

    private void report() {
        begun.countDown();
        awaitRelease();
        done.add("reported");
    }

    @Test
    void anExecutorFinishesWhatItHasBeforeTheDatabaseCloses() throws Exception {
        process.run("shop", app -> {
            // begin: executor
            app.resource("database", () -> done.add("database closed")); // registered first, closed last
            ExecutorService mail = app.executor("mail", Executors.newFixedThreadPool(2));
            ScheduledThreadPoolExecutor reminders = app.executor("reminders", new ScheduledThreadPoolExecutor(1));
            reminders.setExecuteExistingDelayedTasksAfterShutdownPolicy(false); // drops what is not due yet
            // end: executor
            mail.execute(() -> {
                begun.countDown();
                awaitRelease();
                done.add("mail sent");
            });
            var unused = reminders.schedule(() -> done.add("reminded"), 1, TimeUnit.HOURS);
        });
        begun.await();
        process.signal("TERM");
        process.awaitStuck(Phase.RELEASE, "mail");
        release.countDown();
        assertEquals(new Exit(0, false), process.awaitExit());
        assertEquals(List.of("mail sent", "database closed"), done);
    }

    private void awaitRelease() {
        try {
            release.await();
        } catch (InterruptedException e) {
            done.add("interrupted");
        }
    }
}
