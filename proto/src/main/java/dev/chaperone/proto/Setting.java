package dev.chaperone.proto;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Describes one key of a configuration record. The key is the component's name in kebab-case. A component without a default
 * that is not optional must be configured; start-up fails naming it otherwise. The reference page is made from these.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Setting {

    /** What the key means, with its unit: one sentence, lower case, no full stop. */
    String value();

    /** The default as it would be written in the file; empty when there is none. */
    String defaultValue() default "";

    /** True when the key may be left out and has no default; the component is then {@code @Nullable}. */
    boolean optional() default false;
}
