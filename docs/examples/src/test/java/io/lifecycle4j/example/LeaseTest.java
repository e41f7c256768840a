package io.lifecycle4j.example;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.Phase;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.ShutdownReport.Outcome;
import io.lifecycle4j.testing.FakeProcess;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A lease is given back when nobody works under it any more, and not before. */
@Timeout(60)
final class LeaseTest {
    private final CountDownLatch working = new CountDownLatch(1);
    private final CountDownLatch bill = new CountDownLatch(1);
    private HikariDataSource database = new HikariDataSource();

    @BeforeEach
    void table(@TempDir java.nio.file.Path folder) throws SQLException {
        database = PoolTest.pool("jdbc:h2:" + folder.resolve("leases"));
        PoolTest.execute(database, "create table lease(owner varchar, until timestamp with time zone)");
        PoolTest.execute(database, "insert into lease values(null, timestamp '1970-01-01 00:00:00+00')");
    }

    @AfterEach
    void close() {
        bill.countDown();
        database.close();
    }

    // begin: lease
    /** A row that one process owns until it expires, renewed until the end of RELEASE. */
    static final class Lease implements AutoCloseable {
        private static final Duration LENGTH = Duration.ofSeconds(30);

        private final DataSource database;
        private final String owner;
        private final RequestGate work; // entered by all work under the lease
        private final ScheduledExecutorService renewal = Executors.newSingleThreadScheduledExecutor();
        private volatile Instant until = Instant.MIN;

        Lease(DataSource database, String owner, RequestGate work) {
            this.database = database;
            this.owner = owner;
            this.work = work;
            var unused = renewal.scheduleWithFixedDelay(this::renew, 0, LENGTH.toMillis() / 10, TimeUnit.MILLISECONDS);
        }

        boolean isOurs() {
            return Instant.now().isBefore(until);
        }

        synchronized void renew() {
            if (renewal.isShutdown()) {
                return; // it was given back meanwhile
            }
            Instant now = Instant.now();
            try {
                if (update(
                        "update lease set owner = ?, until = ? where owner = ? or until < ?",
                        owner,
                        now.plus(LENGTH),
                        owner,
                        now)) {
                    until = now.plus(LENGTH);
                }
            } catch (SQLException e) {
                // The lease is ours until it expires. The next attempt comes soon.
            }
        }

        @Override
        public synchronized void close()
                throws SQLException { // in RELEASE, when the work is done or its limits have passed
            renewal.shutdownNow();
            if (work.inFlight() > 0) {
                throw new IllegalStateException("work goes on under the lease: it is left to expire");
            }
            update("update lease set owner = null, until = ? where owner = ?", Instant.EPOCH, owner);
        }

        private boolean update(String sql, Object... values) throws SQLException {
            try (Connection connection = database.getConnection();
                    PreparedStatement statement = connection.prepareStatement(sql)) {
                for (int i = 0; i < values.length; i++) {
                    statement.setObject(i + 1, values[i]);
                }
                return statement.executeUpdate() == 1;
            }
        }
    }
    // end: lease

    void configure(AppBuilder app) {
        // begin: lease-setup
        RequestGate work = app.gate("billing");
        Lease lease = app.resource("lease", new Lease(database, "node-1", work)); // before the work, so closed after it
        app.task("billing", view -> {
            while (work.tryEnter()) { // false from the drain on
                try {
                    if (lease.isOurs()) {
                        billOne();
                    }
                } finally {
                    work.leave();
                }
                TimeUnit.SECONDS.sleep(1); // interrupted when STOP begins
            }
        });
        // end: lease-setup
    }

    void billOne() {
        working.countDown();
        boolean billed = false;
        while (!billed) { // an interrupt does not end a bill
            try {
                bill.await();
                billed = true;
            } catch (InterruptedException e) {
                // goes on
            }
        }
    }

    private Lease leaseOfAnotherWhileThisProcessWorks(FakeProcess process) throws InterruptedException {
        process.run("shop", this::configure);
        working.await();
        return new Lease(database, "node-2", new RequestGate("other"));
    }

    @Test
    void anotherProcessHasTheLeaseOnceTheWorkInHandIsDone() throws Exception {
        try (FakeProcess process = new FakeProcess();
                Lease other = leaseOfAnotherWhileThisProcessWorks(process)) {
            process.signal("TERM");
            process.awaitPhase(Phase.DRAIN);
            other.renew();
            assertThat(other.isOurs()).isFalse();

            bill.countDown();

            assertThat(process.awaitReport().outcome()).isEqualTo(Outcome.CLEAN);
            other.renew();
            assertThat(other.isOurs()).isTrue();
        }
    }

    @Test
    void workThatOutlivesItsLimitsKeepsTheLeaseFromOthers() throws Exception {
        try (FakeProcess process = new FakeProcess();
                Lease other = leaseOfAnotherWhileThisProcessWorks(process)) {
            process.signal("TERM");
            process.awaitPhase(Phase.DRAIN);
            process.advance(Duration.ofSeconds(10)); // the drain's limit
            process.awaitStuck(Phase.STOP, "billing");
            process.advance(Duration.ofSeconds(5)); // the limit of STOP

            ShutdownReport report = process.awaitReport();
            assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
            assertThat(report.steps())
                    .anyMatch(step -> step.name().equals("lease") && step.outcome() == Outcome.FAILED);
            other.renew();
            assertThat(other.isOurs()).isFalse();
        }
    }
}
