/** The chaperone command, the wiring of every process, the distribution, and the architecture test that owns the arrows. */
@NullMarked
package dev.chaperone.cli;

import org.jspecify.annotations.NullMarked;
