/**
 * A test kit: drives a whole shutdown, signals and exit status included, inside a test's own JVM.
 *
 * <pre>{@code
 * @Test
 * void aSecondSignalForcesTheExit() {
 *     FakeProcess process = new FakeProcess();
 *     process.run("shop", new Shop()::configure);
 *
 *     process.signal("INT");
 *     process.awaitPhase(Phase.CALLBACKS);
 *     process.signal("TERM"); // another INT at once would count as the echo of the first
 *
 *     assertEquals(new Exit(1, true), process.awaitExit());
 * }
 * }</pre>
 *
 * <p>{@link io.lifecycle4j.testing.FakeProcess} is all there is. A test of it has four parts, in this order:
 *
 * <ol>
 *   <li>{@link io.lifecycle4j.testing.FakeProcess#run run} the setup that {@code main} gives to {@code App.run}, or {@link
 *       io.lifecycle4j.testing.FakeProcess#launch launch} it to test what happens while it starts.
 *   <li>Begin the shutdown: {@link io.lifecycle4j.testing.FakeProcess#signal signal}, {@link
 *       io.lifecycle4j.testing.FakeProcess#exitElsewhere exitElsewhere}, or your own code.
 *   <li>Wait for a place in it ({@link io.lifecycle4j.testing.FakeProcess#awaitPhase awaitPhase}, {@link
 *       io.lifecycle4j.testing.FakeProcess#awaitStuck awaitStuck}), and there let the time pass: {@link
 *       io.lifecycle4j.testing.FakeProcess#advance advance}. It stands still otherwise.
 *   <li>Look at what became of it: {@link io.lifecycle4j.testing.FakeProcess#awaitExit awaitExit}, {@link
 *       io.lifecycle4j.testing.FakeProcess#awaitReport awaitReport}.
 * </ol>
 *
 * <p>It needs no artifact but this one, and works with any test framework. Signals, {@code halt} and JVM hooks themselves need a
 * real process.
 */
@NullMarked
package io.lifecycle4j.testing;

import org.jspecify.annotations.NullMarked;
