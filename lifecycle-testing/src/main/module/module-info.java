/** Tests a service's shutdown: a fake process, a real one, and a contract for adapters. */
module io.lifecycle4j.testing {
    requires transitive io.lifecycle4j.core;
    requires java.management;
    requires static org.jspecify;

    exports io.lifecycle4j.testing;
}
