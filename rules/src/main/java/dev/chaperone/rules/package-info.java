/** Policies in, verdict out: fact model, linter, compiler, evaluator, policy tests, built-in packs. The only importer of Drools. */
@NullMarked
package dev.chaperone.rules;

import org.jspecify.annotations.NullMarked;
