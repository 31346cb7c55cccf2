/**
 * Policies in, verdict out: fact model, linter, compiler, evaluator, policy tests, built-in packs. The only importer of
 * Drools.
 *
 * <p>Starting points: {@link dev.chaperone.rules.PolicyCompiler} (sources to policy), {@link
 * dev.chaperone.rules.CompiledPolicy} (request to decision), {@link dev.chaperone.rules.PolicyTestSuite}, {@link
 * dev.chaperone.rules.BuiltInPacks}; inside, PolicyParser reads, DrlPrinter writes, RuleEngine runs, DecisionBuilder combines.
 */
@NullMarked
package dev.chaperone.rules;

import org.jspecify.annotations.NullMarked;
