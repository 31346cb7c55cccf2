package dev.chaperone.rules.fact;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks what conditions may read of a fact, and names the request attribute that it comes from. */
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.RECORD_COMPONENT, ElementType.METHOD})
public @interface Readable {
    /** The attribute as the contract names it ({@code "context.purpose"}); empty for a pure function of its arguments. */
    String value();
}
