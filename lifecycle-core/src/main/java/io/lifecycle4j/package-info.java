/**
 * Owns how a process starts and how it stops.
 *
 * <pre>{@code
 * public static void main(String[] args) {
 *     App.run("shop", app -> {
 *         Database database = app.resource("database", Database.open(url)); // closed last
 *         Server jetty = new Server(8080);
 *         jetty.setHandler(new ShopHandler(database));
 *         app.server(JettyServer.of("business", jetty)); // 503, drain, stop
 *         app.onShutdown("flush", context -> database.flush(context.remaining()));
 *     });
 * }
 * }</pre>
 *
 * <h2>What to read first</h2>
 *
 * <ol>
 *   <li>{@link io.lifecycle4j.App}: {@link io.lifecycle4j.App#run App.run} gives an app the whole process, {@link
 *       io.lifecycle4j.App#builder App.builder} makes the same app for tests and for embedding.
 *   <li>{@link io.lifecycle4j.AppBuilder}: what can be registered, and each limit with its default.
 *   <li>{@link io.lifecycle4j.Phase}: the five parts of a shutdown.
 *   <li>{@link io.lifecycle4j.AppView}: what handlers may know of the app; {@link io.lifecycle4j.ShutdownContext}: what a step
 *       of the shutdown may.
 *   <li>{@link io.lifecycle4j.ShutdownReport}: what has happened.
 * </ol>
 *
 * <p>For work that no server brings: {@link io.lifecycle4j.Task} and {@link io.lifecycle4j.RequestGate}. To put another server
 * under it: {@link io.lifecycle4j.ManagedServer}. To test a shutdown: the module {@code lifecycle-testing}.
 *
 * <h2>The order of things</h2>
 *
 * <p>An app goes through its {@linkplain io.lifecycle4j.AppState states} forward only. The first reason to stop wins: a signal, a
 * {@code System.exit} elsewhere, {@link io.lifecycle4j.App#requestShutdown requestShutdown}, a failure. Then:
 *
 * <ol>
 *   <li>ANNOUNCE: readiness is red, announce callbacks run, requests are still served.
 *   <li>DRAIN: the gates close, drain callbacks run, requests in flight finish.
 *   <li>STOP: servers stop and tasks are interrupted, side by side.
 *   <li>CALLBACKS: shutdown callbacks run, side by side.
 *   <li>RELEASE: resources close one after another, the last registered first.
 * </ol>
 *
 * <p>Each step has a limit and a thread of its own: one that throws or hangs harms no other. {@link io.lifecycle4j.App#run
 * App.run} then exits with a status; a second INT or TERM, or the deadline over all, halts the JVM at once.
 *
 * <h2>Words</h2>
 *
 * <p>Each has one meaning, in the code, in the log and in the guides.
 *
 * <dl>
 *   <dt>reason
 *   <dd>why an app shuts down; the first one counts
 *   <dt>step
 *   <dd>one bounded call of a phase: a callback, the drain or the stop of a server, the close of a resource
 *   <dt>limit, deadline
 *   <dd>how long a phase or a step may take; when the whole shutdown ends at the latest
 *   <dt>gate
 *   <dd>what lets requests in, and knows when the last has left
 *   <dt>in flight
 *   <dd>let in by a gate, and not finished
 *   <dt>rejected
 *   <dd>not let in by a closed gate
 *   <dt>drained
 *   <dd>finished after the gate had closed; a gate is drained when nothing is in flight any more
 *   <dt>interrupted
 *   <dd>a step whose thread is interrupted, shortly before its limit
 *   <dt>abandoned
 *   <dd>a step or a request that the shutdown no longer waits for, since its limit has passed; it may go on
 *   <dt>cut
 *   <dd>a peer whose connection was closed before it had everything that was its own
 *   <dt>forced exit
 *   <dd>the JVM is halted, by a second signal or at the deadline
 * </dl>
 *
 * <h2>To read its source</h2>
 *
 * <p>Follow a shutdown: {@link io.lifecycle4j.App#requestShutdown(String)} asks, {@code AppRunner} passes the reason on, {@code Lifecycle} lets the first one win,
 * {@code ShutdownSequence} walks the phases, {@code StepRunner} bounds each call, {@link io.lifecycle4j.ShutdownReport} tells
 * what happened, and {@code AppProcess} turns it into an exit status.
 */
@NullMarked
package io.lifecycle4j;

import org.jspecify.annotations.NullMarked;
