package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lifecycle4j.testing.HeldSocket;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Ends the server and its database at random moments while many clients talk, and judges what they were told against what
 * is stored. {@code docs/chaos.md} tells how to run more of it.
 */
@DisabledOnOs(OS.WINDOWS) // has no kill
class ChaosIT {
    /** A short limit for operations, so that a frozen database is noticed soon; a long one for the start on a busy machine. */
    private static final String IMPATIENT = "timeoutMS=1500&serverSelectionTimeoutMS=5000&connectTimeoutMS=5000";

    private final ChaosSettings settings = ChaosSettings.fromProperties();

    @TempDir
    Path folder;

    @Test
    void aTermAtARandomMomentLosesNothingAndCutsNobody() throws Exception {
        try (ChaosRun run = new ChaosRun(settings, "term", folder)) {
            run.begin();
            for (int cycle = 0; cycle < settings.cycles(); cycle++) {
                run.awaitMoment();
                run.server().awaitRunning(); // the start is not what this is about: its end has another status
                run.terminate();
                run.startServer().awaitRunning();
            }
            assertClean(run.finish());
        }
    }

    @Test
    void aRestartOnASocketThatOutlivesTheProcessLosesNothingAndCutsNobody() throws Exception {
        assumeTrue(HeldSocket.isAvailable(), "no python3: nobody holds the socket");
        try (HeldSocket socket = HeldSocket.listen(ChaosRun.freePort());
                ChaosRun run = new ChaosRun(settings, "socket", folder, socket)) {
            run.begin();
            for (int cycle = 0; cycle < settings.cycles(); cycle++) {
                run.awaitLoad();
                run.terminate();
                run.startServer().awaitRunning();
            }
            // Early clients wait in the socket's queue, so that they may come at once: within a millisecond for each
            // client.
            assertThat(run.longestRetryMillis()).isBetween(0L, (long) settings.clients());
            assertClean(run.finish());
        }
    }

    @Test
    void aKillAtARandomMomentLosesNothingAcknowledged() throws Exception {
        try (ChaosRun run = new ChaosRun(settings, "kill", folder)) {
            run.begin();
            for (int cycle = 0; cycle < settings.cycles(); cycle++) {
                run.awaitMoment();
                run.kill();
                run.startServer();
            }
            run.server().awaitRunning();
            assertClean(run.finish());
        }
    }

    @Test
    void aDatabaseThatFreezesOrDiesAndComesBackLosesNothingAcknowledged() throws Exception {
        try (DatabaseProcess database = new DatabaseProcess(folder, ChaosRun.freePort()).start();
                ChaosRun run = new ChaosRun(settings, "database", folder, "--mongo-uri", database.uri(IMPATIENT))) {
            run.begin();
            for (int cycle = 0; cycle < settings.cycles(); cycle++) {
                run.awaitMoment();
                if (cycle % 2 == 0) {
                    database.freeze();
                    run.moments().await(0, 4_000);
                    database.thaw();
                } else {
                    database.kill();
                    run.moments().await(0, 2_000);
                    database.start();
                }
            }
            assertClean(run.finish());
        }
    }

    @Test
    void aDatabaseThatFailsDuringTheShutdownLosesNothingAcknowledgedAndTheExitIsInTime() throws Exception {
        try (DatabaseProcess database = new DatabaseProcess(folder, ChaosRun.freePort()).start();
                ChaosRun run = new ChaosRun(settings, "shutdown", folder, "--mongo-uri", database.uri(IMPATIENT))) {
            run.begin();
            for (int cycle = 0; cycle < settings.cycles(); cycle++) {
                run.awaitLoad();
                switch (cycle % 4) {
                    case 0 -> {
                        database.freeze();
                        run.receive();
                        run.terminate("TERM, database frozen", Set.of(1)); // receipts cannot be flushed
                        database.kill();
                        database.start();
                    }
                    case 1 -> {
                        run.askToStop();
                        run.moments().await(0, 300);
                        database.kill();
                        run.awaitStop("TERM, database killed thereafter", Set.of(0, 1));
                        database.start();
                    }
                    case 2 -> {
                        run.askToStop();
                        run.moments().await(0, 300);
                        database.freeze();
                        run.moments().await(0, 1_500);
                        database.thaw();
                        run.awaitStop("TERM, database frozen for a while", Set.of(0, 1));
                    }
                    default -> {
                        database.kill();
                        run.moments().await(0, 300);
                        run.askToStop();
                        run.moments().await(0, 300);
                        database.start();
                        run.awaitStop("TERM, database comes back", Set.of(0, 1));
                    }
                }
                run.startServer().awaitRunning();
            }
            assertClean(run.finish());
        }
    }

    private static void assertClean(Verdict verdict) {
        assertThat(verdict.faults()).as(verdict.toString()).isEmpty();
    }
}
