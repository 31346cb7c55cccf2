package dev.chaperone.testkit.conformance;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A client of one world's gateway, and the owner of its database. */
final class Attacker implements AutoCloseable {

    private final World world;
    private final Map<String, Canary> knowledge;
    private final Connection owner;
    private @Nullable WireClient shared;
    private @Nullable WireClient direct;

    Attacker(World world, Map<String, Canary> knowledge) {
        this.world = world;
        this.knowledge = knowledge;
        try {
            owner = world.connectOwner();
        } catch (SQLException e) {
            throw new IllegalStateException("the owner of " + world.owner() + " is not let in: " + e.getMessage(), e);
        }
    }

    /** Carries a case out, and has the owner clean up after it. */
    Received attack(BypassCase test, Mode mode) throws IOException {
        WireClient client = test.ownSession() ? WireClient.connect(world.gateway(), test.settings()) : shared();
        if (!test.ownSession()) {
            client.take();
        }
        Conversation conversation = new Conversation(client, owner, knowledge);
        try {
            for (Step step : test.steps(mode)) {
                step.perform(conversation);
            }
            return client.take();
        } finally {
            if (test.ownSession()) {
                client.close();
            } else if (!client.ended() && client.status() != 'I') {
                conversation.query("rollback");
            }
            test.undo().forEach(conversation::owner);
        }
    }

    /** What the database itself would have answered; null when it cannot be asked. */
    @Nullable
    Received truth(BypassCase test, Mode mode) throws IOException {
        Endpoint database = world.database();
        if (database == null || mode == Mode.STEPS) {
            return null;
        }
        WireClient client = direct == null || direct.ended() ? WireClient.login(database, Map.of()) : direct;
        direct = client;
        client.take();
        Conversation conversation = new Conversation(client, owner, knowledge);
        for (Step step : test.steps(mode)) {
            step.perform(conversation);
        }
        Received received = client.take();
        if (client.status() != 'I') {
            conversation.query("rollback");
        }
        return received;
    }

    private WireClient shared() throws IOException {
        WireClient client = shared == null || shared.ended() ? WireClient.login(world.gateway(), Map.of()) : shared;
        shared = client;
        return client;
    }

    /** Goes on with a session that nothing is left in, be it a new one. */
    void refresh() throws IOException {
        WireClient client = shared;
        if (client == null || client.ended() || client.status() != 'I') {
            reconnect();
            return;
        }
        client.take();
        new Conversation(client, owner, knowledge).query("discard all");
        if (client.take().failed()) {
            reconnect();
        }
    }

    /** Forgets the session. */
    void reconnect() {
        close(shared);
        shared = null;
    }

    private static void close(@Nullable WireClient client) {
        if (client != null) {
            try {
                client.close();
            } catch (IOException e) {
                // It is gone either way.
                return;
            }
        }
    }

    @Override
    public void close() {
        close(shared);
        close(direct);
        try {
            owner.close();
        } catch (SQLException e) {
            throw new IllegalStateException("the owner's connection cannot be closed", e);
        }
    }
}
