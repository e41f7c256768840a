/** Options: each flag, its variable, its default, and what is wrong with a value. */
@NullMarked
package io.lifecycle4j.sample.im.cli;

import org.jspecify.annotations.NullMarked;
