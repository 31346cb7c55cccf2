/**
 * Tells people outside of the console what happens to approvals: by web-hook, in a chat, by mail. No notice holds a statement, a
 * parameter or a justification: these may quote what is protected, and are read where whoever reads them signs in.
 */
@NullMarked
package dev.chaperone.pdp.notify;

import org.jspecify.annotations.NullMarked;
