/**
 * The load harness: the enforcer in a process of its own beside its peers, with real clients. Starting point: {@link
 * dev.chaperone.benchmarks.load.PostgresLoad}.
 */
@NullMarked
package dev.chaperone.benchmarks.load;

import org.jspecify.annotations.NullMarked;
