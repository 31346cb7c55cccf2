package dev.chaperone.enforcer;

/** Where the shipper sends records. Used by one thread. */
interface RecordSink extends AutoCloseable {

    /**
     * Sends one record; records of one key arrive in the order of the calls.
     *
     * @param key the session id, UTF-8
     */
    void send(byte[] key, byte[] record, Callback callback);

    /** Sends whatever is still buffered within the call's own bound, or gives it up. */
    @Override
    void close();

    /** Told once per record, on any thread. */
    interface Callback {
        /** The record is stored. */
        void acknowledged();

        /** The record may not be stored, and trying again with this sink is of no use. */
        void failed(Exception cause);
    }

    /** Makes sinks. */
    @FunctionalInterface
    interface Opener {

        /**
         * Connects.
         *
         * @throws Exception when that is not possible now; it is tried again later
         */
        RecordSink open() throws Exception;
    }
}
