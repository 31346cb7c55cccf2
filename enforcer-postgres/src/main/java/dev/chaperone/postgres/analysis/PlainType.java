package dev.chaperone.postgres.analysis;

/**
 * A type that every server has, which another one is written like.
 *
 * @param oid of the type
 * @param modifier its modifier, -1 for none
 */
public record PlainType(int oid, int modifier) {}
