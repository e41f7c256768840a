/**
 * Drains and stops Jetty 12.1 servers.
 *
 * <pre>{@code
 * App.run("shop", app -> {
 *     app.announceDelay(Duration.ofSeconds(3)); // see below: why three
 *     jetty.setHandler(new Handler.Sequence(new HealthHandler(app.view()), handler)); // /livez and /readyz
 *     app.server(JettyServer.of("business", jetty).exempt(HealthHandler::isProbe));
 * });
 * }</pre>
 *
 * <p>The delay is three seconds here because the balancer in front may need that long to notice that {@code /readyz} is red.
 *
 * <h2>What to read first</h2>
 *
 * <ol>
 *   <li>{@link io.lifecycle4j.jetty.JettyServer}: the server that an app registers; its options; what becomes of requests, WebSocket
 *       sessions and HTTP/2 connections in a shutdown.
 *   <li>{@link io.lifecycle4j.jetty.HealthHandler}: answers probes.
 * </ol>
 *
 * <h2>The order of things</h2>
 *
 * <ol>
 *   <li>Start: a gate is put in front of all handlers, then Jetty is started.
 *   <li>ANNOUNCE: {@code /readyz} is 503; all other requests are served. With an announce delay, HTTP/1.1 responses carry {@code Connection:
 *       close}, and HTTP/2 connections are sent GOAWAY once they have no stream, so that clients move to another server.
 *   <li>DRAIN: new requests and upgrades get 503, requests in flight finish, HTTP/2 connections are sent GOAWAY, WebSocket sessions
 *       are closed with a code.
 *   <li>STOP: idle connections are closed, then Jetty is stopped; by then it has nothing to wait for.
 * </ol>
 *
 * <p>Handlers, connectors and the thread pool stay the user's. Health, metrics and status can have a server of their own: {@link
 * io.lifecycle4j.jetty.DrainPolicy#ALWAYS_OPEN}. HTTP/2 connections are drained if Jetty's HTTP/2 module is on the class path.
 *
 * <h2>Glossary</h2>
 *
 * <p>The words of {@link io.lifecycle4j} mean the same here. These are the adapter's own:
 *
 * <dl>
 *   <dt>gate
 *   <dd>stands in front of all handlers: it counts the requests in flight, and rejects new ones once it has closed.
 *   <dt>drain policy
 *   <dd>what becomes of new requests during the drain: they are rejected, served until none is in flight, or served until STOP.
 *   <dt>exempt
 *   <dd>a request that is served during the drain and that the drain does not wait for, such as a probe.
 *   <dt>peer
 *   <dd>the other end of a connection: a client, or a proxy in front of it.
 *   <dt>told
 *   <dd>a peer was sent its goodbye: a WebSocket close frame, or GOAWAY. On HTTP/1.1 the goodbye is {@code Connection: close}.
 *   <dt>acknowledged
 *   <dd>a peer has shown that it has read everything up to its goodbye: it answered the PING that follows GOAWAY.
 *   <dt>cut
 *   <dd>a peer's connection was closed before the peer had everything; the report names it.
 *   <dt>upgraded connection
 *   <dd>a connection that no longer speaks HTTP: a WebSocket, a {@code CONNECT} tunnel, or another upgrade.
 *   <dt>reader
 *   <dd>a connection whose peer may still be reading its last response, which Jetty has finished writing.
 *   <dt>linger
 *   <dd>the time that a reader's connection is left open after its peer has acknowledged, so that the peer can close it first.
 *   <dt>close spread
 *   <dd>the time over which the WebSocket sessions are told, one after another, so that clients do not all come back at once.
 * </dl>
 */
@NullMarked
package io.lifecycle4j.jetty;

import org.jspecify.annotations.NullMarked;
