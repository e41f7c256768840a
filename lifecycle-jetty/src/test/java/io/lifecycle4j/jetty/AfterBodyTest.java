package io.lifecycle4j.jetty;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.RequestGate;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A client whose request is answered before its body has come gets the response, although it goes on sending. */
@Timeout(60)
class AfterBodyTest {
    private static final int PIECE = 50_000;
    private static final int PIECES = 10;

    private final Server server = new Server();
    private final ServerConnector connector = new ServerConnector(server);
    private final AppBuilder builder = App.builder("test").drainTimeout(Duration.ofSeconds(20));
    private final JettyServer jetty = JettyServer.of("business", server);
    private final App app = builder.build();
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch release = new CountDownLatch(1);

    AfterBodyTest() {
        connector.setHost("127.0.0.1");
        server.addConnector(connector);
    }

    @AfterEach
    void stop() {
        release.countDown();
        app.close();
    }

    /** How a handler answers a request whose body it does not read. */
    enum Answer {
        WRITES {
            @Override
            boolean give(Request request, Response response, Callback callback) {
                response.setStatus(413);
                response.write(true, null, callback);
                return true;
            }
        },
        ONLY_COMPLETES {
            @Override
            boolean give(Request request, Response response, Callback callback) {
                response.setStatus(413);
                callback.succeeded();
                return true;
            }
        },
        LEAVES_THE_END {
            @Override
            boolean give(Request request, Response response, Callback callback) {
                response.setStatus(413);
                response.write(false, US_ASCII.encode("part"), callback);
                return true;
            }
        },
        SAYS_ERROR {
            @Override
            boolean give(Request request, Response response, Callback callback) {
                Response.writeError(request, response, callback, 413);
                return true;
            }
        },
        FAILS {
            @Override
            boolean give(Request request, Response response, Callback callback) {
                callback.failed(new HttpException.RuntimeException(413));
                return true;
            }
        },
        THROWS {
            @Override
            boolean give(Request request, Response response, Callback callback) {
                throw new HttpException.RuntimeException(413);
            }
        },
        LEAVES_IT {
            @Override
            boolean give(Request request, Response response, Callback callback) {
                return false;
            }
        };

        abstract boolean give(Request request, Response response, Callback callback);

        int status() {
            return this == LEAVES_IT ? 404 : 413;
        }
    }

    private final class Answers extends Handler.Abstract {
        private final Answer answer;

        Answers(Answer answer) {
            this.answer = answer;
        }

        @Override
        public boolean handle(Request request, Response response, Callback callback) throws Exception {
            if (request.getHttpURI().getPath().equals("/held")) {
                held.countDown();
                release.await();
                callback.succeeded();
                return true;
            }
            return answer.give(request, response, callback);
        }
    }

    private void start(Answer answer) throws Exception {
        start(new Answers(answer));
    }

    private void start(Handler handler) throws Exception {
        server.setHandler(handler);
        builder.server(jetty);
        app.start();
    }

    @ParameterizedTest
    @EnumSource
    void anAnswerBeforeTheBodyReachesAClientThatGoesOnSending(Answer answer) throws Exception {
        start(answer);
        assertThat(upload()).startsWith("HTTP/1.1 " + answer.status());
    }

    @ParameterizedTest
    @EnumSource
    void itReachesAClientOfTheJdk(Answer answer) throws Exception {
        start(answer);
        assertThatClientsOfTheJdkGet(answer.status());
    }

