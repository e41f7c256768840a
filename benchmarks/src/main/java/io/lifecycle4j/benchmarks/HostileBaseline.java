package io.lifecycle4j.benchmarks;

import io.lifecycle4j.CoreSignals;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** The same without an app; its second signal calls halt and does nothing else, so nothing can be faster. */
final class HostileBaseline {

    private HostileBaseline() {}

    public static void main(String[] arguments) throws Exception {
        Hostility hostility = Hostility.valueOf(arguments[0]);
        hostility.prepare();
        AtomicInteger signals = new AtomicInteger();
        CoreSignals.install(name -> {
            if (signals.incrementAndGet() == 1) {
                hostility.act();
                System.exit(0);
            } else {
                Runtime.getRuntime().halt(1);
            }
        });
        System.err.println("is running");
        new CountDownLatch(1).await();
    }
}
