/** Graceful shutdown for plain Java services: one {@code App} that owns how a process starts and how it stops. */
module io.lifecycle4j.core {
    requires org.slf4j;
    // Not static: without it the module path would leave sun.misc.Signal out, and with it every signal.
    requires jdk.unsupported;
    requires static jdk.jfr;
    requires static com.google.errorprone.annotations;
    requires static org.jspecify;

    exports io.lifecycle4j;
}
