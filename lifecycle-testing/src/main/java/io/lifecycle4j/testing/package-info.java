/**
 * For tests of a shutdown, with any test framework.
 *
 * <pre>{@code
 * @Test
 * void aSecondSignalForcesTheExit() {
 *     try (FakeProcess process = new FakeProcess()) {
 *         process.run("shop", new Shop()::configure);
 *
 *         process.signal("INT");
 *         process.awaitPhase(Phase.CALLBACKS);
 *         process.signal("TERM"); // another INT at once would count as the echo of the first
 *
 *         assertEquals(new Exit(1, true), process.awaitExit());
 *     }
 * }
 * }</pre>
 *
 * <ul>
 *   <li>{@link io.lifecycle4j.testing.FakeProcess} runs an app in the test's own JVM, with a clock that the test turns: for each way a
 *       shutdown may go, in milliseconds.
 *   <li>{@link io.lifecycle4j.testing.JavaProcess} runs it in a JVM of its own, which gets real signals: for the service as a whole, under
 *       load, once or twice.
 *   <li>{@link io.lifecycle4j.testing.HeldSocket} holds a listening socket for one such process after another: for restarts that refuse
 *       nobody.
 *   <li>{@link io.lifecycle4j.testing.AdapterContract} checks what a server's adapter promises to an app: for those who write one.
 * </ul>
 *
 * <p>What does not hold is an {@link AssertionError}.
 *
 * <h2>A test in a fake process</h2>
 *
 * <ol>
 *   <li>{@link io.lifecycle4j.testing.FakeProcess#run run} the setup that {@code main} gives to {@code App.run}, or {@link
 *       io.lifecycle4j.testing.FakeProcess#launch launch} it to test what happens while it starts.
 *   <li>Begin the shutdown: {@link io.lifecycle4j.testing.FakeProcess#signal signal}, {@link
 *       io.lifecycle4j.testing.FakeProcess#exitElsewhere exitElsewhere}, or your own code.
 *   <li>Wait for a place in it ({@link io.lifecycle4j.testing.FakeProcess#awaitPhase awaitPhase}, {@link
 *       io.lifecycle4j.testing.FakeProcess#awaitStuck awaitStuck}, {@link io.lifecycle4j.testing.FakeProcess#awaitInFlight
 *       awaitInFlight}), and there let the time pass: {@link io.lifecycle4j.testing.FakeProcess#advance advance}. It stands still
 *       otherwise.
 *   <li>Look at what became of it: {@link io.lifecycle4j.testing.FakeProcess#awaitExit awaitExit}, {@link
 *       io.lifecycle4j.testing.FakeProcess#awaitReport awaitReport}.
 * </ol>
 */
@NullMarked
package io.lifecycle4j.testing;

import org.jspecify.annotations.NullMarked;
