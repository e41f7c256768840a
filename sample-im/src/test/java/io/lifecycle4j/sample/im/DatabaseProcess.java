package io.lifecycle4j.sample.im;

import io.lifecycle4j.sample.im.mongo.TestMongo;
import io.lifecycle4j.testing.JavaProcess;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * {@link DatabaseServer} in a process that can be frozen, killed and started again on the same folder and port; or a MongoDB that is
 * given, with which none of that is done.
 */
final class DatabaseProcess implements AutoCloseable {
    private final Path folder;
    private final int port;
    private @Nullable JavaProcess process;

    DatabaseProcess(Path folder, int port) {
        this.folder = folder;
        this.port = port;
    }

    String uri(String options) {
        return TestMongo.isReal()
                ? TestMongo.real(folder).uri(options)
                : "mongodb://127.0.0.1:" + port + "/im?" + options;
    }

    /** Returns when it listens. */
    DatabaseProcess start() {
        if (TestMongo.isReal()) {
            return this;
        }
        process = JavaProcess.of(ImMain.class)
                .options("-XX:TieredStopAtLevel=1") // it lives for seconds
                .arguments("--data-dir", folder.resolve("database").toString(), "--database-only", String.valueOf(port))
                .startAndAwaitLine("App 'im-database' is running");
        return this;
    }

    void freeze() {
        running().signal("STOP");
    }

    void thaw() {
        running().signal("CONT");
    }

    void kill() {
        running().signal("KILL");
        running().awaitExit();
    }

    private JavaProcess running() {
        TestMongo.assumeEmbedded("a MongoDB that is given is neither frozen nor killed");
        if (process == null) {
            throw new IllegalStateException("the database was not started");
        }
        return process;
    }

    @Override
    public void close() {
        if (process != null) {
            process.close();
        }
    }
}