    private void assertThatClientsOfTheJdkGet(int status) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + connector.getLocalPort());
        HttpRequest upload = HttpRequest.newBuilder(uri)
                .POST(BodyPublishers.ofByteArray(new byte[PIECE * PIECES]))
                .build();
        for (int i = 0; i < 20; i++) {
            assertThat(HttpClient.newHttpClient()
                            .send(upload, BodyHandlers.discarding())
                            .statusCode())
                    .isEqualTo(status);
        }
    }

    @Test
    void a503OfTheDrainReachesAClientThatGoesOnSending() throws Exception {
        start(Answer.WRITES);
        try (Socket inFlight = connect()) {
            inFlight.getOutputStream().write("GET /held HTTP/1.1\r\nHost: test\r\n\r\n".getBytes(US_ASCII));
            held.await();
            app.requestShutdown("test");
            Awaitility.await().until(gate()::isClosed);
            assertThat(upload()).startsWith("HTTP/1.1 503");
            assertThatClientsOfTheJdkGet(503);
            release.countDown();
        }
        assertThat(app.shutdown("test").isClean()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void theBodyOfAClientThatSendsNoMoreIsNotWaitedForLong(Answer answer) throws Exception {
        start(answer);
        try (Socket socket = connect()) {
            socket.getOutputStream().write(head());
            InputStream in = socket.getInputStream();
            String begin = new String(in.readNBytes(12), US_ASCII);
            assertThat(begin).isEqualTo("HTTP/1.1 " + answer.status());
            assertThat(gate().inFlight()).isOne(); // the server waits for the body, though its response is complete
            String rest = new String(in.readAllBytes(), US_ASCII);
            assertThat(rest)
                    .satisfiesAnyOf(
                            it -> assertThat(it).contains("Content-Length: "),
                            it -> assertThat(it).contains("chunked").endsWith("\r\n0\r\n\r\n"));
            Awaitility.await().until(() -> gate().inFlight() == 0);
        }
        assertThat(app.shutdown("test").isClean()).isTrue();
    }

    @ParameterizedTest
    @EnumSource
    void aBodyWithoutAnEndIsNotReadForLong(Answer answer) throws Exception {
        start(answer);
        try (Socket socket = connect()) {
            OutputStream out = socket.getOutputStream();
            out.write("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000000000\r\n\r\n".getBytes(US_ASCII));
            byte[] piece = new byte[1 << 20];
            long since = System.nanoTime();
            assertThatThrownBy(() -> {
                        while (System.nanoTime() - since < 10_000_000_000L) {
                            out.write(piece);
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
        Awaitility.await().until(() -> gate().inFlight() == 0);
    }

    @Test
    void whatAHandlerHasSetBeforeItThrowsIsNoPartOfTheErrorPage() throws Exception {
        start(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                response.getHeaders().put(HttpHeader.CONTENT_LENGTH, 10_000);
                response.getHeaders().put(HttpHeader.CONTENT_ENCODING, "gzip");
                throw new HttpException.RuntimeException(413, "no room");
            }
        });
        assertThat(upload()).startsWith("HTTP/1.1 413").contains("no room").doesNotContain("gzip");
    }

    @Test
    void aHandlerThatStillWaitsForContentMayComplete() throws Exception {
        CompletableFuture<Object> completed = new CompletableFuture<>();
        start(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                request.demand(() -> {});
                try {
                    response.setStatus(413);
                    response.write(true, null, Callback.NOOP);
                    callback.succeeded();
                    completed.complete("yes");
                } catch (RuntimeException e) {
                    completed.complete(e);
                }
                return true;
            }
        });
        try (Socket socket = connect()) {
            socket.getOutputStream().write(head());
            assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII))
                    .startsWith("HTTP/1.1 413");
        }
        assertThat(completed.get()).isEqualTo("yes");
        Awaitility.await().until(() -> gate().inFlight() == 0);
    }

    @Test
    void aHandlerThatStillWaitsForTheBodyWhenItCompletesEndsItsConnectionAtOnce() throws Exception {
        server.setHandler(new Handler.Abstract() {
            @Override
            public boolean handle(Request request, Response response, Callback callback) {
                request.demand(() -> {});
                response.write(true, null, callback);
                return true;
            }
        });
        builder.server(jetty);
        app.start();
        try (Socket socket = connect()) {
            socket.getOutputStream().write(head());
            long begun = System.nanoTime();
            assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII))
                    .startsWith("HTTP/1.1 200");
            Awaitility.await().until(() -> gate().inFlight() == 0);
            assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(1));
        }
        assertThat(app.shutdown("test").isClean()).isTrue();
    }

    private RequestGate gate() {
        return jetty.gates().get(0);
    }

    private Socket connect() throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), connector.getLocalPort());
    }

    private static byte[] head() {
        return ("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: " + PIECE * PIECES + "\r\n\r\n").getBytes(US_ASCII);
    }

    /** Sends a body in pieces, most of them after the response has begun to come; returns the response. */
    private String upload() throws IOException {
        try (Socket socket = connect()) {
            OutputStream out = socket.getOutputStream();
            out.write(head());
            int first = socket.getInputStream().read();
            for (int i = 0; i < PIECES; i++) {
                out.write(new byte[PIECE]);
            }
            socket.shutdownOutput();
            return (char) first + new String(socket.getInputStream().readAllBytes(), US_ASCII);
        }
    }
}
