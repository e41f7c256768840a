/** What is served over HTTP: page, API, health, status, metrics. */
@NullMarked
package io.lifecycle4j.sample.im.http;

import org.jspecify.annotations.NullMarked;
