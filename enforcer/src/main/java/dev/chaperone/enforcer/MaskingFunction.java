package dev.chaperone.enforcer;

/**
 * Replaces one value. A function gives back a value of the same kind as it was given, or {@link Value#NULL} where no valid
 * masked value of that kind exists; null stays null. Implementations are immutable and safe for use by any thread.
 */
@FunctionalInterface
public interface MaskingFunction {

    /** The masked value: of the argument's own kind, or {@link Value#NULL}. */
    Value apply(Value original);

    /**
     * A masked text that is too long for where it goes: its beginning where that is still a mask of this function, else
     * {@link Value#NULL}.
     *
     * @param masked what {@link #apply} gave
     * @param characters most characters that there is room for
     */
    default Value shorten(Value.Text masked, int characters) {
        return Value.NULL;
    }
}
