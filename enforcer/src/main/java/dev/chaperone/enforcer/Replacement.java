package dev.chaperone.enforcer;

import org.jspecify.annotations.Nullable;

/**
 * The mask whose outcome does not depend on what it masks: text becomes the given words, everything else becomes null. A
 * protocol may write the outcome without decoding the original.
 *
 * @param text what text becomes; null when text becomes null too
 */
public record Replacement(@Nullable String text) implements MaskingFunction {

    @Override
    public Value apply(Value original) {
        return original instanceof Value.Text && text != null ? new Value.Text(text) : Value.NULL;
    }

    @Override
    public Value shorten(Value.Text masked, int characters) {
        String words = masked.value();
        int most = Math.min(characters, words.codePointCount(0, words.length()));
        return new Value.Text(words.substring(0, words.offsetByCodePoints(0, most)));
    }
}
