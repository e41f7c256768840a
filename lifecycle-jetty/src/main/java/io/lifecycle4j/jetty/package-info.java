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
 * <p>Three seconds, here, because a balancer in front takes up to that long to notice that {@code /readyz} is red.
 *
 * <h2>What to read first</h2>
 *
 * <ol>
 *   <li>{@link io.lifecycle4j.jetty.JettyServer}: what an app registers; what becomes of requests, uploads, WebSocket sessions and
 *       HTTP/2 connections, and what can be set.
 *   <li>{@link io.lifecycle4j.jetty.HealthHandler}: answers probes.
 * </ol>
 *
 * <h2>The order of things</h2>
 *
 * <ol>
 *   <li>Start: a gate is put outside all handlers, then Jetty is started.
 *   <li>ANNOUNCE: {@code /readyz} is 503; all else is served.
 *   <li>DRAIN: new requests and upgrades get 503, requests in flight finish, HTTP/2 connections are sent GOAWAY, WebSocket sessions
 *       are closed with a code.
 *   <li>STOP: idle connections are closed, then Jetty is stopped, which then waits for nobody.
 * </ol>
 *
 * <p>Handlers, connectors and the thread pool stay yours. A server for health, metrics and status goes beside: {@link
 * io.lifecycle4j.jetty.DrainPolicy#ALWAYS_OPEN}. HTTP/2 is found if its module is there.
 */
@NullMarked
package io.lifecycle4j.jetty;

import org.jspecify.annotations.NullMarked;
