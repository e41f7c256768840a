/** The words of {@code im.v1}: types of frames, codes, and their JSON. */
@NullMarked
package io.lifecycle4j.sample.im.protocol;

import org.jspecify.annotations.NullMarked;
