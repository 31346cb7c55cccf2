package dev.chaperone.pdp.approval;

import dev.chaperone.pdp.approval.ApprovalException.Problem;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jooq.DSLContext;
import org.jooq.Field;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * Small values that are kept for a time in the database of approvals, where every replica finds them. Each has a random name that
 * is nowhere in the database: its row is found by a hash of the name, and its content is sealed (AES-256-GCM) under another, so
 * that whoever reads the database alone reads none of them.
 */
public final class SealedValues {

    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final String ROW = "chaperone-console-row-v1";
    private static final String KEY = "chaperone-console-key-v1";

    private final Database database;
    private final SecureRandom random = new SecureRandom();

    SealedValues(Database database) {
        this.database = database;
    }

    /**
     * Keeps a value.
     *
     * @param kind what it is; each kind has room of its own
     * @param name random, at least 128 bits of it
     * @param idle it is forgotten when nobody asks for it for so long
     * @param lifetime it is forgotten in any case after so long
     * @param most of that kind; those that nobody asked for longest make room
     */
    public void put(String kind, String name, byte[] value, Duration idle, Duration lifetime, int most) {
        byte[] id = hash(ROW, kind, name);
        byte[] content = sealed(id, hash(KEY, kind, name), value);
        database.transaction(sql -> {
            sql.execute(
                    "delete from console_value where idle_until < clock_timestamp() or ends_at < clock_timestamp()");
            sql.execute(
                    "delete from console_value where id in (select id from console_value where kind = {0}"
                            + " order by idle_until desc offset {1})",
                    DSL.val(kind), DSL.val(most - 1));
            return sql.execute(
                    "insert into console_value (id, kind, content, idle_until, ends_at)"
                            + " values ({0}, {1}, {2}, {3}, {4})",
                    DSL.val(id), DSL.val(kind), DSL.val(content), Steps.in(idle), Steps.in(lifetime));
        });
    }

    /**
     * The value of that name.
     *
     * @param idle it is kept for so long again; null when looking at it does not count
     * @return the value, or null when there is none any more
     */
    public byte @Nullable [] find(String kind, String name, @Nullable Duration idle) {
        byte[] id = hash(ROW, kind, name);
        byte[] content = database.<byte @Nullable []>read(sql -> {
            byte[] found = content(sql, "select content from console_value", id);
            if (found != null && idle != null) {
                // Not at each look: a page looks often.
                sql.execute(
                        "update console_value set idle_until = {0} where id = {1} and idle_until < {2}",
                        Steps.in(idle), DSL.val(id), Steps.in(idle.minus(idle.dividedBy(20))));
            }
            return found;
        });
        return content == null ? null : opened(id, hash(KEY, kind, name), content);
    }

    /** The value of that name, for the one who is first to take it. */
    public byte @Nullable [] take(String kind, String name) {
        byte[] id = hash(ROW, kind, name);
        byte[] content = database.<byte @Nullable []>read(sql -> {
            var row = sql.fetchOne(
                    "delete from console_value where id = {0} and idle_until > clock_timestamp()"
                            + " and ends_at > clock_timestamp() returning content",
                    DSL.val(id));
            return row == null ? null : row.get(0, byte[].class);
        });
        return content == null ? null : opened(id, hash(KEY, kind, name), content);
    }

    /** Forgets the value of that name. */
    public void remove(String kind, String name) {
        Field<byte[]> id = DSL.val(hash(ROW, kind, name));
        database.read(sql -> sql.execute("delete from console_value where id = {0}", id));
    }

    private static byte @Nullable [] content(DSLContext sql, String select, byte[] id) {
        var row = sql.fetchOne(
                select + " where id = {0} and idle_until > clock_timestamp() and ends_at > clock_timestamp()",
                DSL.val(id));
        return row == null ? null : row.get(0, byte[].class);
    }

    private byte[] sealed(byte[] id, byte[] key, byte[] value) {
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        try {
            byte[] body = cipher(Cipher.ENCRYPT_MODE, id, key, nonce).doFinal(value);
            return ByteBuffer.allocate(nonce.length + body.length)
                    .put(nonce)
                    .put(body)
                    .array();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this Java cannot seal with AES-GCM", e);
        }
    }

    private static byte[] opened(byte[] id, byte[] key, byte[] content) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(content);
            byte[] nonce = new byte[Math.min(NONCE_BYTES, content.length)];
            buffer.get(nonce);
            byte[] body = new byte[buffer.remaining()];
            buffer.get(body);
            return cipher(Cipher.DECRYPT_MODE, id, key, nonce).doFinal(body);
        } catch (GeneralSecurityException e) {
            throw new ApprovalException(Problem.UNAUTHENTICATED, "what is kept of you was altered; sign in again", e);
        }
    }

    private static Cipher cipher(int mode, byte[] id, byte[] key, byte[] nonce) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, nonce));
        cipher.updateAAD(id);
        return cipher;
    }

    private static byte[] hash(String purpose, String kind, String name) {
        try {
            return MessageDigest.getInstance("SHA-256")
                    .digest((purpose + '\n' + kind + '\n' + name).getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no SHA-256", e);
        }
    }
}
