package io.lifecycle4j.jetty;

import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.testing.AdapterContract;
import io.lifecycle4j.testing.AdapterContract.Answer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.stream.Stream;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.Callback;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

/** The adapter keeps the contract that the test kit has for all of them. */
@Timeout(60)
class JettyServerContractTest {

    @TestFactory
    Stream<DynamicTest> aServerThatRejectsKeepsIt() {
        return keeps(DrainPolicy.REJECT, HttpClient.Version.HTTP_1_1);
    }

    @TestFactory
    Stream<DynamicTest> aServerThatServesUntilItIsIdleKeepsIt() {
        return keeps(DrainPolicy.SERVE_UNTIL_IDLE, HttpClient.Version.HTTP_1_1);
    }

    @TestFactory
    Stream<DynamicTest> overHttp2ItIsKeptAsWell() {
        return keeps(DrainPolicy.REJECT, HttpClient.Version.HTTP_2);
    }

    private static Stream<DynamicTest> keeps(DrainPolicy policy, HttpClient.Version version) {
        return AdapterContract.checks(new JettyAdapter(policy, version)).stream()
                .map(check -> DynamicTest.dynamicTest(check.name(), check::run));
    }

    private record JettyAdapter(DrainPolicy policy, HttpClient.Version version) implements AdapterContract.Adapter {

        @Override
        public ManagedServer create(int port, Runnable handler) {
            Server jetty = new Server();
            HttpConfiguration configuration = new HttpConfiguration();
            ServerConnector connector = new ServerConnector(
                    jetty, new HttpConnectionFactory(configuration), new HTTP2CServerConnectionFactory(configuration));
            connector.setHost("127.0.0.1");
            connector.setPort(port);
            jetty.addConnector(connector);
            jetty.setHandler(new Handler.Abstract() {
                @Override
                public boolean handle(Request request, Response response, Callback callback) {
                    handler.run();
                    callback.succeeded();
                    return true;
                }
            });
            return JettyServer.of("business", jetty).drainPolicy(policy);
        }

        @Override
        public Answer request(int port, String secret) throws IOException, InterruptedException {
            HttpRequest request = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + port + "/orders?token=" + secret))
                    .header("Authorization", "Bearer " + secret)
                    .build();
            HttpClient client = HttpClient.newBuilder().version(version).build();
            int status = client.send(request, BodyHandlers.discarding()).statusCode();
            return switch (status) {
                case 200 -> Answer.SERVED;
                case 503 -> Answer.REJECTED;
                default -> throw new IOException("status " + status);
            };
        }
    }
}
