package dev.chaperone.enforcer.detect;

/** How characters are written in a text that is looked at. */
public enum Syntax {
    /** As they are. */
    PLAIN,
    /** A JSON text (RFC 8259): characters may be escaped, and what replaces a number must be a string. */
    JSON,
    /** XML content (XML 1.0): characters may be written as references. */
    XML
}
