/**
 * What policies see, and all they see: the facts of one request and the verdict on it. Compiled rules are loaded by a
 * class loader that finds nothing else of ours.
 *
 * <p>Facts are flat and hold no nulls (absent text is empty), so that {@code field != "x"} means what it says and the
 * engine can index on fields. Every component of type text, number or boolean is a field that rules may read; every
 * method marked {@link dev.chaperone.rules.fact.Readable} is a function that conditions may call.
 *
 * <p>No component's name begins with {@code is} or {@code get}: the engine would take {@code issuer} for a getter of {@code
 * suer}.
 *
 * <p>Starting points: {@link dev.chaperone.rules.fact.Request} (who, what, in which circumstances), {@link
 * dev.chaperone.rules.fact.Field} (what would be disclosed), {@link dev.chaperone.rules.fact.Verdict}.
 */
@NullMarked
package dev.chaperone.rules.fact;

import org.jspecify.annotations.NullMarked;
