/**
 * Drains and stops Jetty 12.1 servers: {@link io.lifecycle4j.jetty.JettyServer} is what an app registers, {@link
 * io.lifecycle4j.jetty.HealthHandler} answers probes.
 */
@NullMarked
package io.lifecycle4j.jetty;

import org.jspecify.annotations.NullMarked;
