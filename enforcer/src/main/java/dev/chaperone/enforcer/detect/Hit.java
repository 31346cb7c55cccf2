package dev.chaperone.enforcer.detect;

/**
 * Something that a detector found.
 *
 * @param detector which one
 * @param start where it begins, in bytes
 * @param end where it ends, exclusive
 */
public record Hit(Detector detector, int start, int end) {}
