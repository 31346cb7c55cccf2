package dev.chaperone.rules;

import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.Obligation;

/**
 * One statement of a rule's consequence.
 *
 * @param rule the rule that concludes
 * @param effect the effect it argues for, {@code EFFECT_UNSPECIFIED} when it only adds an obligation
 * @param text the reason to show
 * @param variable the fact it is about, empty when it is about the whole request
 * @param obligation what it obliges to; without any member set when it obliges to nothing. A mask's field is the
 *     target's name
 * @param unanalysed whether a permit also holds for an operation of which nobody knows what it would touch
 * @param verbatim whether nothing is to be kept from the principal
 */
record Conclusion(
        RuleInfo rule,
        Effect effect,
        String text,
        String variable,
        Obligation obligation,
        boolean unanalysed,
        boolean verbatim) {}
