/** A stand-in for MongoDB, for trying the sample out: behind {@link io.lifecycle4j.sample.im.embedded.EmbeddedMongo}. */
@NullMarked
package io.lifecycle4j.sample.im.embedded;

import org.jspecify.annotations.NullMarked;
