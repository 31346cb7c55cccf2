package dev.chaperone.cli;

/** A command cannot do what it was asked. The message is for the person at the terminal: what is wrong and what to do. */
final class CommandException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    CommandException(String message) {
        super(message);
    }

    CommandException(String message, Throwable cause) {
        super(message, cause);
    }
}
