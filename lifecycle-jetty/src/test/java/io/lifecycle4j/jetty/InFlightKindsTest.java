package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.jetty.Connectors.Protocol;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.SubmissionPublisher;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A request in flight of any kind gets its whole response over each protocol, as seen by the JDK's client. */
@Timeout(20)
class InFlightKindsTest {
    // More than the buffers of sockets and the windows of HTTP/2 hold.
    private static final int LARGE = 40 << 20;

    private enum Kind {
        BLOCKING(200, "done"),
        ASYNCHRONOUS(200, "done"),
        STREAMED(200, "12345"),
        EARLY_COMMITTED(200, "done"),
        THROWING(500, ""),
        UNHANDLED(404, ""),
        UPLOAD(200, "6"),
        SLOW_READER(200, "");

        private final int status;
        private final String body;

        /**
         * @param body the expected body; empty if any is accepted
         */
        Kind(int status, String body) {
            this.status = status;
            this.body = body;
        }
    }

    static Stream<Arguments> all() {
        return Arrays.stream(Protocol.values())
                .flatMap(protocol -> Arrays.stream(Kind.values()).map(kind -> Arguments.of(protocol, kind)));
    }

    private final CountDownLatch arrived = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);
    private final Server server = new Server();
    private final AppBuilder builder = App.builder("test");
    private final App app = builder.build();
    private Connectors connectors;

    @BeforeEach
    void start() throws Exception {
        connectors = new Connectors(server);
        server.setHandler(new Kinds());
        builder.server(JettyServer.of("business", server));
        app.start();
    }

    @AfterEach
    void stop() {
        release.countDown();
        app.close();
    }

    @ParameterizedTest
    @MethodSource("all")
    void getsItsWholeResponse(Protocol protocol, Kind kind) throws Exception {
        HttpClient client = connectors.client(protocol);
        // The first exchange of HTTP/2 in clear text is an upgrade, which is not what is tested.
        assertThat(client.send(request(protocol, "/first").build(), BodyHandlers.ofString())
                        .version())
                .isEqualTo(protocol.version);
        SubmissionPublisher<ByteBuffer> upload = new SubmissionPublisher<>();
        HttpRequest request = kind == Kind.UPLOAD
                ? request(protocol, "/" + kind)
                        .POST(BodyPublishers.fromPublisher(upload))
                        .build()
                : request(protocol, "/" + kind).build();
        CompletableFuture<HttpResponse<InputStream>> response = client.sendAsync(request, BodyHandlers.ofInputStream());
        if (kind == Kind.UPLOAD) {
            Awaitility.await().until(upload::hasSubscribers);
            int unused = upload.submit(ByteBuffer.wrap("abc".getBytes(US_ASCII)));
        }
        arrived.await();
        app.requestShutdown("test");
        Awaitility.await().until(() -> app.phase() == Phase.DRAIN);
        release.countDown();
        if (kind == Kind.UPLOAD) {
            int unused = upload.submit(ByteBuffer.wrap("def".getBytes(US_ASCII)));
            upload.close();
        }
        HttpResponse<InputStream> done = response.get(20, TimeUnit.SECONDS);
        assertThat(done.statusCode()).isEqualTo(kind.status);
        byte[] body = done.body().readAllBytes();
        if (kind == Kind.SLOW_READER) {
            assertThat(body).hasSize(LARGE);
        } else if (!kind.body.isEmpty()) {
            assertThat(new String(body, US_ASCII)).isEqualTo(kind.body);
        }
        ShutdownReport report = app.shutdown("again");
        assertThat(report.gates()).containsExactly(new ShutdownReport.Gate("business", 1, 1, 0, 0));
        assertThat(report.isClean()).as(report.toString()).isTrue();
    }

    private HttpRequest.Builder request(Protocol protocol, String path) {
        return HttpRequest.newBuilder(connectors.uri(protocol, path));
    }

    private final class Kinds extends Handler.Abstract {
        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            String path = Request.getPathInContext(request).substring(1);
            if (path.equals("first")) {
                return end(response, callback, "first");
            }
            Kind kind = Kind.valueOf(path);
            if (kind != Kind.UPLOAD) {
                arrived.countDown();
            }
            switch (kind) {
                case BLOCKING -> {
                    release.await();
                    return end(response, callback, "done");
                }
                case ASYNCHRONOUS -> {
                    new Thread(() -> {
                                awaitRelease();
                                boolean unused = end(response, callback, "done");
                            })
                            .start();
                    return true;
                }
                case STREAMED -> {
                    OutputStream out = Content.Sink.asOutputStream(response);
                    out.write("123".getBytes(US_ASCII));
                    out.flush();
                    release.await();
                    out.write("45".getBytes(US_ASCII));
                    out.close();
                    callback.succeeded();
                    return true;
                }
                case EARLY_COMMITTED -> {
                    Content.Sink.write(response, false, ByteBuffer.allocate(0));
                    release.await();
                    return end(response, callback, "done");
                }
                case THROWING -> {
                    release.await();
                    throw new IllegalStateException("on purpose");
                }
                case UNHANDLED -> {
                    release.await();
                    return false;
                }
                case UPLOAD -> {
                    InputStream in = Content.Source.asInputStream(request);
                    int read = 3 * Integer.signum(in.read() + in.read() + in.read());
                    arrived.countDown();
                    release.await();
                    return end(response, callback, String.valueOf(read + in.readAllBytes().length));
                }
                case SLOW_READER -> {
                    response.write(true, ByteBuffer.allocate(LARGE), callback);
                    return true;
                }
            }
            return false;
        }

        private void awaitRelease() {
            try {
                release.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private boolean end(Response response, Callback callback, String body) {
            response.write(true, ByteBuffer.wrap(body.getBytes(US_ASCII)), callback);
            return true;
        }
    }
}
