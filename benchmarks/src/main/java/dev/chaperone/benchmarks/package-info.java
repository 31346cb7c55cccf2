/**
 * JMH benchmarks of the hot path: the decision, splitting a text into statements, reading the server's query tree, masking a
 * row. Start with {@link dev.chaperone.benchmarks.Main}.
 */
@NullMarked
package dev.chaperone.benchmarks;

import org.jspecify.annotations.NullMarked;
