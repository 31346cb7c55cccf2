package dev.chaperone.audit;

/**
 * Something a verifier noticed.
 *
 * @param session session id; empty when it concerns no session
 * @param sequence sequence within the session; -1 when it concerns no single event
 * @param file segment file, relative to the ledger; empty when there is none to point at
 * @param offset Kafka offset of the record; -1 when there is none
 * @param message what was found, and what was expected
 */
public record Finding(String session, long sequence, String file, long offset, String message) {

    static Finding at(LedgerItem.Entry entry, String message) {
        return new Finding(
                entry.event().getSessionId(), entry.event().getSequence(), entry.file(), entry.offset(), message);
    }

    static Finding of(String session, String message) {
        return new Finding(session, -1, "", -1, message);
    }

    /** The finding in one line. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        if (!session.isEmpty()) {
            text.append("session ")
                    .append(session)
                    .append(sequence < 0 ? "" : " sequence " + sequence)
                    .append(": ");
        }
        text.append(message);
        if (!file.isEmpty()) {
            text.append(" (")
                    .append(file)
                    .append(offset < 0 ? "" : ", offset " + offset)
                    .append(')');
        }
        return Printable.line(text.toString());
    }
}
