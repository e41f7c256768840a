/**
 * Owns how a process starts and how it stops.
 *
 * <p>Read it in the order of a shutdown: {@link io.lifecycle4j.App#requestShutdown(String)} asks, {@code Lifecycle} lets
 * the first reason win, {@code ShutdownSequence} walks the five {@linkplain io.lifecycle4j.Phase phases}, {@code
 * StepRunner} bounds each call, {@link io.lifecycle4j.ShutdownReport} tells what happened, and {@code AppProcess} turns
 * it into an exit status.
 */
@NullMarked
package io.lifecycle4j;

import org.jspecify.annotations.NullMarked;
