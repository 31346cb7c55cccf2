package dev.chaperone.proto;

/**
 * A configured secret. Configuration files hold a reference ({@code env:NAME} or {@code file:PATH}), never the value; the
 * value is never printed.
 *
 * @param value the secret itself
 */
public record Secret(String value) {

    @Override
    public String toString() {
        return "***";
    }
}
