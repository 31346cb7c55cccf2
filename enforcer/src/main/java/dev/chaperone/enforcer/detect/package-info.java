/**
 * Finds identifiers in text by their form: the net under the masks. What it finds in values that nobody has labelled is
 * replaced; what it misses goes through, so nothing may rest on it. {@code docs/detectors.md} has the table of what is
 * recognised and what is not.
 *
 * <p>Everything here takes time linear in the text and, beside a copy of it, bounded memory, whatever the text is.
 *
 * <p>Starting points: {@link dev.chaperone.enforcer.detect.Detectors} (makes nets from obligations), {@link
 * dev.chaperone.enforcer.detect.ContentNet} (looks at one text), {@link dev.chaperone.enforcer.detect.Caught} (what was in
 * it).
 */
@NullMarked
package dev.chaperone.enforcer.detect;

import org.jspecify.annotations.NullMarked;
