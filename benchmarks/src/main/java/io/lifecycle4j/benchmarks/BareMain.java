package io.lifecycle4j.benchmarks;

import java.util.concurrent.CountDownLatch;
import org.slf4j.LoggerFactory;

/** A process without this library: says one line, has one empty hook, and waits. */
final class BareMain {

    private BareMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        if (arguments[0].equals("logback")) {
            LoggerFactory.getLogger("bare").info("is running");
        } else {
            System.out.println("is running");
        }
        Runtime.getRuntime().addShutdownHook(new Thread());
        new CountDownLatch(1).await();
    }
}
