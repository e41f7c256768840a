package io.lifecycle4j.example;

import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.testing.AdapterContract;
import io.undertow.server.handlers.BlockingHandler;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class UndertowServerContractTest {

    static final class UndertowAdapter extends HttpAdapter {
        @Override
        public ManagedServer create(int port, Runnable handler) {
            return new UndertowServer("business", local(port), new BlockingHandler(exchange -> handler.run()));
        }
    }

    @TestFactory
    Stream<DynamicTest> theAdapterKeepsTheContract() {
        return AdapterContract.checks(new UndertowAdapter()).stream()
                .map(check -> DynamicTest.dynamicTest(check.name(), check::run));
    }
}
