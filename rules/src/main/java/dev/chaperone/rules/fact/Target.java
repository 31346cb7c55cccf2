package dev.chaperone.rules.fact;

/** A fact that a reason can point at. */
public interface Target {
    /** How the fact is named to people and in obligations. Never holds data. */
    String label();
}
