/** JMH benchmarks and the load harness; nobody imports it. */
@NullMarked
package dev.chaperone.benchmarks;

import org.jspecify.annotations.NullMarked;
