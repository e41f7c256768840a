package io.lifecycle4j.example;

import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.testing.AdapterContract;
import io.lifecycle4j.testing.AdapterContract.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class JdkHttpServerContractTest {

    // begin: contract
    static class JdkAdapter implements AdapterContract.Adapter {
        @Override
        public ManagedServer create(int port, Runnable handler) throws IOException {
            return new JdkHttpServer("business", new InetSocketAddress(InetAddress.getLoopbackAddress(), port))
                    .handle("/", exchange -> {
                        handler.run(); // blocks until the check lets it go
                        exchange.sendResponseHeaders(200, -1);
                    });
        }

        @Override
        public Answer request(int port, String secret) throws IOException, InterruptedException {
            URI uri = URI.create("http://127.0.0.1:" + port + "/orders?token=" + secret);
            HttpRequest request = HttpRequest.newBuilder(uri)
                    .header("Authorization", "Bearer " + secret)
                    .build();
            int status = HttpClient.newHttpClient()
                    .send(request, BodyHandlers.discarding())
                    .statusCode();
            return switch (status) {
                case 200 -> Answer.SERVED;
                case 503 -> Answer.REJECTED;
                default -> throw new IOException("status " + status);
            };
        }
    }

    @TestFactory
    Stream<DynamicTest> theAdapterKeepsTheContract() {
        return AdapterContract.checks(new JdkAdapter()).stream()
                .map(check -> DynamicTest.dynamicTest(check.name(), check::run));
    }
    // end: contract
}
