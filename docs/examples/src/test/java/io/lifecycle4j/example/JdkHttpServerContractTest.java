package io.lifecycle4j.example;

import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.testing.AdapterContract;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class JdkHttpServerContractTest {

    // begin: contract
    static class JdkAdapter extends HttpAdapter {
        @Override
        public ManagedServer create(int port, Runnable handler) throws IOException {
            return new JdkHttpServer("business", local(port)).handle("/", exchange -> {
                handler.run(); // blocks until the check lets it go
                exchange.sendResponseHeaders(200, -1);
            });
        }
    }

    @TestFactory
    Stream<DynamicTest> theAdapterKeepsTheContract() {
        return AdapterContract.checks(new JdkAdapter()).stream()
                .map(check -> DynamicTest.dynamicTest(check.name(), check::run));
    }
    // end: contract
}
