/** The chat sample under load: clients in a process of their own, and the figures that they give. */
@NullMarked
package io.lifecycle4j.benchmarks.chat;

import org.jspecify.annotations.NullMarked;
