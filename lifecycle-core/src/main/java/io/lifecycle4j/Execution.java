package io.lifecycle4j;

import java.util.function.BooleanSupplier;
import org.slf4j.Logger;

/**
 * What a shutdown runs on.
 *
 * @param clock the app's time
 * @param wakeup wakes the thread that runs the shutdown
 * @param threads starts the threads of its steps
 * @param events takes what flight recordings show
 * @param log takes its lines
 * @param exiting whether somebody has called System.exit: a step that is found in it will never return
 */
record Execution(
        Clock clock, Wakeup wakeup, SpareThreads threads, Events events, Logger log, BooleanSupplier exiting) {}
