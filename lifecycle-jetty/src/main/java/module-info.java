/** Drains and stops Jetty 12.1 servers for Lifecycle4j. */
module io.lifecycle4j.jetty {
    requires transitive io.lifecycle4j.core;
    requires transitive org.eclipse.jetty.server;
    requires org.slf4j;
    requires static transitive org.eclipse.jetty.websocket.common;
    requires static org.eclipse.jetty.http2.common;
    requires static com.google.errorprone.annotations;
    requires static org.jspecify;

    exports io.lifecycle4j.jetty;
}
