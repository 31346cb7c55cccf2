package dev.chaperone.rules;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.Set;
import java.util.TreeSet;

/** The constant pool of a class file (JVMS 4.4), as far as it says what the class uses. */
final class ConstantPool {
    private static final int UTF8 = 1;
    private static final int LONG = 5;
    private static final int DOUBLE = 6;
    private static final int CLASS = 7;
    private static final int FIELD = 9;
    private static final int INTERFACE_METHOD = 11;
    private static final int NAME_AND_TYPE = 12;
    private static final int METHOD_HANDLE = 15;

    private final int[] tags;
    private final int[] first;
    private final int[] second;
    private final String[] texts;

    private ConstantPool(int count) {
        tags = new int[count];
        first = new int[count];
        second = new int[count];
        texts = new String[count];
    }

    /** Reads the pool of a class file. */
    static ConstantPool of(byte[] classFile) throws IOException {
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(classFile))) {
            if (in.readInt() != 0xCAFEBABE) {
                throw new IOException("not a class file");
            }
            in.readInt();
            ConstantPool pool = new ConstantPool(in.readUnsignedShort());
            for (int i = 1; i < pool.tags.length; i++) {
                pool.read(in, i);
                if (pool.tags[i] == LONG || pool.tags[i] == DOUBLE) {
                    i++;
                }
            }
            return pool;
        }
    }

    private void read(DataInputStream in, int index) throws IOException {
        tags[index] = in.readUnsignedByte();
        switch (tags[index]) {
            case UTF8:
                texts[index] = in.readUTF();
                break;
            case LONG:
            case DOUBLE:
                in.skipNBytes(8);
                break;
            case CLASS:
            case 8:
            case 16:
            case 19:
            case 20:
                first[index] = in.readUnsignedShort();
                break;
            case METHOD_HANDLE:
                in.skipNBytes(3);
                break;
            case 3:
            case 4:
                in.skipNBytes(4);
                break;
            case FIELD:
            case 10:
            case INTERFACE_METHOD:
            case NAME_AND_TYPE:
            case 17:
            case 18:
                first[index] = in.readUnsignedShort();
                second[index] = in.readUnsignedShort();
                break;
            default:
                throw new IOException("unknown constant `" + tags[index] + "`");
        }
    }

    /** Every class that is named, arrays by their element: {@code java.lang.String}. */
    Set<String> classes() {
        Set<String> names = new TreeSet<>();
        for (int i = 1; i < tags.length; i++) {
            if (tags[i] == CLASS) {
                String name = className(i);
                if (!name.isEmpty()) {
                    names.add(name);
                }
            }
        }
        return names;
    }

    /** Every field and method that is named, with its class: {@code java.lang.String.length}. */
    Set<String> members() {
        Set<String> names = new TreeSet<>();
        for (int i = 1; i < tags.length; i++) {
            if (tags[i] >= FIELD && tags[i] <= INTERFACE_METHOD) {
                names.add(className(first[i]) + "." + texts[first[second[i]]]);
            }
        }
        return names;
    }

    /** Name of the class at that index; empty for arrays of primitives. */
    private String className(int index) {
        String name = texts[first[index]].replace('/', '.');
        if (!name.startsWith("[")) {
            return name;
        }
        String element = name.substring(name.lastIndexOf('[') + 1);
        return element.startsWith("L") ? element.substring(1, element.length() - 1) : "";
    }
}
