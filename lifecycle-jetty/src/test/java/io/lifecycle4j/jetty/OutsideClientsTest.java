package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.jetty.Connectors.Protocol;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients that share no code with the server see its drain. A test is skipped if its client is not installed. */
@Timeout(30)
class OutsideClientsTest {
    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final Server server = new Server();
    private final AppBuilder builder = App.builder("test");
    private final App app = builder.build();
    private final JettyServer jetty = JettyServer.of("business", server);
    private Connectors connectors;

    @BeforeEach
    void start() throws Exception {
        connectors = new Connectors(server);
        server.setHandler(new Slow());
        builder.server(jetty);
        app.start();
    }

    @AfterEach
    void stop() {
        release.countDown();
        app.close();
    }

    private void drain() {
        app.requestShutdown("test");
        Awaitility.await().until(() -> jetty.gates().get(0).isClosed());
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP_1_1, --http1.1, HTTP/1.1",
        "HTTP_2_CLEAR, --http2-prior-knowledge, HTTP/2",
        "HTTP_1_1_TLS, --http1.1, HTTP/1.1",
        "HTTP_2_TLS, --http2, HTTP/2"
    })
    void curlGetsItsWhole200AndThen503(Protocol protocol, String option, String version) throws Exception {
        Client slow = Client.of("curl", "-sSik", option, url(protocol, "/slow"));
        arrived.await();
        drain();
        String rejected = Client.of("curl", "-sSik", option, url(protocol, "/")).output();
        assertThat(rejected).startsWith(version + " 503").containsIgnoringCase("retry-after: 1");
        release.countDown();
        String whole = slow.output();
        assertThat(whole).startsWith(version + " 200").endsWith("done");
        if (version.equals("HTTP/1.1")) {
            assertThat(rejected).containsIgnoringCase("connection: close");
            assertThat(whole).containsIgnoringCase("connection: close");
        }
        assertThat(app.shutdown("again").gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 1));
    }

    @Test
    void nghttpGetsItsWhole200AndThenGoAway() throws Exception {
        Client slow = Client.of("nghttp", "-v", "--no-verify-peer", url(Protocol.HTTP_2_TLS, "/slow"));
        arrived.await();
        drain();
        release.countDown();
        assertThat(slow.output()).containsSubsequence(":status: 200", "done");
        assertThat(app.shutdown("again").isClean()).isTrue();
    }

    static boolean isInstalled(String command) {
        return List.of(System.getenv("PATH").split(File.pathSeparator, -1)).stream()
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, command)));
    }

    private String url(Protocol protocol, String path) {
        return connectors.uri(protocol, path).toString();
    }

    /** A running command, whose output goes into a file. */
    private record Client(Process process, Path file) {
        static Client of(String command, String... arguments) throws IOException {
            assumeTrue(isInstalled(command), () -> command + " is not installed");
            List<String> words = new ArrayList<>(List.of(command));
            words.addAll(List.of(arguments));
            Path file = Files.createTempFile(command, ".txt");
            file.toFile().deleteOnExit();
            return new Client(
                    new ProcessBuilder(words)
                            .redirectErrorStream(true)
                            .redirectOutput(file.toFile())
                            .start(),
                    file);
        }

        String soFar() throws IOException {
            return Files.readString(file);
        }

        String output() throws Exception {
            assertThat(process.waitFor()).as(soFar()).isZero();
            return soFar();
        }
    }

    private final class Slow extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            if (Request.getPathInContext(request).equals("/slow")) {
                arrived.countDown();
                release.await();
            }
            response.write(true, ByteBuffer.wrap("done".getBytes(US_ASCII)), callback);
            return true;
        }
    }
}
