package io.lifecycle4j.jetty;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.ShutdownReport.Outcome;
import io.lifecycle4j.jetty.Connectors.Protocol;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
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

/** A response is complete when its reader has it. All readers of a test read at the same time, since reading is what takes long. */
@Timeout(90)
class SlowReadersTest {
    private static final int BODY = 20_000_000;
    // Bytes a second.
    private static final int SLOWLY = 1_000_000;

    private final Server server = new Server();
    private final AppBuilder builder = App.builder("test").shutdownTimeout(Duration.ofSeconds(90));
    private final App app = builder.build();
    private final ExecutorService readers = Executors.newCachedThreadPool();
    private final Map<String, Future<Long>> bodies = new LinkedHashMap<>();
    private final AtomicInteger arrived = new AtomicInteger();
    private Connectors connectors;

    @BeforeEach
    void prepare() throws Exception {
        connectors = new Connectors(server);
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                arrived.incrementAndGet();
                String length = Request.getPathInContext(request).substring(1);
                response.write(true, ByteBuffer.allocate(Integer.parseInt(length)), callback);
                return true;
            }
        });
        builder.server(JettyServer.of("business", server));
    }

    @AfterEach
    void stop() {
        app.close();
        readers.shutdownNow();
    }

    @Test
    void allHaveTheLastByteOfALargeResponseIfTheDrainIsLongEnough() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(60));
        app.start();
        for (Protocol protocol : Protocol.values()) {
            read("HttpClient " + protocol, byHttpClient(protocol, BODY, SLOWLY));
            if (OutsideClientsTest.isInstalled("curl")) {
                read("curl " + protocol, byCurl(protocol));
            }
        }
        read("in order", inOrder(Protocol.HTTP_2_CLEAR, BODY, SLOWLY, true));
        read("in order, TLS", inOrder(Protocol.HTTP_2_TLS, BODY, SLOWLY, true));
        ShutdownReport report = shutdownWhileAllRead();
        for (Map.Entry<String, Future<Long>> body : bodies.entrySet()) {
            if (body.getKey().startsWith("HttpClient HTTP_2")
                    && Runtime.version().feature() < 21) {
                // At GOAWAY it fails responses that its application has not taken yet, see docs/guarantees.md.
                continue;
            }
            assertThat(body.getValue())
                    .as(body.getKey())
                    .succeedsWithin(Duration.ofSeconds(30))
                    .isEqualTo((long) BODY);
        }
        assertThat(report.outcome()).as(report.toString()).isEqualTo(Outcome.CLEAN);
    }

    /** A pooled connection may not be read from while curl asks another server; its response is in the client's system already. */
    @Test
    void aClientOfHttp2ThatHasItsSmallResponseAndDoesNotReadOnIsNoPeerThatWasCut() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(20));
        app.start();
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), connectors.clear.getLocalPort())) {
            new InOrderReader(socket, false).get("http", "/1000");
            Awaitility.await().until(() -> arrived.get() == 1);
            ShutdownReport report = app.shutdown("test");
            assertThat(report.outcome()).as(report.toString()).isEqualTo(Outcome.CLEAN);
            assertThat(report.duration()).isLessThan(Duration.ofSeconds(10));
        }
    }

    @Test
    void whoeverIsStillReadingAtTheDrainsLimitIsNamedAndTimedOut() throws Exception {
        builder.drainTimeout(Duration.ofSeconds(2));
        app.start();
        for (Protocol protocol : Protocol.values()) {
            if (OutsideClientsTest.isInstalled("curl")) {
                read("curl " + protocol, byCurl(protocol));
            }
        }
        // Jetty writes responses this small at once: their requests are not in flight any more while the peers read.
        read("in order", inOrder(Protocol.HTTP_2_CLEAR, 1_000_000, 100_000, true));
        read("in order, TLS", inOrder(Protocol.HTTP_2_TLS, 1_000_000, 100_000, true));
        ShutdownReport report = shutdownWhileAllRead();
        assertThat(report.outcome()).isEqualTo(Outcome.TIMED_OUT);
        ShutdownReport.Gate gate = report.gates().get(0);
        assertThat(gate.abandoned()).isEqualTo(bodies.size() - 2);
        assertThat(report.steps().get(0).cut())
                .hasSize(2)
                .allMatch(name -> name.matches(
                        "HTTP/2 connection from 127\\.0\\.0\\.1:\\d+, whose last response was not read to its end"));
    }

    private void read(String name, Callable<Long> reader) {
        bodies.put(name, readers.submit(reader));
    }

    private ShutdownReport shutdownWhileAllRead() {
        Awaitility.await().until(() -> arrived.get() == bodies.size());
        return app.shutdown("test");
    }

    private Callable<Long> byHttpClient(Protocol protocol, int length, int bytesPerSecond) throws Exception {
        HttpClient client = connectors.client(protocol);
        HttpRequest request =
                HttpRequest.newBuilder(connectors.uri(protocol, "/" + length)).build();
        return () -> {
            InputStream in = client.send(request, BodyHandlers.ofInputStream()).body();
            long begin = System.nanoTime();
            byte[] buffer = new byte[16 << 10];
            long body = 0;
            for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                body += read;
                InOrderReader.pace(begin, body, bytesPerSecond);
            }
            return body;
        };
    }

    private Callable<Long> byCurl(Protocol protocol) {
        String version = protocol.version == HttpClient.Version.HTTP_1_1
                ? "--http1.1"
                : protocol == Protocol.HTTP_2_CLEAR ? "--http2-prior-knowledge" : "--http2";
        return () -> {
            Process curl = new ProcessBuilder(
                            "curl",
                            "-sSk",
                            version,
                            "--limit-rate",
                            String.valueOf(SLOWLY),
                            connectors.uri(protocol, "/" + BODY).toString())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try (InputStream in = curl.getInputStream()) {
                long body = 0;
                byte[] buffer = new byte[16 << 10];
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    body += read;
                }
                return body;
            } finally {
                curl.destroy();
            }
        };
    }

    private Callable<Long> inOrder(Protocol protocol, int length, int bytesPerSecond, boolean answersPing)
            throws Exception {
        InetAddress localhost = InetAddress.getLoopbackAddress();
        Socket socket = new Socket(localhost, connectors.uri(protocol, "/").getPort());
        if (protocol == Protocol.HTTP_2_TLS) {
            SSLSocket secure = (SSLSocket) connectors
                    .client(protocol)
                    .sslContext()
                    .getSocketFactory()
                    .createSocket(socket, "localhost", socket.getPort(), true);
            SSLParameters parameters = secure.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2"});
            secure.setSSLParameters(parameters);
            secure.startHandshake();
            socket = secure;
        }
        InOrderReader reader = new InOrderReader(socket, answersPing);
        reader.get(protocol == Protocol.HTTP_2_TLS ? "https" : "http", "/" + length);
        return () -> reader.read(bytesPerSecond);
    }
}
